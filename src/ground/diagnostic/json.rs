//! The form for programs: one JSON object with a version, the same facts as the form for people, and
//! both byte offsets and line:column of every place in its file. `docs/diagnostics.md` describes it.

use serde::Serialize;

use super::source::{Place, Position, SourceMap};
use super::{Counts, Diagnostic, Edit, Label, Severity, Span};

/// Version of the JSON form. It changes when a field goes or changes its meaning.
pub const FORMAT: u32 = 1;

#[derive(Serialize)]
struct Report<'a> {
    version: u32,
    /// The main file.
    file: &'a str,
    #[serde(flatten)]
    counts: Counts,
    diagnostics: Vec<Finding<'a>>,
}

#[derive(Serialize)]
struct Finding<'a> {
    code: &'a str,
    name: &'a str,
    severity: Severity,
    summary: &'a str,
    detail: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    fix: Option<&'a str>,
    references: &'a [&'a str],
    #[serde(skip_serializing_if = "Option::is_none")]
    primary: Option<Spot<'a>>,
    related: Vec<Spot<'a>>,
    edits: Vec<Spot<'a>>,
}

/// A place with its label, or with the text that is to stand there.
#[derive(Serialize)]
struct Spot<'a> {
    file: &'a str,
    text: &'a str,
    start: Position,
    end: Position,
}

/// The findings as a JSON value. It quotes no source text.
pub fn value(sources: &SourceMap, diagnostics: &[Diagnostic]) -> serde_json::Value {
    serde_json::to_value(report(sources, diagnostics)).expect("invariant: strings and integers always serialise")
}

/// The findings as pretty-printed JSON with a final line end. It quotes no source text.
pub fn json(sources: &SourceMap, diagnostics: &[Diagnostic]) -> String {
    let report = report(sources, diagnostics);
    let mut text = serde_json::to_string_pretty(&report).expect("invariant: strings and integers always serialise");
    text.push('\n');
    text
}

fn report<'a>(sources: &'a SourceMap, diagnostics: &'a [Diagnostic]) -> Report<'a> {
    let label = |label: &'a Label| spot(sources, &label.span, &label.text);
    let edit = |edit: &'a Edit| spot(sources, &edit.span, &edit.text);
    let finding = |d: &'a Diagnostic| Finding {
        code: d.code,
        name: d.name,
        severity: d.severity,
        summary: &d.summary,
        detail: &d.detail,
        fix: d.fix.as_deref(),
        references: d.references,
        primary: d.primary.as_ref().map(label),
        related: d.related.iter().map(label).collect(),
        edits: d.edits.iter().map(edit).collect(),
    };
    Report {
        version: FORMAT,
        file: sources.main().name(),
        counts: Counts::of(diagnostics),
        diagnostics: diagnostics.iter().map(finding).collect(),
    }
}

fn spot<'a>(sources: &'a SourceMap, span: &Span, text: &'a str) -> Spot<'a> {
    let Place { file, start, end } = sources.place(span);
    Spot { file: file.name(), text, start, end }
}
