//! The form for programs: one JSON object with a version, the same facts as the form for people, and
//! both byte offsets and line:column of every place.

use serde::Serialize;

use super::{Counts, Diagnostic, Label, Severity, Source};

/// Version of the JSON form. It changes when a field goes or changes its meaning.
pub const FORMAT: u32 = 1;

#[derive(Serialize)]
struct Report<'a> {
    version: u32,
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
    primary: Option<Place<'a>>,
    related: Vec<Place<'a>>,
}

#[derive(Serialize)]
struct Place<'a> {
    text: &'a str,
    start: Position,
    end: Position,
}

#[derive(Serialize)]
struct Position {
    /// From 1.
    line: usize,
    /// From 1, in characters.
    column: usize,
    /// From 0, in octets.
    offset: u32,
}

/// Renders `diagnostics` as pretty-printed JSON with a final line end. It quotes no source text.
pub fn json(source: &Source<'_>, diagnostics: &[Diagnostic]) -> String {
    let place = |label| place(source, label);
    let report = Report {
        version: FORMAT,
        file: source.name,
        counts: Counts::of(diagnostics),
        diagnostics: diagnostics
            .iter()
            .map(|d| Finding {
                code: d.code,
                name: d.name,
                severity: d.severity,
                summary: &d.summary,
                detail: &d.detail,
                fix: d.fix.as_deref(),
                references: d.references,
                primary: d.primary.as_ref().map(place),
                related: d.related.iter().map(place).collect(),
            })
            .collect(),
    };
    let mut text = serde_json::to_string_pretty(&report).expect("invariant: strings and integers always serialise");
    text.push('\n');
    text
}

fn place<'a>(source: &Source<'_>, label: &'a Label) -> Place<'a> {
    let position = |offset: u32| {
        let (line, column) = source.position(offset);
        Position { line, column, offset }
    };
    let end = label.span.end.max(label.span.start);
    Place { text: &label.text, start: position(label.span.start), end: position(end) }
}
