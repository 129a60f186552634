//! `mailctl run`: compile, apply and serve in one, for containers.
//!
//! The server is this process, begun anew as `mailctl serve`: whoever watches the process sees one, and
//! what compiling took of memory is given back.

use std::os::unix::process::CommandExt;
use std::process::Command;

use crate::apply::apply;
use crate::cli::command::apply::unwritten;
use crate::cli::context::Context;
use crate::cli::{Failure, Outcome};

#[derive(Debug, clap::Args)]
pub struct Arguments {}

pub fn run(context: &Context, _arguments: &Arguments) -> Result<Outcome, Failure> {
    let plan = context.compile(true)?;
    let applied = apply(&context.state, &plan, &context.base(), &None, None)?;
    if let Err(Failure(text)) = unwritten(&applied) {
        // Mail must not wait for a file that another tool reads.
        eprintln!("warning: {text}");
    }
    if applied.swapped {
        return Err(Failure(format!(
            "a server already runs on {}; it has taken the plan over, and this process ends",
            context.state.root().display()
        )));
    }
    let error = Command::new(std::env::current_exe()?).arg("--state").arg(context.state.root()).arg("serve").exec();
    Err(Failure(format!("the server cannot be started: {error}")))
}
