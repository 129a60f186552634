//! `check --fix`: the edits of diagnostics, in rounds, because one mistake may hide another.
//!
//! A configuration may be several files; each diagnostic is mended in one of them, whole or not at all.

use std::collections::BTreeMap;

use super::patch;
use crate::compiler::Compilation;
use crate::ground::diagnostic::{Counts, Diagnostic, Edit, SourceFile, SourceMap};
use crate::ground::limits;

/// New texts by the names of their files.
pub type Drafts = BTreeMap<String, String>;

/// A file that changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    pub name: String,
    pub before: String,
    pub after: String,
}

/// What mending a configuration gave.
#[derive(Debug)]
pub struct Mended {
    /// The main file first.
    pub changes: Vec<Change>,
    /// What an edit was made for, in the order of the rounds.
    pub mended: Vec<Diagnostic>,
    pub before: Counts,
    /// The new texts and what is left to a person.
    pub left: Compilation,
}

impl Mended {
    /// Whether the result has more errors than the text had, so that it must not take its place.
    pub fn is_worse(&self) -> bool {
        Counts::of(&self.left.diagnostics).errors > self.before.errors
    }
}

/// Applies what `judge` proposes until it proposes nothing that can be done. `judge` compiles the configuration with
/// the drafts in the places of its files.
pub fn mend(judge: impl Fn(&Drafts) -> Compilation) -> Mended {
    let mut drafts = Drafts::new();
    let mut compilation = judge(&drafts);
    let before = Counts::of(&compilation.diagnostics);
    let original = compilation.sources.clone();
    let mut mended = Vec::new();
    for _ in 0..limits::MEND_ROUNDS_MAX {
        let (next, done) = round(&compilation);
        if done.is_empty() {
            break;
        }
        drafts.extend(next);
        mended.extend(done);
        compilation = judge(&drafts);
    }
    let changed = |file: &SourceFile| {
        let after = drafts.get(file.name()).filter(|after| *after != file.text())?;
        Some(Change { name: file.name().to_owned(), before: file.text().to_owned(), after: after.clone() })
    };
    Mended { changes: original.files().filter_map(changed).collect(), mended, before, left: compilation }
}

/// The new texts of one round, and the diagnostics that they mend.
fn round(compilation: &Compilation) -> (Drafts, Vec<Diagnostic>) {
    let mut files: BTreeMap<u32, Vec<(&Diagnostic, Vec<Edit>)>> = BTreeMap::new();
    for diagnostic in &compilation.diagnostics {
        if let Some((base, edits)) = local(&compilation.sources, &diagnostic.edits) {
            files.entry(base).or_default().push((diagnostic, edits));
        }
    }
    let (mut drafts, mut mended) = (Drafts::new(), Vec::new());
    for (base, proposed) in files {
        let file = compilation.sources.file(base);
        let sets: Vec<&[Edit]> = proposed.iter().map(|(_, edits)| edits.as_slice()).collect();
        let patched = patch::apply(file.text(), &sets);
        if patched.text == file.text() {
            continue;
        }
        drafts.insert(file.name().to_owned(), patched.text);
        mended.extend(proposed.into_iter().zip(patched.applied).filter(|(_, done)| *done).map(|((d, _), _)| d.clone()));
    }
    (drafts, mended)
}

/// The edits of one diagnostic by the places of their file, if all lie in the same; with the file's base.
fn local(sources: &SourceMap, edits: &[Edit]) -> Option<(u32, Vec<Edit>)> {
    let file = sources.file(edits.first()?.span.start);
    let edits: Option<Vec<Edit>> = edits
        .iter()
        .map(|edit| {
            let span = file.local(&edit.span);
            let same = sources.file(edit.span.start).base() == file.base();
            let whole = span.end - span.start == edit.span.end.saturating_sub(edit.span.start);
            (same && whole).then(|| Edit { span, text: edit.text.clone() })
        })
        .collect();
    Some((file.base(), edits?))
}
