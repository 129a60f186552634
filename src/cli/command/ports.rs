//! `mailctl ports`: the explained port table.

use crate::artefact::render::ports;
use crate::cli::context::{Context, show};
use crate::cli::{Failure, Format, Outcome};

#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[arg(long, value_enum, default_value = "human")]
    format: Format,
    /// Of the active plan instead of the configuration.
    #[arg(long)]
    active: bool,
}

pub fn run(context: &Context, arguments: &Arguments) -> Result<Outcome, Failure> {
    let plan = context.plan_to_show(arguments.active)?;
    show(arguments.format, || ports::table(&plan), || ports::json(&plan))?;
    Ok(Outcome::Done)
}
