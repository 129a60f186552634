//! The form for people: code, name and summary, the excerpt with carets, what is wrong and why, what to
//! write instead, and where it is written down; one blank line between findings and a count at the end.

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Element, Group, Level, Origin, Renderer, Snippet};

use super::excerpt::{Excerpt, Quotable};
use super::source::SourceMap;
use super::{Counts, Diagnostic, Severity};
use crate::ground::limits;

/// Renders `diagnostics` with excerpts of `sources`. `colour` adds ANSI sequences.
///
/// The text ends with a line that counts the findings. Secrets that a finding points at are shown as
/// asterisks in every excerpt.
pub fn human(sources: &SourceMap, diagnostics: &[Diagnostic], colour: bool) -> String {
    let quotable = Quotable::new(sources, diagnostics);
    let mut out = String::new();
    for diagnostic in diagnostics.iter().take(limits::DIAGNOSTICS_MAX) {
        out.push_str(&one(&quotable, diagnostic, colour));
        out.push_str("\n\n");
    }
    if diagnostics.len() > limits::DIAGNOSTICS_MAX {
        let rest = diagnostics.len() - limits::DIAGNOSTICS_MAX;
        out.push_str(&format!("... and {rest} more, not shown\n\n"));
    }
    out.push_str(&format!("{}: {}\n", sources.main().name(), Counts::of(diagnostics)));
    out
}

/// One finding, without a line end behind it.
pub(super) fn one(quotable: &Quotable<'_>, diagnostic: &Diagnostic, colour: bool) -> String {
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() }.decor_style(DecorStyle::Ascii);
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let title = level.primary_title(format!("{}: {}", diagnostic.name, diagnostic.summary)).id(diagnostic.code);
    let excerpts = quotable.excerpts(diagnostic);
    let mut group = Group::with_title(title).elements(excerpts.iter().flat_map(elements));
    group = group.element(Level::NOTE.with_name(Some("why")).message(diagnostic.detail.clone()));
    if let Some(fix) = &diagnostic.fix {
        group = group.element(Level::HELP.with_name(Some("fix")).message(fix.clone()));
    }
    let references = if diagnostic.references.is_empty() {
        String::new()
    } else {
        format!("{}; ", diagnostic.references.join(", "))
    };
    let more = format!("{references}mailctl explain {}", diagnostic.code);
    group = group.element(Level::NOTE.with_name(Some("see")).message(more));
    let text = renderer.render(&[group]);
    // The renderer shows ASCII controls of the source as pictures and lets these pass; U+009B begins a sequence.
    if text.contains(c1) { text.replace(c1, "\u{fffd}") } else { text }
}

/// Controls of ISO 6429 beyond ASCII.
fn c1(c: char) -> bool {
    ('\u{80}'..='\u{9f}').contains(&c)
}

/// An excerpt with its carets, or the bare place with its labels where its lines are too long.
fn elements<'a>(excerpt: &'a Excerpt<'a>) -> Vec<Element<'a>> {
    let name = excerpt.file.name();
    let Some(quote) = &excerpt.quote else {
        let (line, column) = excerpt.at;
        let place: Element<'_> = Origin::path(name).line(line).char_column(column).into();
        let labels = excerpt.marks.iter().filter(|m| !m.label.text.is_empty());
        let said = labels.map(|m| Level::NOTE.with_name(Some("here")).message(m.label.text.as_str()).into());
        return std::iter::once(place).chain(said).collect();
    };
    let marks = excerpt.marks.iter().map(|mark| {
        let kind = if mark.primary { AnnotationKind::Primary } else { AnnotationKind::Context };
        kind.span(mark.range.clone()).label(mark.label.text.as_str())
    });
    vec![Snippet::source(quote.text.as_str()).path(name).line_start(quote.line).annotations(marks).into()]
}
