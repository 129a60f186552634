//! `mailctl apply [PLAN]`: activates a reviewed plan file, or compiles the configuration and activates that.

use std::path::PathBuf;

use super::firewall::{Within, load};
use super::stages::table;
use crate::apply::proposal::Proposal;
use crate::apply::{Applied, apply};
use crate::artefact::render::review;
use crate::cli::context::{Context, colour_out};
use crate::cli::{Failure, Format, Outcome, print, print_json};
use crate::plan::change;
use crate::runtime::server::stages::kept_waits;

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// A file written by `mailctl plan --out`. Without it the configuration is compiled now.
    plan: Option<PathBuf>,
    /// Load the plan's packet filter too, once the plan is active.
    #[arg(long)]
    firewall: bool,
    #[command(flatten)]
    within: Within,
    #[arg(long, value_enum, default_value = "human")]
    format: Format,
}

pub fn run(context: &Context, arguments: &Arguments) -> Result<Outcome, Failure> {
    let (plan, reviewed_against) = match &arguments.plan {
        None => (context.compile(true)?, None),
        Some(path) => {
            let shown = path.display();
            let bytes = std::fs::read(path).map_err(|error| Failure(format!("{shown}: {error}")))?;
            Proposal::read(&bytes).map_err(|error| Failure(format!("{shown}: {error}")))?
        }
    };
    let former = match context.state.active()? {
        Some(_) => Some(context.state.active_plan()?.1),
        None => None,
    };
    let changes = change::diff(former.as_ref(), &plan);
    if arguments.format == Format::Human {
        print(&review::human(former.as_ref(), &plan, &changes, colour_out()));
    }
    let applied = apply(&context.state, &plan, &context.base(), &reviewed_against, None)?;
    report(&applied, arguments.format)?;
    if arguments.firewall {
        // Beside the answer for programs.
        eprintln!("{}", load(context, &plan, arguments.within)?);
    }
    let waits = kept_waits(&context.state, &plan)?;
    if arguments.format == Format::Human && !waits.is_empty() {
        print(&format!("\nUnder way, and shown by `mailctl status` until it is done:\n\n{}", table(&waits)));
    }
    Ok(Outcome::Done)
}

/// Says what was done.
pub(super) fn report(applied: &Applied, format: Format) -> Result<(), Failure> {
    let Applied { activation, swapped, published } = applied;
    let file = published.as_ref().ok().and_then(Option::as_ref);
    match format {
        Format::Json => print_json(
            &serde_json::json!({ "activation": activation, "swapped": swapped, "records_written_to": file }),
        )?,
        Format::Human => {
            let how = if *swapped {
                "the running server has taken it over; every listener was verified from outside"
            } else {
                "no server is running; `mailctl serve` will execute it"
            };
            print(&format!("Generation {} is active: {}\n{how}", activation.generation, activation.digest));
            if let Some(file) = file {
                print(&format!("The DNS records are in {}", file.display()));
            }
        }
    }
    unwritten(applied)
}

/// A failure if the records could not be written; the plan is active all the same, and the text says so.
pub(super) fn unwritten(applied: &Applied) -> Result<(), Failure> {
    match &applied.published {
        Ok(_) => Ok(()),
        Err(error) => Err(Failure(format!("the plan is active, but its DNS records could not be written: {error}"))),
    }
}
