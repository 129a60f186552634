//! Markdown for the comment on a merge request: a table of all findings, then each as people see it in a terminal.
//!
//! Texts of users stand in code only, so that they make no links, mentions or cells. The whole is bounded, because
//! code hosts refuse longer comments; what does not fit is counted.

use super::excerpt::Quotable;
use super::human::one;
use super::source::SourceMap;
use super::{Counts, Diagnostic, Severity};
use crate::ground::{limits, markdown as text};

/// Renders `diagnostics` as Markdown. Secrets that a finding points at are shown as asterisks.
pub fn markdown(sources: &SourceMap, diagnostics: &[Diagnostic]) -> String {
    let mut out = format!("### {}: {}\n", text::code(sources.main().name()), Counts::of(diagnostics));
    if diagnostics.is_empty() {
        return out;
    }
    out.push_str("\n| | place | finding |\n| --- | --- | --- |\n");
    let listed = fill(&mut out, limits::MARKDOWN_OCTETS_MAX / 2, diagnostics.iter().map(|d| row(sources, d)));
    if listed < diagnostics.len() {
        out.push_str(&format!("\n{} more are not listed.\n", diagnostics.len() - listed));
    }
    let quotable = Quotable::new(sources, diagnostics);
    let bodies = diagnostics.iter().map(|d| format!("\n{}", text::block(&one(&quotable, d, false))));
    let shown = fill(&mut out, limits::MARKDOWN_OCTETS_MAX, bodies);
    if shown < diagnostics.len() {
        out.push_str(&format!("\n{} more are not shown; `mailctl check` shows them.\n", diagnostics.len() - shown));
    }
    out
}

/// Appends pieces as long as the text stays within `octets_max`; how many there were.
fn fill(out: &mut String, octets_max: usize, pieces: impl Iterator<Item = String>) -> usize {
    let mut count = 0;
    for piece in pieces {
        if out.len() + piece.len() > octets_max {
            break;
        }
        out.push_str(&piece);
        count += 1;
    }
    count
}

fn row(sources: &SourceMap, diagnostic: &Diagnostic) -> String {
    let severity = match diagnostic.severity {
        Severity::Error => "**error**",
        Severity::Warning => "warning",
        Severity::Note => "note",
    };
    let place = diagnostic.primary.as_ref().map_or_else(String::new, |label| {
        let place = sources.place(&label.span);
        text::code(&format!("{}:{}:{}", place.file.name(), place.start.line, place.start.column))
    });
    let (code, summary) = (diagnostic.code, text::sentence(&diagnostic.summary));
    format!("| {severity} | {place} | {code} {}: {summary} |\n", text::code(diagnostic.name))
}
