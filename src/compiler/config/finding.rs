//! A finding as the reader and the rules make it: the code and all that belongs to this one case.
//!
//! The catalogue adds name, severity, summary and references, so that these exist once. See
//! `compiler::rules::catalogue`.

use super::node::moved;
use crate::ground::diagnostic::{Edit, Label, Severity, Span};
use crate::ground::limits;

/// One finding, before the catalogue completes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub code: &'static str,
    /// Only where it is weaker than the rule's own.
    pub severity: Option<Severity>,
    pub primary: Option<Label>,
    pub related: Vec<Label>,
    pub detail: String,
    pub fix: Option<String>,
    /// Only where the mend needs no decision.
    pub edits: Vec<Edit>,
}

impl Finding {
    /// A finding at a place; `text` is what the caret line says.
    pub fn at(code: &'static str, span: &Span, text: impl Into<String>) -> Self {
        let primary = Some(Label { span: span.clone(), text: text.into() });
        Self { code, severity: None, primary, related: Vec::new(), detail: String::new(), fix: None, edits: Vec::new() }
    }

    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = detail.into();
        self
    }

    #[must_use]
    pub fn fix(mut self, fix: impl Into<String>) -> Self {
        self.fix = Some(fix.into());
        self
    }

    /// The edit that `check --fix` makes: `text` in place of `span`.
    #[must_use]
    pub fn edit(mut self, span: &Span, text: impl Into<String>) -> Self {
        self.edits.push(Edit { span: span.clone(), text: text.into() });
        self
    }

    #[must_use]
    pub fn related(mut self, span: &Span, text: impl Into<String>) -> Self {
        self.related.push(Label { span: span.clone(), text: text.into() });
        self
    }

    /// Moves all its places, from those of a file of its own to those in the row of files.
    pub fn shift(&mut self, base: u32) {
        let labels = self.primary.iter_mut().chain(&mut self.related).map(|l| &mut l.span);
        labels.chain(self.edits.iter_mut().map(|e| &mut e.span)).for_each(|span| moved(span, base));
    }

    #[must_use]
    pub fn severity(mut self, severity: Severity) -> Self {
        self.severity = Some(severity);
        self
    }
}

/// The candidate that `given` was probably meant to be: at most one edit and another for each four characters.
pub fn nearest<'a>(given: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    near(given, candidates).into_iter().min().map(|(_, c)| c)
}

/// The one candidate that `given` can have been meant to be; `None` also where there are two.
pub fn only_near<'a>(given: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    match near(given, candidates).as_slice() {
        [(_, only)] => Some(only),
        _ => None,
    }
}

fn near<'a>(given: &str, candidates: impl IntoIterator<Item = &'a str>) -> Vec<(usize, &'a str)> {
    let lower = given.to_lowercase();
    let length = lower.chars().count();
    candidates
        .into_iter()
        .filter_map(|candidate| {
            let own = candidate.chars().count();
            let most = 1 + own.min(length) / 4;
            // Each character more is an edit more: this spares nearly every comparison, and all of a huge text.
            if own.abs_diff(length) > most {
                return None;
            }
            let distance = strsim::damerau_levenshtein(&lower, &candidate.to_lowercase());
            (distance <= most).then_some((distance, candidate))
        })
        .collect()
}

/// "Did you mean" among names that are data, within `limits::GUESSES_MAX`: a hundred thousand mistakes beside a hundred
/// thousand accounts would keep a machine busy for hours.
#[derive(Debug)]
pub struct Guesses {
    left: usize,
}

impl Default for Guesses {
    fn default() -> Self {
        Self { left: limits::GUESSES_MAX }
    }
}

impl Guesses {
    /// As [`nearest`], while there are guesses left.
    pub fn nearest<'a>(&mut self, given: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
        let affordable = candidates.into_iter().take(self.left);
        let mut compared = 0;
        let found = nearest(given, affordable.inspect(|_| compared += 1));
        self.left -= compared;
        found
    }
}

/// `a`, `b` and `c`, each in backticks.
pub fn listed<'a>(words: impl IntoIterator<Item = &'a str>, conjunction: &str) -> String {
    let words: Vec<String> = words.into_iter().map(|w| format!("`{w}`")).collect();
    match words.split_last() {
        None => String::new(),
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} {conjunction} {last}", rest.join(", ")),
    }
}

/// User text cut to what one line of a report can hold, without characters that move a cursor or the text around
/// them: controls, line separators, and those that turn the direction of writing (UAX #9).
pub fn shortened(text: &str) -> String {
    const CHARACTERS_MAX: usize = 80;
    let moves = |c: char| {
        c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let clean = text.chars().map(|c| if moves(c) { ' ' } else { c });
    let mut short: String = clean.take(CHARACTERS_MAX).collect();
    if text.chars().nth(CHARACTERS_MAX).is_some() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_word_is_near() {
        assert_eq!(nearest("listners", ["listeners", "limits"]), Some("listeners"));
        assert_eq!(nearest("Implicit", ["implicit", "none"]), Some("implicit"));
        assert_eq!(nearest("zebra", ["listeners", "limits"]), None);
    }

    #[test]
    fn two_near_words_are_a_decision() {
        assert_eq!(only_near("listners", ["listeners", "limits"]), Some("listeners"));
        assert_eq!(nearest("imapss", ["imap", "imaps"]), Some("imaps"));
        assert_eq!(only_near("imapss", ["imap", "imaps"]), None);
    }

    #[test]
    fn lists_read_as_sentences() {
        assert_eq!(listed([], "or"), "");
        assert_eq!(listed(["a"], "or"), "`a`");
        assert_eq!(listed(["a", "b", "c"], "or"), "`a`, `b` or `c`");
    }
}
