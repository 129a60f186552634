//! `mailctl rollback`: activates the plan that was active before.

use crate::apply::apply;
use crate::cli::command::apply::report;
use crate::cli::context::Context;
use crate::cli::{Failure, Format, Outcome};

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The generation to go back to (`mailctl history`). Default: the last one with another plan.
    #[arg(long, value_name = "GENERATION")]
    to: Option<u64>,
    #[arg(long, value_enum, default_value = "human")]
    format: Format,
}

pub fn run(context: &Context, arguments: &Arguments) -> Result<Outcome, Failure> {
    let (active, _) = context.state.active_plan()?;
    let history = context.state.history()?;
    // Going back twice goes back two steps: a rollback stands for the generation it went to.
    let here = active.rollback_to.unwrap_or(active.generation);
    let target = match arguments.to {
        Some(generation) => history.iter().find(|record| record.generation == generation),
        None => history.iter().rev().find(|record| record.generation < here && record.digest != active.digest),
    };
    let target = target.ok_or_else(|| Failure("there is no such plan in the history; see `mailctl history`".into()))?;
    let plan = context.state.plan(&target.digest)?;
    let origin = target.rollback_to.unwrap_or(target.generation);
    let applied = apply(&context.state, &plan, &target.base, &None, Some(origin))?;
    report(&applied, arguments.format)?;
    Ok(Outcome::Done)
}
