//! `mailctl status`: what is active, what runs, and whether they are the same.

use super::certificates;
use crate::cli::context::{Context, show};
use crate::cli::{Failure, Format, Outcome};
use crate::runtime::server::control::{self, Request, Response, Status};

#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[arg(long, value_enum, default_value = "human")]
    format: Format,
}

pub fn run(context: &Context, arguments: &Arguments) -> Result<Outcome, Failure> {
    let active = context.state.active()?;
    let running = match control::ask(&context.state.control_socket(), &Request::Status)? {
        None => None,
        Some(Response::Status(status)) => Some(status),
        Some(other) => return Err(Failure(format!("the server gave an unexpected answer: {other:?}"))),
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
        text
    };
    show(arguments.format, human, || serde_json::json!({ "active": active, "running": running }))?;
    Ok(Outcome::Done)
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
