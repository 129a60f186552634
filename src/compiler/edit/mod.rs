//! Changes of the text for people: mended, in canonical form, in a newer version of the language, or new.
//!
//! [`patch`] applies edits, [`mend`] those of diagnostics (`check --fix`), [`migrate`] those between versions
//! of the language; [`format`](mod@format) brings a file into canonical form, [`draft`] writes a first one; [`diff`] shows
//! what changes. Everything here is a function from text to text.
//!
//! Invariants: what no edit names stays octet for octet, comments, layout and line ends included; formatting
//! never changes what a file means, and proves it by reading the result; a diff shows no secret.
//!
//! It reads no file and writes none; `cli` does, and asks before.

pub mod diff;
pub mod draft;
pub mod flow;
pub mod format;
pub mod layout;
pub mod mend;
pub mod migrate;
pub mod patch;

use super::config::{check, schema, tree};
use crate::ground::diagnostic::SECRET_CODES;

/// The pieces of the text that are secrets in clear, line by line, so that what is shown of it can leave them out.
pub fn secrets(text: &str) -> Vec<String> {
    let Some(root) = tree::read(text).root else { return Vec::new() };
    let findings = check::check(schema::compiled(), root).findings;
    let places = findings.iter().filter(|f| SECRET_CODES.contains(&f.code)).filter_map(|f| f.primary.as_ref());
    let pieces = places.filter_map(|p| text.get(p.span.start as usize..p.span.end as usize)).flat_map(str::lines);
    let mut pieces: Vec<String> = pieces.map(|p| p.trim().to_owned()).filter(|p| !p.is_empty()).collect();
    // The longest first: one secret may be part of another.
    pieces.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
    pieces.dedup();
    pieces
}
