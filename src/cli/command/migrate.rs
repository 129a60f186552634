//! `mailctl migrate`: the configuration in the newest version of the language.

use crate::cli::context::Context;
use crate::cli::rewrite::{Original, offer};
use crate::cli::{Failure, Outcome, print};
use crate::compiler::config::VERSION;
use crate::compiler::edit::migrate::migrate;

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Write nothing; show what would change, and exit with 2 if something would.
    #[arg(long)]
    check: bool,
    /// Write without asking.
    #[arg(long)]
    yes: bool,
}

pub fn run(context: &Context, arguments: &Arguments) -> Result<Outcome, Failure> {
    let original = Original::read(context)?;
    let migrated = migrate(original.text()).map_err(|diagnostics| context.refuse(original.text(), diagnostics))?;
    let shown = context.config.display();
    if migrated.steps.is_empty() {
        print(&format!("{shown}: written in version {VERSION} of the language, the newest; there is nothing to do"));
        return Ok(Outcome::Done);
    }
    for step in &migrated.steps {
        eprintln!("version {} to {}: {}", step.from, step.from + 1, step.what);
    }
    if arguments.check {
        print(&original.diff(&migrated.text));
        return Ok(Outcome::Differences);
    }
    offer(&[(original, &migrated.text)], arguments.yes)
}
