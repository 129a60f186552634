//! `mailctl check --fix`: the edits that need no decision, in the main file and in those that it includes.

use std::path::{Path, PathBuf};

use super::Arguments;
use crate::cli::context::{Context, colour};
use crate::cli::report::{ReportFormat, report};
use crate::cli::rewrite::{Original, offer};
use crate::cli::{Failure, Outcome, print};
use crate::compiler::edit::mend::{Change, Drafts, mend};
use crate::compiler::{Compilation, compile};
use crate::ground::diagnostic::{Counts, Source};

/// [`Outcome::Differences`]: there are edits, and they were not made.
pub fn run(context: &Context, arguments: &Arguments) -> Result<Outcome, Failure> {
    let original = Original::read(context)?;
    let mended = mend(|drafts| judge(context, arguments, original.text(), drafts));
    let shown = context.config.display();
    if mended.changes.is_empty() {
        eprintln!("{shown}: there is nothing that can be mended without a decision");
        return Ok(Outcome::Done);
    }
    let changes: Vec<(Original, &str)> =
        mended.changes.iter().map(|c| Ok((file(context, c)?, c.after.as_str()))).collect::<Result<_, Failure>>()?;
    if mended.is_worse() {
        print(&changes.iter().map(|(original, text)| original.diff(text)).collect::<String>());
        eprint!("{}", report(&mended.left, ReportFormat::Human, colour()));
        return Err(Failure(format!(
            "{shown}: nothing was written, because with these edits there would be more errors ({}) than now ({}): the \
             mistakes had hidden others, reported above for the text with the edits",
            Counts::of(&mended.left.diagnostics),
            mended.before
        )));
    }
    for diagnostic in &mended.mended {
        eprintln!("{} {}: {}", diagnostic.code, diagnostic.name, diagnostic.fix.as_deref().unwrap_or_default());
    }
    offer(&changes, arguments.yes)
}

/// The configuration with drafts in the places of its files.
fn judge(context: &Context, arguments: &Arguments, text: &str, drafts: &Drafts) -> Compilation {
    let name = context.config.display().to_string();
    let mut inputs = context.inputs(!arguments.no_secrets);
    for (included, draft) in drafts.iter().filter(|(n, _)| **n != name) {
        let path = std::path::absolute(included).unwrap_or_else(|_| PathBuf::from(included));
        inputs = inputs.drafting(path, draft.clone().into_bytes());
    }
    compile(&Source { name: &name, text: drafts.get(&name).map_or(text, String::as_str) }, &inputs)
}

/// The file on disk of a change. A name that is shown otherwise than it is finds none, and nothing is written.
fn file(context: &Context, change: &Change) -> Result<Original, Failure> {
    let main = change.name == context.config.display().to_string();
    Original::of(if main { &context.config } else { Path::new(&change.name) }, &change.before)
}
