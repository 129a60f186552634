//! `mailctl render`: files for the system around the server.

use crate::artefact::render::{compose, unit};
use crate::cli::context::Context;
use crate::cli::{Failure, Outcome, print};

#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// A compose file for the container image.
    Compose,
    /// A hardened systemd unit.
    Unit,
}

pub fn run(context: &Context, command: &Command) -> Result<Outcome, Failure> {
    let plan = context.plan_to_show(false)?;
    match command {
        Command::Compose => print(&compose::compose(&plan)),
        Command::Unit => print(&unit::unit(&plan)),
    }
    Ok(Outcome::Done)
}
