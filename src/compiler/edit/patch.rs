//! Edits applied to a text. What they do not name stays octet for octet.

use std::collections::BTreeMap;

use crate::ground::diagnostic::Edit;

/// What became of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Patched {
    pub text: String,
    /// For each set of edits, whether it was applied.
    pub applied: Vec<bool>,
}

/// Applies sets of edits, each whole or not at all. Of sets that touch the same place the first wins.
///
/// A set is left out if it names a place outside the text, or an alias: what an alias repeats has other readers.
pub fn apply(text: &str, sets: &[&[Edit]]) -> Patched {
    let crlf = ends_in_crlf(text);
    let mut taken: BTreeMap<usize, Replacement> = BTreeMap::new();
    let mut applied = Vec::with_capacity(sets.len());
    for set in sets {
        let prepared: Option<Vec<Replacement>> = set.iter().map(|edit| prepare(text, edit, crlf)).collect();
        let fitting = prepared.filter(|set| !set.is_empty() && set.iter().all(|r| free(&taken, r)));
        applied.push(fitting.is_some());
        taken.extend(fitting.into_iter().flatten().map(|r| (r.start, r)));
    }
    let mut out = String::with_capacity(text.len() + 64);
    let mut at = 0;
    for Replacement { start, end, text: new } in taken.values() {
        out.push_str(text.get(at..*start).unwrap_or_default());
        out.push_str(new);
        at = *end;
    }
    out.push_str(text.get(at..).unwrap_or_default());
    Patched { text: out, applied }
}

/// Whether the lines of a text end in CRLF, by its first line.
pub fn ends_in_crlf(text: &str) -> bool {
    text.find('\n').is_some_and(|at| text.get(..at).is_some_and(|line| line.ends_with('\r')))
}

#[derive(Debug)]
struct Replacement {
    start: usize,
    end: usize,
    text: String,
}

fn prepare(text: &str, edit: &Edit, crlf: bool) -> Option<Replacement> {
    let (start, mut end) = (edit.span.start as usize, edit.span.end as usize);
    let old = text.get(start..end)?;
    if old.starts_with('*') {
        return None;
    }
    let mut new = if crlf { edit.text.replace('\n', "\r\n") } else { edit.text.clone() };
    // Behind a quoted key the value may follow the colon at once; behind a plain one it may not (YAML 1.2.2 §7.4.2).
    let mut after = text.get(end..)?.chars();
    if old.starts_with(['"', '\'']) && after.next() == Some(':') && after.next().is_some_and(|c| !c.is_whitespace()) {
        new.push_str(": ");
        end += 1;
    }
    Some(Replacement { start, end, text: new })
}

/// Whether nothing that was taken touches the place.
fn free(taken: &BTreeMap<usize, Replacement>, wanted: &Replacement) -> bool {
    let before = taken.range(..=wanted.end).next_back();
    before.is_none_or(|(_, r)| r.end < wanted.start)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edit(start: u32, end: u32, text: &str) -> Edit {
        Edit { span: start..end, text: text.to_owned() }
    }

    #[test]
    fn the_first_of_two_that_touch_wins() {
        let (a, b, c) = ([edit(0, 1, "X")], [edit(1, 2, "Y")], [edit(3, 3, "Z"), edit(0, 0, "W")]);
        let patched = apply("abcd", &[&a, &b, &c]);
        assert_eq!((patched.text.as_str(), patched.applied), ("Xbcd", vec![true, false, false]));
        let patched = apply("abcd", &[&c]);
        assert_eq!(patched.text, "Wabc".to_owned() + "Zd");
    }

    #[test]
    fn lines_end_as_they_did() {
        let insert = [edit(0, 0, "version: 1\n")];
        assert_eq!(apply("a: 1\r\nb: 2\r\n", &[&insert]).text, "version: 1\r\na: 1\r\nb: 2\r\n");
        assert_eq!(apply("a: 1\n", &[&insert]).text, "version: 1\na: 1\n");
    }

    #[test]
    fn aliases_and_places_outside_are_left_alone() {
        let text = "a: *x é";
        for outside in [edit(3, 5, "y"), edit(7, 7, "y"), edit(50, 51, "y"), edit(2, 99, "y")] {
            assert_eq!(apply(text, &[&[outside]]).text, text);
        }
    }

    #[test]
    fn a_quoted_key_keeps_its_distance() {
        assert_eq!(apply("{\"ab\":1}", &[&[edit(1, 5, "a")]]).text, "{a: 1}");
        assert_eq!(apply("{\"ab\": 1}", &[&[edit(1, 5, "a")]]).text, "{a: 1}");
    }
}
