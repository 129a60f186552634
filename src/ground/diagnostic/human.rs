//! The form for people: code, name and summary, the excerpt with carets, what is wrong and why, what to
//! write instead, and where it is written down; one blank line between findings and a count at the end.

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use super::{Counts, Diagnostic, Label, Severity, Source, concealed};
use crate::ground::limits;

/// Renders `diagnostics` with excerpts of `source`. `colour` adds ANSI sequences.
///
/// The text ends with a line that counts the findings. Secrets that a finding points at are shown as
/// asterisks in every excerpt.
pub fn human(source: &Source<'_>, diagnostics: &[Diagnostic], colour: bool) -> String {
    let text = concealed(source, diagnostics);
    let shown = Source { name: source.name, text: &text };
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() }.decor_style(DecorStyle::Ascii);
    let mut out = String::new();
    for diagnostic in diagnostics.iter().take(limits::DIAGNOSTICS_MAX) {
        out.push_str(&one(&shown, diagnostic, &renderer));
        out.push_str("\n\n");
    }
    if diagnostics.len() > limits::DIAGNOSTICS_MAX {
        let rest = diagnostics.len() - limits::DIAGNOSTICS_MAX;
        out.push_str(&format!("... and {rest} more, not shown\n\n"));
    }
    out.push_str(&format!("{}: {}\n", source.name, Counts::of(diagnostics)));
    out
}

fn one(source: &Source<'_>, diagnostic: &Diagnostic, renderer: &Renderer) -> String {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let title = level.primary_title(format!("{}: {}", diagnostic.name, diagnostic.summary)).id(diagnostic.code);
    let mut group = match excerpt(source, diagnostic) {
        Some(snippet) => title.element(snippet),
        None => Group::with_title(title),
    };
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
    renderer.render(&[group])
}

/// The lines from the first label to the last. Only these are handed to the renderer, because its cost
/// grows with the text and a file may hold a hundred thousand accounts.
fn excerpt<'a>(
    source: &Source<'a>,
    diagnostic: &'a Diagnostic,
) -> Option<Snippet<'a, annotate_snippets::Annotation<'a>>> {
    let primary = diagnostic.primary.as_ref()?;
    let labels = || std::iter::once(primary).chain(&diagnostic.related);
    let first = labels().map(|l| l.span.start).min()? as usize;
    let last = labels().map(|l| l.span.end.max(l.span.start)).max()? as usize;
    let text = source.text;
    let first = floor(text, first);
    let last = floor(text, last).max(first);
    let start = text.get(..first)?.rfind('\n').map_or(0, |i| i + 1);
    let end = text.get(last..)?.find('\n').map_or(text.len(), |i| last + i);
    let (line, _) = source.position(u32::try_from(start).ok()?);
    let place = |label: &'a Label, kind: AnnotationKind| {
        let from = floor(text, label.span.start as usize).max(start);
        let to = floor(text, label.span.end as usize).clamp(from, end);
        kind.span(from - start..to - start).label(label.text.as_str())
    };
    Some(
        Snippet::source(text.get(start..end)?)
            .path(source.name)
            .line_start(line)
            .annotation(place(primary, AnnotationKind::Primary))
            .annotations(diagnostic.related.iter().map(|l| place(l, AnnotationKind::Context))),
    )
}

/// The nearest character boundary at or below `offset`.
fn floor(text: &str, offset: usize) -> usize {
    let mut at = offset.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}
