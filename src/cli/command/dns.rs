//! `mailctl dns records`: the records that the plan wants published.

use crate::artefact::render::dns;
use crate::cli::context::{Context, show};
use crate::cli::{Failure, Format, Outcome, print};

#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Print the records wanted.
    Records(Records),
}

#[derive(Debug, clap::Args)]
pub struct Records {
    /// `zone` is a BIND zone file fragment with absolute names.
    #[arg(long, value_enum, default_value = "human")]
    format: RecordFormat,
    /// Of the active plan instead of the configuration.
    #[arg(long)]
    active: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum RecordFormat {
    Human,
    Json,
    Zone,
}

pub fn run(context: &Context, command: &Command) -> Result<Outcome, Failure> {
    let Command::Records(arguments) = command;
    let plan = context.plan_to_show(arguments.active)?;
    let records = dns::records(&plan, &context.known(&plan)?);
    match arguments.format {
        RecordFormat::Zone => print(&dns::zone(&records)),
        RecordFormat::Human => show(Format::Human, || dns::table(&records), || dns::json(&records))?,
        RecordFormat::Json => show(Format::Json, || dns::table(&records), || dns::json(&records))?,
    }
    Ok(Outcome::Done)
}
