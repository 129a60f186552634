//! `mailctl dns push`: the zones of the primary server, brought in line with the plan.
//!
//! Shows first what it would do. Whoever has not said `--yes` is asked; where nobody can be asked, nothing is done.

use std::io::IsTerminal as _;

use crate::artefact::reconcile::dns::difference::{Foreign, ZoneDifference};
use crate::artefact::reconcile::dns::review;
use crate::cli::context::Context;
use crate::cli::rewrite::confirmed;
use crate::cli::{Failure, Format, Outcome, print, print_json};
use crate::ground::secret::Secret;
use crate::plan::Plan;
use crate::plan::document::PublishWay;
use crate::runtime::net::publish;
use crate::runtime::net::update::Updater;

#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[arg(long, value_enum, default_value = "human")]
    format: Format,
    /// Push without asking.
    #[arg(long)]
    yes: bool,
    /// Exit with 2 when there is something to do and it was not done.
    #[arg(long)]
    detailed_exitcode: bool,
    /// Take foreign records away that contradict ours: other MX hosts, a second SPF record, an alias at our names.
    #[arg(long, conflicts_with = "keep_foreign")]
    replace_foreign: bool,
    /// Leave the sets alone in which foreign records contradict ours, and push the rest.
    #[arg(long)]
    keep_foreign: bool,
    /// The records of the active plan instead of the configuration's.
    #[arg(long)]
    active: bool,
}

pub fn run(context: &Context, arguments: &Arguments) -> Result<Outcome, Failure> {
    let plan = context.plan_to_show(arguments.active)?;
    let updater = updater(context, &plan)?;
    let wanted = context.records(&plan)?;
    let foreign = if arguments.replace_foreign { Foreign::Replace } else { Foreign::Keep };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let owner = context.state.owner(&plan)?;
    let look = || runtime.block_on(publish::look(updater.primary(), &wanted, foreign, &owner));
    let zones = look()?;
    let human = arguments.format == Format::Human;
    if human {
        print(&review::human(&zones, foreign));
    }
    let conflicts: usize = zones.iter().map(|zone| zone.conflicts.len()).sum();
    if conflicts > 0 && !arguments.replace_foreign && !arguments.keep_foreign {
        if !human {
            print_json(&review::json(&zones, false))?;
        }
        return Err(Failure(format!(
            "nothing was pushed, because foreign records contradict ours ({conflicts}); look at the lines marked `!`, then \
             say --replace-foreign to have them go or --keep-foreign to push everything else"
        )));
    }
    let differs = zones.iter().any(|zone| !zone.changes.is_empty());
    let wants = differs && agreed(arguments, &zones)?;
    if wants {
        runtime.block_on(publish::push(&updater, &zones))?;
        // A server may drop a change without a word (RFC 2136 §3.4.2.2 lets it, beside an alias).
        let left: Vec<ZoneDifference> = look()?.into_iter().filter(|zone| !zone.changes.is_empty()).collect();
        if !left.is_empty() {
            return Err(Failure(format!(
                "{} took the update and did not do all of it; left is:\n{}",
                updater.primary(),
                review::human(&left, foreign)
            )));
        }
    }
    match (human, wants, differs) {
        (false, ..) => print_json(&review::json(&zones, wants))?,
        (true, true, _) => print(&format!("Pushed to {}: {}.", updater.primary(), review::count(&zones))),
        (true, false, true) => eprintln!("nothing was pushed; --yes pushes without asking"),
        (true, false, false) => eprintln!("{} has what the plan wants", updater.primary()),
    }
    let open = differs && !wants && arguments.detailed_exitcode;
    Ok(if open { Outcome::Differences } else { Outcome::Done })
}

fn agreed(arguments: &Arguments, zones: &[ZoneDifference]) -> Result<bool, Failure> {
    let can_ask = arguments.format == Format::Human && std::io::stdin().is_terminal();
    match (arguments.yes, can_ask) {
        (true, _) => Ok(true),
        (false, true) => confirmed(&format!("Push this ({})?", review::count(zones))),
        (false, false) => Ok(false),
    }
}

/// The way to the primary server that the plan names.
pub(super) fn updater(context: &Context, plan: &Plan) -> Result<Updater, Failure> {
    let PublishWay::Rfc2136 { server, key_name, algorithm, key } = &plan.publication.way else {
        return Err(Failure(
            "the plan does not say where to push: dns: { publish: { rfc2136: { server: ADDRESS, key_name: NAME, key: { file: ... } } } }; `mailctl dns records` prints the records for any other way"
                .to_owned(),
        ));
    };
    let secret = Secret::read(key, &context.base())?;
    Ok(Updater::new(*server, key_name, *algorithm, &secret)?)
}
