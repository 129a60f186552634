//! `mailctl graph`: the flowchart of mail in and out.

use crate::artefact::render::flowchart;
use crate::cli::context::Context;
use crate::cli::{Failure, Outcome, print};

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Of the active plan instead of the configuration.
    #[arg(long)]
    active: bool,
}

pub fn run(context: &Context, arguments: &Arguments) -> Result<Outcome, Failure> {
    print(&flowchart::mermaid(&context.plan_to_show(arguments.active)?));
    Ok(Outcome::Done)
}
