//! Diagnostics as data: what is wrong, where, why it matters, and the edit that mends it.
//!
//! Producers fill a [`Diagnostic`]; renderers turn a list of them and the [`SourceMap`] that they point into
//! into text, JSON, SARIF, annotations and Markdown. No form shows a secret that a finding points at.
//! The summary holds no user text, so that readers learn to recognise it. Everything about this one
//! case stands in `labels`, `detail` and `fix`.

use std::fmt;
use std::ops::Range;

use serde::Serialize;

mod excerpt;
mod github;
mod human;
mod json;
mod markdown;
mod sarif;
mod source;

pub use excerpt::SECRET_CODES;
pub use github::github;
pub use human::human;
pub use json::{FORMAT as JSON_FORMAT, json, value as json_value};
pub use markdown::markdown;
pub use sarif::sarif;
pub use source::{Place, Position, Source, SourceFile, SourceMap};

/// How much a finding weighs. An error stops the plan; a warning is printed with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    Error,
    Warning,
    Note,
}

/// A byte range of the files in a [`SourceMap`], laid end to end. File, line and column are computed when it is
/// shown.
pub type Span = Range<u32>;

/// A place in the source and what it shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    pub span: Span,
    pub text: String,
}

/// A replacement of one range of a file. An empty range inserts.
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

/// What a rule says of itself, for forms that carry explanations along.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleHelp {
    pub code: &'static str,
    pub name: &'static str,
    pub severity: Severity,
    pub summary: &'static str,
    /// What it flags, in sentences.
    pub what: &'static str,
    /// The whole explanation, plain.
    pub text: String,
    /// The whole explanation as Markdown.
    pub markdown: String,
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
