//! `mailctl fmt`: the configuration in canonical form.

use crate::cli::context::Context;
use crate::cli::rewrite::Original;
use crate::cli::{Failure, Outcome, print};
use crate::compiler::edit::format::{FormatError, format};

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Write nothing; exit with 2 if the file is not in canonical form.
    #[arg(long)]
    check: bool,
    /// Write nothing; show what would change.
    #[arg(long)]
    diff: bool,
}

pub fn run(context: &Context, arguments: &Arguments) -> Result<Outcome, Failure> {
    let original = Original::read(context)?;
    let shown = context.config.display();
    let text = match format(original.text()) {
        Ok(text) => text,
        Err(FormatError::Unreadable(diagnostics)) => return Err(context.refuse(original.text(), diagnostics)),
        Err(FormatError::Changed) => {
            return Err(Failure(format!(
                "{shown}: its canonical form would mean something else, so the file is as it was. This is a bug in mailctl"
            )));
        }
    };
    if text == original.text() {
        return Ok(Outcome::Done);
    }
    if arguments.diff {
        print(&original.diff(&text));
    }
    if arguments.check {
        eprintln!("{shown}: not in canonical form; `mailctl fmt` writes it");
        return Ok(Outcome::Differences);
    }
    if !arguments.diff {
        original.replace(&text)?;
        eprintln!("{shown}: formatted");
    }
    Ok(Outcome::Done)
}
