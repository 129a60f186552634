//! `mailctl plan`: compiles, shows the difference from the active plan, writes the plan for review.

use std::path::PathBuf;

use crate::apply::proposal::Proposal;
use crate::artefact::render::review;
use crate::cli::context::{Context, colour_out, show};
use crate::cli::{Failure, Format, Outcome};
use crate::ground::file;
use crate::plan::change;

#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[arg(long, value_enum, default_value = "human")]
    format: Format,
    /// Write the plan to this file, for `mailctl apply FILE`.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Exit with 2 when there is something to do.
    #[arg(long)]
    detailed_exitcode: bool,
    /// Do not look for secret files (they are on another machine).
    #[arg(long)]
    no_secrets: bool,
}

pub fn run(context: &Context, arguments: &Arguments) -> Result<Outcome, Failure> {
    let plan = context.compile(!arguments.no_secrets)?;
    let active = match context.state.active()? {
        Some(_) => Some(context.state.active_plan()?),
        None => None,
    };
    let former = active.as_ref().map(|(_, plan)| plan);
    let changes = change::diff(former, &plan);
    let proposal = Proposal::new(&plan, active.as_ref().map(|(activation, _)| activation.digest.clone()))?;
    show(
        arguments.format,
        || review::human(former, &plan, &changes, colour_out()),
        || review::json(former, &plan, &changes),
    )?;
    if let Some(out) = &arguments.out {
        let mut bytes = serde_json::to_vec(&proposal)?;
        bytes.push(b'\n');
        file::replace(out, &bytes, 0o644).map_err(|error| Failure(format!("{}: {error}", out.display())))?;
        if arguments.format == Format::Human {
            eprintln!("written to {0}; to activate exactly this: mailctl apply {0}", out.display());
        }
    }
    Ok(if arguments.detailed_exitcode && !changes.is_empty() { Outcome::Differences } else { Outcome::Done })
}
