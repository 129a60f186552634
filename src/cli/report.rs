//! The findings of a compilation in the form that was asked for.

use clap::ValueEnum;

use crate::compiler::{Compilation, rules};
use crate::ground::diagnostic;

/// How findings are printed; `docs/diagnostics.md` describes each form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ReportFormat {
    /// For people: excerpts with carets.
    Human,
    /// For programs: one JSON object.
    Json,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// Annotations of GitHub Actions.
    Github,
    /// For the comment on a merge request.
    Markdown,
}

/// The whole report. `colour` matters to people only.
pub(super) fn report(compilation: &Compilation, format: ReportFormat, colour: bool) -> String {
    let Compilation { sources, diagnostics, .. } = compilation;
    match format {
        ReportFormat::Human => diagnostic::human(sources, diagnostics, colour),
        ReportFormat::Json => diagnostic::json(sources, diagnostics),
        ReportFormat::Sarif => diagnostic::sarif(sources, diagnostics, &rules::help()),
        ReportFormat::Github => diagnostic::github(sources, diagnostics),
        ReportFormat::Markdown => diagnostic::markdown(sources, diagnostics),
    }
}
