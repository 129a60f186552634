//! `mailctl apply [PLAN]`: activates a reviewed plan file, or compiles the configuration and activates that.

use std::path::PathBuf;

use crate::apply::proposal::Proposal;
use crate::apply::{Applied, apply};
use crate::artefact::render::review;
use crate::cli::context::{Context, colour_out};
use crate::cli::{Failure, Format, Outcome, print, print_json};
use crate::plan::change;

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// A file written by `mailctl plan --out`. Without it the configuration is compiled now.
    plan: Option<PathBuf>,
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
    Ok(Outcome::Done)
}

/// Says what was done.
pub(super) fn report(applied: &Applied, format: Format) -> Result<(), Failure> {
    let Applied { activation, swapped } = applied;
    match format {
        Format::Json => print_json(&serde_json::json!({ "activation": activation, "swapped": swapped })),
        Format::Human => {
            let how = if *swapped {
                "the running server has taken it over; every listener was verified from outside"
            } else {
                "no server is running; `mailctl serve` will execute it"
            };
            print(&format!("Generation {} is active: {}\n{how}", activation.generation, activation.digest));
            Ok(())
        }
    }
}
