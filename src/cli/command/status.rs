//! `mailctl status`: what is active, what runs, whether they are the same, and what is under way between them and the
//! world.

use super::certificates;
use super::stages::table;
use crate::apply::drift::drift;
use crate::cli::context::{Context, show};
use crate::cli::{Failure, Format, Outcome};
use crate::runtime::server::control::{self, Request, Response, Status};
use crate::runtime::server::stages::kept_waits;

#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[arg(long, value_enum, default_value = "human")]
    format: Format,
    /// Also look at name servers and listeners, and exit with 2 if they are not as they should be now.
    #[arg(long)]
    drift: bool,
}

pub fn run(context: &Context, arguments: &Arguments) -> Result<Outcome, Failure> {
    let active = context.state.active()?;
    let running = match control::ask(&context.state.control_socket(), &Request::Status)? {
        None => None,
        Some(Response::Status(status)) => Some(status),
        Some(other) => return Err(Failure(format!("the server gave an unexpected answer: {other:?}"))),
    };
    let stages = match (&running, &active) {
        (Some(status), _) => status.stages.clone(),
        (None, Some(_)) => kept_waits(&context.state, &context.state.active_plan()?.1)?,
        (None, None) => Vec::new(),
    };
    let drift = match &active {
        Some(active) if arguments.drift => Some(drift(&context.state, active, &context.state.active_plan()?.1)?),
        _ => None,
    };
    let human = || {
        let mut text = match &active {
            None => "active   nothing; `mailctl apply` activates a plan\n".to_owned(),
            Some(a) => format!("active   generation {} since {}, {}\n", a.generation, a.activated.rfc3339(), a.digest),
        };
        match &running {
            None => text.push_str("running  no server\n"),
            Some(status) => text.push_str(&describe(status)),
        }
        if let (Some(active), Some(status)) = (&active, &running)
            && active.digest != status.digest
        {
            text.push_str("DIFFERS  the server executes another plan than the active one; run `mailctl apply`\n");
        }
        if !stages.is_empty() {
            text.push_str("\nunder way\n");
            text.push_str(&table(&stages));
        }
        if let Some(problem) = running.as_ref().and_then(|status| status.stages_problem.as_ref()) {
            text.push_str(&format!("HELD     {problem}\n"));
        }
        match &drift {
            None => {}
            Some(drift) if drift.is_empty() => text.push_str("\ndrift    none\n"),
            Some(drift) => {
                text.push_str(&format!("\ndrift    {} differences\n", drift.len()));
                text.extend(drift.iter().map(|d| format!("         {}\n", d.problem)));
            }
        }
        text
    };
    let json = || {
        let mut value = serde_json::json!({ "active": active, "running": running, "stages": stages });
        if let Some(drift) = &drift {
            value["drift"] = serde_json::json!(drift);
        }
        value
    };
    show(arguments.format, human, json)?;
    let differs = drift.as_ref().is_some_and(|drift| !drift.is_empty());
    Ok(if differs { Outcome::Differences } else { Outcome::Done })
}

fn describe(status: &Status) -> String {
    let mut text = format!(
        "running  mailctl {}, process {}, since {}, {} connections\n",
        status.version,
        status.process,
        status.started.rfc3339(),
        status.connections
    );
    for listener in &status.listeners {
        let tls =
            serde_json::to_value(listener.tls).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default();
        text.push_str(&format!("         {:<14} {:<24} {tls}\n", listener.name, listener.socket.to_string()));
    }
    for line in certificates::table(&status.certificates).lines() {
        text.push_str(&format!("         {line}\n"));
    }
    text
}
