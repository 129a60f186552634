//! `mailctl queue`: mail waiting to leave. Reads beside a running server.

use serde::Serialize;

use crate::cli::context::{Context, show};
use crate::cli::{Failure, Format, Outcome};
use crate::ground::clock::Timestamp;
use crate::runtime::server::control::{self, Request};
use crate::state::queue::{self, QueueId};
use crate::state::store::Store;

/// Messages read in one go.
const PAGE: usize = 500;

#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Have the running server try everything that is due now.
    Flush,
    /// Every recipient that waits, with its last reply and next attempt.
    List(List),
}

#[derive(Debug, clap::Args)]
pub struct List {
    #[arg(long, value_enum, default_value = "human")]
    format: Format,
}

/// One waiting message.
#[derive(Serialize)]
struct Waiting {
    id: i64,
    received: Timestamp,
    expires: Timestamp,
    octets: u64,
    reverse_path: String,
    recipients: Vec<WaitingRecipient>,
}

#[derive(Serialize)]
struct WaitingRecipient {
    forward_path: String,
    attempts: u32,
    next_attempt: Timestamp,
    last_reply: Option<String>,
}

pub fn run(context: &Context, command: &Command) -> Result<Outcome, Failure> {
    match command {
        Command::Flush => flush(context),
        Command::List(arguments) => {
            let waiting = read(context)?;
            show(arguments.format, || table(&waiting), || serde_json::json!({ "queue": waiting }))?;
            Ok(Outcome::Done)
        }
    }
}

fn flush(context: &Context) -> Result<Outcome, Failure> {
    match control::ask(&context.state.control_socket(), &Request::FlushQueue)? {
        Some(_) => Ok(Outcome::Done),
        None => Err(Failure(format!("no server is running on {}", context.state.root().display()))),
    }
}

fn read(context: &Context) -> Result<Vec<Waiting>, Failure> {
    let (activation, plan) = context.state.active_plan()?;
    let folder = context.state.store_folder(&plan, &activation.base);
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let inspector = Store::inspect(&folder)?;
    let mut waiting = Vec::new();
    let mut after = QueueId(0);
    loop {
        let page = inspector.read(|view| {
            let messages = queue::list(view, after, PAGE)?;
            messages.into_iter().map(|m| Ok((queue::recipients(view, m.id)?, m))).collect::<Result<Vec<_>, _>>()
        })?;
        let Some((_, last)) = page.last() else { return Ok(waiting) };
        after = last.id;
        waiting.extend(page.into_iter().map(|(recipients, message)| {
            Waiting {
                id: message.id.0,
                received: message.received,
                expires: message.expires,
                octets: message.octets,
                reverse_path: message.reverse_path.to_string(),
                recipients: recipients
                    .into_iter()
                    .map(|r| WaitingRecipient {
                        forward_path: r.forward_path.to_string(),
                        attempts: r.attempts,
                        next_attempt: r.next_attempt,
                        last_reply: r.last_reply,
                    })
                    .collect(),
            }
        }));
    }
}

fn table(waiting: &[Waiting]) -> String {
    if waiting.is_empty() {
        return "The queue is empty.".to_owned();
    }
    let mut text = String::new();
    for message in waiting {
        text.push_str(&format!(
            "{:<8} {}  {:>9} octets  from {}  until {}\n",
            message.id,
            message.received.rfc3339(),
            message.octets,
            message.reverse_path,
            message.expires.rfc3339()
        ));
        for recipient in &message.recipients {
            text.push_str(&format!(
                "         to {}  attempts {}  next {}\n",
                recipient.forward_path,
                recipient.attempts,
                recipient.next_attempt.rfc3339()
            ));
            if let Some(reply) = &recipient.last_reply {
                text.push_str(&format!("            {reply}\n"));
            }
        }
    }
    text.push_str(&format!(
        "{} waiting\n",
        if waiting.len() == 1 { "1 message".into() } else { format!("{} messages", waiting.len()) }
    ));
    text
}
