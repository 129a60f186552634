//! Diagnostics as data: what is wrong, where, why it matters, and the edit that mends it.
//!
//! Producers fill a [`Diagnostic`]; renderers turn a list of them into text, JSON and other forms.
//! The summary holds no user text, so that readers learn to recognise it. Everything about this one
//! case stands in `labels`, `detail` and `fix`.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use serde::Serialize;

mod human;
mod json;

pub use human::human;
pub use json::{FORMAT as JSON_FORMAT, json};

/// How much a finding weighs. An error stops the plan; a warning is printed with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    Error,
    Warning,
    Note,
}

/// A byte range of the source text. Line and column are computed when it is shown.
pub type Span = Range<u32>;

/// A place in the source and what it shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    pub span: Span,
    pub text: String,
}

/// A replacement of one range of the source text. An empty range inserts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    pub span: Span,
    pub text: String,
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Stable for ever, e.g. `PORT-004`.
    pub code: &'static str,
    /// Kebab-case name of what is flagged, e.g. `implicit-port-without-implicit-tls`.
    pub name: &'static str,
    pub severity: Severity,
    /// Fixed sentence without user text.
    pub summary: String,
    /// The place that is wrong. `None` only when no file is concerned.
    pub primary: Option<Label>,
    /// Places that have to do with it.
    pub related: Vec<Label>,
    /// What is wrong here and why it matters, in sentences, with the values found and wanted.
    pub detail: String,
    /// What to write instead; can be copied.
    pub fix: Option<String>,
    /// Edits of the source that mend it without a decision by a person. Empty where one has to decide.
    pub edits: Vec<Edit>,
    /// Standards and reports, e.g. `RFC 8314 §3.3`.
    pub references: &'static [&'static str],
}

/// A source text with the name that is shown for it.
#[derive(Debug, Clone)]
pub struct Source<'a> {
    pub name: &'a str,
    pub text: &'a str,
}

impl Source<'_> {
    /// Line and column (both from 1, column in characters) of a byte offset.
    pub fn position(&self, offset: u32) -> (usize, usize) {
        let end = (offset as usize).min(self.text.len());
        let before = self.text.get(..end).unwrap_or(self.text);
        let line = before.bytes().filter(|b| *b == b'\n').count() + 1;
        let start = before.rfind('\n').map_or(0, |i| i + 1);
        (line, before[start..].chars().count() + 1)
    }
}

/// How many findings of each severity there are. `Display` gives the last line of a report.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    pub errors: usize,
    pub warnings: usize,
    pub notes: usize,
}

impl Counts {
    pub fn of(diagnostics: &[Diagnostic]) -> Self {
        let count = |s: Severity| diagnostics.iter().filter(|d| d.severity == s).count();
        Self { errors: count(Severity::Error), warnings: count(Severity::Warning), notes: count(Severity::Note) }
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = Vec::new();
        for (count, noun) in [(self.errors, "error"), (self.warnings, "warning"), (self.notes, "note")] {
            if count > 0 {
                parts.push(format!("{count} {noun}{}", if count == 1 { "" } else { "s" }));
            }
        }
        if parts.is_empty() { f.write_str("no findings") } else { f.write_str(&parts.join(", ")) }
    }
}

/// Codes whose place may be a secret that somebody wrote into the file.
const SECRET_CODES: [&str; 2] = ["AUTH-007", "SEC-001"];

/// The source text with every secret that a finding points at overwritten by asterisks, so that a
/// report may go into a log. Offsets stay as they are.
fn concealed<'a>(source: &Source<'a>, diagnostics: &[Diagnostic]) -> Cow<'a, str> {
    let mut text = Cow::Borrowed(source.text);
    for label in diagnostics.iter().filter(|d| SECRET_CODES.contains(&d.code)).filter_map(|d| d.primary.as_ref()) {
        let range = label.span.start as usize..label.span.end as usize;
        if let Some(found) = source.text.get(range.clone()) {
            let stars: String =
                found.bytes().map(|b| if b == b'\n' || b == b'\r' { char::from(b) } else { '*' }).collect();
            text.to_mut().replace_range(range, &stars);
        }
    }
    text
}
