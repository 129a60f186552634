//! `mailctl stages`: the roll-overs under way, and how an operator forces one.
//!
//! There is no way to stop one half-way: `mailctl rollback` makes the former plan the goal, and every roll-over turns
//! back from where it is.

use std::io::IsTerminal as _;

use crate::artefact::reconcile::stage::operator::Thing;
use crate::artefact::reconcile::stage::wait::Wait;
use crate::cli::context::{Context, show};
use crate::cli::rewrite::line;
use crate::cli::{Failure, Format, Outcome, print};
use crate::runtime::server::control::{self, Request, Response};
use crate::runtime::server::stages;

#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// What is under way, since when, and what it waits for.
    List(List),
    /// Take for granted what a roll-over waits for. Correct senders that remember what was there before may refuse mail.
    Skip(Skip),
}

#[derive(Debug, clap::Args)]
pub struct List {
    #[arg(long, value_enum, default_value = "human")]
    format: Format,
}

#[derive(Debug, clap::Args)]
pub struct Skip {
    /// As `mailctl stages list` names it.
    stage: String,
    /// Where nobody can be asked: the name once more, to confirm.
    #[arg(long, value_name = "STAGE")]
    confirm: Option<String>,
}

pub fn run(context: &Context, command: &Command) -> Result<Outcome, Failure> {
    match command {
        Command::List(arguments) => {
            let waits = waits(context)?;
            show(arguments.format, || table(&waits), || serde_json::json!({ "stages": waits }))?;
            Ok(Outcome::Done)
        }
        Command::Skip(arguments) => skip(context, arguments),
    }
}

fn waits(context: &Context) -> Result<Vec<Wait>, Failure> {
    match control::ask(&context.state.control_socket(), &Request::Status)? {
        Some(Response::Status(status)) => Ok(status.stages),
        Some(other) => Err(Failure(format!("the server gave an unexpected answer: {other:?}"))),
        None => match context.state.active()? {
            Some(_) => Ok(stages::kept_waits(&context.state, &context.state.active_plan()?.1)?),
            None => Ok(Vec::new()),
        },
    }
}

/// Three lines for each roll-over.
pub(super) fn table(waits: &[Wait]) -> String {
    if waits.is_empty() {
        return "nothing is under way\n".to_owned();
    }
    let mut text = String::new();
    for wait in waits {
        let earliest = wait
            .earliest
            .map_or_else(|| "when that is seen".to_owned(), |at| format!("at {} the earliest", at.rfc3339()));
        text.push_str(&format!(
            "{}\n  now    {}, since {}\n  waits  {}; {earliest}\n",
            wait.stage,
            wait.step,
            wait.since.rfc3339(),
            wait.waits_for
        ));
    }
    text
}

fn skip(context: &Context, arguments: &Skip) -> Result<Outcome, Failure> {
    let stage = &arguments.stage;
    let _: Thing = stage
        .parse()
        .map_err(|error: crate::artefact::reconcile::stage::operator::ThingError| Failure(error.to_string()))?;
    if !confirmed(arguments)? {
        eprintln!("nothing was skipped");
        return Ok(Outcome::Differences);
    }
    match control::ask(&context.state.control_socket(), &Request::SkipStage { stage: stage.clone() })? {
        None => Err(Failure("no server is running, and only a running server moves its stages".to_owned())),
        Some(Response::Done) => {
            print(&format!("{stage} waits no longer"));
            Ok(Outcome::Done)
        }
        Some(Response::Refused { reason }) => Err(Failure(reason)),
        Some(other) => Err(Failure(format!("the server gave an unexpected answer: {other:?}"))),
    }
}

fn confirmed(arguments: &Skip) -> Result<bool, Failure> {
    if let Some(confirm) = &arguments.confirm {
        return Ok(confirm == &arguments.stage);
    }
    eprintln!(
        "Skipping {} takes for granted what nobody has seen. Senders that do as the standards say, and remember what \
         was published before, may refuse to deliver, and mail may be lost.",
        arguments.stage
    );
    if !std::io::stdin().is_terminal() {
        return Err(Failure(format!("nobody can be asked here; --confirm {} skips it", arguments.stage)));
    }
    Ok(line("Type the name of the stage to skip it: ")?.as_ref() == Some(&arguments.stage))
}
