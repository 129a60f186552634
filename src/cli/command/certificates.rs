//! `mailctl certificates`: what is served, what waits, what went wrong; a renewal or a new key by hand.
//!
//! `list` asks the running server, and reads the state folder where none runs. The others are done by the server; the
//! command waits for the outcome.

use std::time::{Duration, Instant};

use crate::cli::context::{Context, show};
use crate::cli::{Failure, Format, Outcome, print};
use crate::ground::clock::Timestamp;
use crate::runtime::server::certificates::Certificates;
use crate::runtime::server::certificates::asks::Ask;
use crate::runtime::server::certificates::standing::CertificateStatus;
use crate::runtime::server::control::{self, Request, Response};

/// An order takes seconds, and minutes where name servers are slow to follow.
const PATIENCE: Duration = Duration::from_secs(16 * 60);
const PAUSE: Duration = Duration::from_millis(300);

#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Names, source, key and end of each, what waits, and the last error.
    List(List),
    /// Renew now, with the same key; files are looked at now.
    Renew(Renew),
    /// Get a certificate with a new key. Where TLSA records are wanted it waits until they are seen.
    Roll(Roll),
}

#[derive(Debug, clap::Args)]
pub struct List {
    #[arg(long, value_enum, default_value = "human")]
    format: Format,
}

#[derive(Debug, clap::Args)]
pub struct Renew {
    /// What `list` calls it [default: all].
    certificate: Option<String>,
}

#[derive(Debug, clap::Args)]
pub struct Roll {
    /// What `list` calls it.
    certificate: String,
}

pub fn run(context: &Context, command: &Command) -> Result<Outcome, Failure> {
    match command {
        Command::List(arguments) => {
            let certificates = match running(context)? {
                Some(certificates) => certificates,
                None => kept(context)?,
            };
            show(arguments.format, || table(&certificates), || serde_json::json!({ "certificates": certificates }))?;
            Ok(Outcome::Done)
        }
        Command::Renew(Renew { certificate }) => ask(context, certificate.as_deref(), Ask::Renew),
        Command::Roll(Roll { certificate }) => ask(context, Some(certificate), Ask::Roll),
    }
}

/// As the running server has them; `None` if there is none.
fn running(context: &Context) -> Result<Option<Vec<CertificateStatus>>, Failure> {
    match control::ask(&context.state.control_socket(), &Request::Status)? {
        None => Ok(None),
        Some(Response::Status(status)) => Ok(Some(status.certificates)),
        Some(other) => Err(Failure(format!("the server gave an unexpected answer: {other:?}"))),
    }
}

fn kept(context: &Context) -> Result<Vec<CertificateStatus>, Failure> {
    let (_, plan) = context.state.active_plan()?;
    Ok(Certificates::open(context.state.root()).overview(&plan)?)
}

/// Has the server do it, and waits until it is done.
fn ask(context: &Context, certificate: Option<&str>, ask: Ask) -> Result<Outcome, Failure> {
    let request = Request::AskCertificates { certificate: certificate.map(str::to_owned), ask };
    match control::ask(&context.state.control_socket(), &request)? {
        None => return Err(Failure("no server is running, and it is the server that renews; `mailctl serve`".into())),
        Some(Response::Done) => {}
        Some(Response::Refused { reason }) => return Err(Failure(reason)),
        Some(other) => return Err(Failure(format!("the server gave an unexpected answer: {other:?}"))),
    }
    let end = Instant::now() + PATIENCE;
    let done = loop {
        std::thread::sleep(PAUSE);
        let all = running(context)?.ok_or_else(|| Failure("the server has stopped meanwhile".into()))?;
        let ours = all.into_iter().filter(|c| certificate.is_none_or(|name| name == c.certificate));
        let ours: Vec<CertificateStatus> = ours.collect();
        if ours.iter().all(|certificate| !certificate.busy) {
            break ours;
        }
        if Instant::now() > end {
            return Err(Failure(
                "the server is still at it; `mailctl certificates list` shows what comes of it".into(),
            ));
        }
    };
    print(&table(&done));
    let failed = done.iter().filter_map(|c| c.last_error.as_ref().map(|error| format!("{}: {error}", c.certificate)));
    let failed: Vec<String> = failed.collect();
    if failed.is_empty() { Ok(Outcome::Done) } else { Err(Failure(failed.join("\n"))) }
}

/// A paragraph for each.
pub fn table(certificates: &[CertificateStatus]) -> String {
    let mut text = String::new();
    let moment = |at: Option<Timestamp>| at.map_or_else(|| "unknown".to_owned(), Timestamp::rfc3339);
    for c in certificates {
        text.push_str(&format!("{}  {}, until {}\n", c.certificate, c.source, moment(c.not_after)));
        let mut line = |label: &str, value: &str| text.push_str(&format!("    {label:<9} {value}\n"));
        line("names", &c.names.join(", "));
        line("key", c.spki_sha256.as_deref().unwrap_or("none yet"));
        if let Some(next) = &c.waiting_spki_sha256 {
            line("waits", &format!("{next}, until its TLSA records are seen"));
        }
        if c.awaits_first {
            line("served", "one that the server signed itself, until the authority has issued one");
        }
        if !c.left_out.is_empty() {
            line("left out", &format!("{}: no address", c.left_out.join(", ")));
        }
        if let Some(at) = c.renew_at {
            line("renewal", &format!("{}, as the authority suggests", at.rfc3339()));
        }
        if let Some(error) = &c.last_error {
            line("error", error);
        }
        if let Some(at) = c.next_try {
            line("next try", &at.rfc3339());
        }
    }
    if text.is_empty() { "The plan has no certificate.\n".to_owned() } else { text }
}
