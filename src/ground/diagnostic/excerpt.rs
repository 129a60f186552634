//! What of the sources is quoted: the lines around the places of a finding, secrets overwritten.
//!
//! Only these lines are handed to a renderer, because its cost grows with the text and a file may hold a hundred
//! thousand accounts. Places of one file that are near each other share an excerpt.

use super::source::{SourceFile, SourceMap};
use super::{Diagnostic, Label, Span};
use crate::ground::limits;

/// Codes whose place may be a secret that somebody wrote into the file.
pub const SECRET_CODES: [&str; 2] = ["AUTH-007", "SEC-001"];

/// The sources as a report may quote them.
#[derive(Debug)]
pub(super) struct Quotable<'m> {
    sources: &'m SourceMap,
    /// Places of secrets, sorted.
    secrets: Vec<Span>,
}

/// A piece of one file and the labels on it.
#[derive(Debug)]
pub(super) struct Excerpt<'d> {
    pub file: &'d SourceFile,
    /// The line (from 1) and column of the first label.
    pub at: (usize, usize),
    /// `None` where the lines are too long to be shown.
    pub quote: Option<Quote>,
    /// The labels with their ranges in the quote; the first of the finding's primary place is marked.
    pub marks: Vec<Mark<'d>>,
}

/// Whole lines of a file.
#[derive(Debug)]
pub(super) struct Quote {
    pub text: String,
    /// Of its first line, from 1.
    pub line: usize,
}

#[derive(Debug)]
pub(super) struct Mark<'d> {
    pub label: &'d Label,
    pub primary: bool,
    pub range: std::ops::Range<usize>,
}

/// A label in its file: octets of its text and the lines of both ends.
struct Spot<'d> {
    label: &'d Label,
    primary: bool,
    local: Span,
    lines: (usize, usize),
}

impl<'m> Quotable<'m> {
    pub fn new(sources: &'m SourceMap, diagnostics: &[Diagnostic]) -> Self {
        let concealed = diagnostics.iter().filter(|d| SECRET_CODES.contains(&d.code));
        let mut secrets: Vec<Span> = concealed.filter_map(|d| d.primary.as_ref()).map(|l| l.span.clone()).collect();
        secrets.sort_unstable_by_key(|s| (s.start, s.end));
        Self { sources, secrets }
    }

    /// The excerpts for a finding: that of its primary place first, then by file and line.
    pub fn excerpts<'d>(&'d self, diagnostic: &'d Diagnostic) -> Vec<Excerpt<'d>> {
        let Some(primary) = &diagnostic.primary else { return Vec::new() };
        let labels = std::iter::once((primary, true)).chain(diagnostic.related.iter().map(|l| (l, false)));
        let mut spots: Vec<(&SourceFile, Spot<'d>)> = labels.map(|(label, is)| self.spot(label, is)).collect();
        spots.sort_by_key(|(file, spot)| (file.base(), spot.local.start));
        let mut groups: Vec<(&SourceFile, Vec<Spot<'d>>)> = Vec::new();
        for (file, spot) in spots {
            match groups.last_mut() {
                Some((last, group)) if last.base() == file.base() && near(group, &spot) => group.push(spot),
                _ => groups.push((file, vec![spot])),
            }
        }
        groups.sort_by_key(|(_, group)| !group.iter().any(|s| s.primary));
        groups.into_iter().map(|(file, group)| self.excerpt(file, group)).collect()
    }

    fn spot<'d>(&'d self, label: &'d Label, primary: bool) -> (&'d SourceFile, Spot<'d>) {
        let file = self.sources.file(label.span.start);
        let mut local = file.local(&label.span);
        let line = |offset: u32| file.position(offset).line;
        let first = line(local.start);
        let mut last = line(local.end);
        if last - first > limits::EXCERPT_LINES_MAX {
            // A whole section: its first line says enough.
            local.end = file.line_start(first + 1).saturating_sub(1).max(local.start);
            last = first;
        }
        (file, Spot { label, primary, local, lines: (first, last) })
    }

    fn excerpt<'d>(&self, file: &'d SourceFile, mut group: Vec<Spot<'d>>) -> Excerpt<'d> {
        let text = file.text();
        let lead = group.iter().position(|s| s.primary).unwrap_or(0);
        let at = group.get(lead).map_or(0, |s| s.local.start);
        let at = file.position(at);
        let first = group.iter().map(|s| s.local.start).min().unwrap_or(0);
        let last = group.iter().map(|s| s.local.end).max().unwrap_or(0) as usize;
        let line = file.position(first).line;
        let start = file.line_start(line) as usize;
        let behind = text.get(last..).unwrap_or_default();
        let mut end = last + behind.find('\n').unwrap_or(behind.len());
        if text.get(start..end).is_some_and(|t| t.ends_with('\r')) {
            end -= 1;
        }
        // The primary place stands first where ranges are equal.
        group.sort_by_key(|s| !s.primary);
        let marks = group.into_iter().map(|spot| {
            let within = |offset: u32| (offset as usize).clamp(start, end) - start;
            let range = within(spot.local.start)..within(spot.local.end);
            Mark { label: spot.label, primary: spot.primary, range }
        });
        let short = end - start <= limits::EXCERPT_OCTETS_MAX;
        let quote = short.then(|| Quote { text: self.concealed(file, start..end), line });
        Excerpt { file, at: (at.line, at.column), quote, marks: marks.collect() }
    }

    /// A range of a file's text with every secret in it overwritten by asterisks, octet for octet, so that a report
    /// may go into a log and places stay as they are.
    fn concealed(&self, file: &SourceFile, range: std::ops::Range<usize>) -> String {
        let mut text = file.text().get(range.clone()).unwrap_or_default().to_owned();
        let base = file.base() as usize;
        let until = self.secrets.partition_point(|s| (s.start as usize) < base + range.end);
        // Scalars do not overlap, so the ends are sorted as the starts are.
        let hit = |s: &&Span| s.end as usize > base + range.start;
        for secret in self.secrets.get(..until).unwrap_or_default().iter().rev().take_while(hit) {
            let local = file.local(secret);
            let from = (local.start as usize).max(range.start) - range.start;
            let to = (local.end as usize).min(range.end).saturating_sub(range.start);
            if let Some(found) = text.get(from..to) {
                let hide = |b: u8| if b == b'\n' || b == b'\r' { char::from(b) } else { '*' };
                let hidden: String = found.bytes().map(hide).collect();
                text.replace_range(from..to, &hidden);
            }
        }
        text
    }
}

/// Whether a place is so near to those before it that one excerpt shows all.
fn near(group: &[Spot<'_>], spot: &Spot<'_>) -> bool {
    let last = group.iter().map(|s| s.lines.1).max().unwrap_or(0);
    spot.lines.0 <= last + limits::EXCERPT_LINES_MAX
}
