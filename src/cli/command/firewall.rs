//! `mailctl firewall render`: the packet filter that follows from the plan.

use crate::artefact::render::firewall;
use crate::cli::context::Context;
use crate::cli::{Failure, Outcome, print};

#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Print a ruleset.
    Render(Render),
}

#[derive(Debug, clap::Args)]
pub struct Render {
    #[arg(long, value_enum, default_value = "nftables")]
    format: RuleFormat,
    /// Of the active plan instead of the configuration.
    #[arg(long)]
    active: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum RuleFormat {
    Nftables,
}

pub fn run(context: &Context, command: &Command) -> Result<Outcome, Failure> {
    let Command::Render(arguments) = command;
    let plan = context.plan_to_show(arguments.active)?;
    match arguments.format {
        RuleFormat::Nftables => print(&firewall::nftables(&plan)),
    }
    Ok(Outcome::Done)
}
