//! `mailctl doctor`: everything that can be looked at, in one go, and a score by what public tests ask for.
//!
//! The parts: the file compiles; it is what is active; the server runs and serves it; its disk has room; the clock is
//! kept; and the look of `mailctl dns check`. Each says what to do next. The exit code is 1 if a part is broken.

use std::fmt::Write as _;

use serde::Serialize;

use crate::apply::firewall::kernel::{self, Standing};
use crate::apply::firewall::{FirewallError, loadable};
use crate::apply::verify;
use crate::artefact::reconcile::dns::judge::judge;
use crate::artefact::reconcile::score::{Score, score};
use crate::cli::command::dns::check::{Look, look};
use crate::cli::context::Context;
use crate::cli::{Failure, Format, Outcome, print, print_json};
use crate::ground::diagnostic::{Counts, Severity};
use crate::plan::Plan;
use crate::plan::digest::Digest;
use crate::plan::document::Profile;
use crate::runtime::server::control::{self, Request, Response};

const FORMAT: u32 = 1;
/// Less room than this stops mail within days on a small server.
const DISK_FREE_OCTETS_MIN: u64 = 1024 * 1024 * 1024;
/// Written by systemd-timesyncd when it has the time.
const CLOCK_KEPT: &str = "/run/systemd/timesync/synchronized";

#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[arg(long, value_enum, default_value = "human")]
    format: Format,
    #[command(flatten)]
    look: Look,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum State {
    Bad,
    Good,
    Unknown,
}

/// One part that was looked at.
#[derive(Debug, Serialize)]
struct Part {
    part: &'static str,
    state: State,
    says: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    next: String,
}

pub fn run(context: &Context, arguments: &Arguments) -> Result<Outcome, Failure> {
    let mut parts = Vec::new();
    let compiled = file(context, &mut parts);
    let active = context.state.active()?;
    let plan = match (&active, compiled) {
        (_, Some(plan)) => Some(plan),
        (Some(_), None) => Some(context.state.active_plan()?.1),
        (None, None) => None,
    };
    if let Some(plan) = &plan {
        agrees(plan, active.as_ref().map(|activation| &activation.digest), &mut parts);
        server(context, plan, &mut parts)?;
        packet_filter(plan, &mut parts);
        disk(context, &mut parts);
        clock(&mut parts);
    }
    let scored = match &plan {
        Some(plan) => Some(world(context, plan, &arguments.look, &mut parts)?),
        None => None,
    };
    match arguments.format {
        Format::Human => print(&human(&parts, scored.as_ref())),
        Format::Json => print_json(&serde_json::json!({ "version": FORMAT, "parts": parts, "score": scored }))?,
    }
    let broken = parts.iter().any(|part| part.state == State::Bad);
    if broken { Err(Failure(String::new())) } else { Ok(Outcome::Done) }
}

fn part(parts: &mut Vec<Part>, part: &'static str, state: State, says: impl Into<String>, next: &str) {
    let next = if state == State::Good { String::new() } else { next.to_owned() };
    parts.push(Part { part, state, says: says.into(), next });
}

fn file(context: &Context, parts: &mut Vec<Part>) -> Option<Plan> {
    match context.compilation(&context.inputs(true)) {
        Err(Failure(why)) => {
            part(parts, "configuration", State::Unknown, why, "name the file with --config");
            None
        }
        Ok(compilation) => {
            let counts = Counts::of(&compilation.diagnostics);
            let state = if counts.errors > 0 { State::Bad } else { State::Good };
            part(parts, "configuration", state, format!("{}: {counts}", context.config.display()), "mailctl check");
            compilation.plan
        }
    }
}

fn agrees(plan: &Plan, active: Option<&Digest>, parts: &mut Vec<Part>) {
    match active {
        None => part(parts, "active plan", State::Bad, "nothing is active", "mailctl apply"),
        Some(active) if *active == Digest::of_plan(plan) => {
            part(parts, "active plan", State::Good, format!("{active}, as the file says"), "");
        }
        Some(active) => {
            let says = format!("{active}, and the file says something else");
            part(parts, "active plan", State::Bad, says, "mailctl plan, then mailctl apply");
        }
    }
}

fn server(context: &Context, plan: &Plan, parts: &mut Vec<Part>) -> Result<(), Failure> {
    let running = match control::ask(&context.state.control_socket(), &Request::Status) {
        Ok(Some(Response::Status(status))) => status,
        _ => {
            part(parts, "server", State::Bad, "does not run, or does not answer here", "mailctl serve");
            return Ok(());
        }
    };
    let says = format!("mailctl {}, {} connections", running.version, running.connections);
    part(parts, "server", State::Good, says, "");
    let wrong = verify::with_state(plan, context.state.root())?;
    if wrong.is_empty() {
        part(parts, "listeners", State::Good, format!("{} answer as planned", plan.listeners.len()), "");
    } else {
        let says = wrong.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
        part(parts, "listeners", State::Bad, says, "mailctl apply, or look at the server's log");
    }
    Ok(())
}

fn packet_filter(plan: &Plan, parts: &mut Vec<Part>) {
    let next = "mailctl firewall check, then mailctl firewall apply";
    let (state, says) = match loadable(plan).and_then(|form| kernel::standing(plan, form)) {
        Ok(Standing::AsPlanned) => (State::Good, "the kernel has the plan's rules".to_owned()),
        Ok(Standing::Differs(lines)) => (State::Bad, format!("{} lines are not as planned", lines.len())),
        // A test may well do without.
        Ok(Standing::NotLoaded) if plan.profile == Profile::Lab => (State::Unknown, "not loaded".to_owned()),
        Ok(Standing::NotLoaded) => (State::Bad, "not loaded".to_owned()),
        Err(FirewallError::NobodyHere) => (State::Good, "kept by somebody else, as the plan says".to_owned()),
        Err(error) => (State::Unknown, error.to_string()),
    };
    part(parts, "packet filter", state, says, next);
}

fn disk(context: &Context, parts: &mut Vec<Part>) {
    let Ok(room) = rustix::fs::statvfs(context.state.root()) else {
        return part(
            parts,
            "disk",
            State::Unknown,
            "the state folder cannot be looked at",
            "run this as the server's user",
        );
    };
    let free = room.f_bavail.saturating_mul(room.f_frsize);
    let says = format!("{} MiB free for {}", free / (1024 * 1024), context.state.root().display());
    let state = if free < DISK_FREE_OCTETS_MIN { State::Bad } else { State::Good };
    part(parts, "disk", state, says, "make room: below 1 GiB mail soon stops");
}

/// A wrong clock breaks TLS, DNSSEC, DKIM and TSIG, each with words that do not name it.
fn clock(parts: &mut Vec<Part>) {
    let now = crate::ground::clock::Timestamp::now().rfc3339();
    if std::path::Path::new(CLOCK_KEPT).exists() {
        part(parts, "clock", State::Good, format!("{now}, kept by systemd-timesyncd"), "");
    } else {
        part(parts, "clock", State::Unknown, now, "compare it with another clock, and run an NTP client");
    }
}

fn world(context: &Context, plan: &Plan, how: &Look, parts: &mut Vec<Part>) -> Result<Score, Failure> {
    let wanted = context.records(plan)?;
    let sight = look(context, plan, &wanted, how)?;
    let findings = judge(plan, &wanted, &sight);
    for finding in &findings {
        let state = if finding.severity == Severity::Error { State::Bad } else { State::Unknown };
        let says = format!("{}: {}", finding.code, finding.detail);
        part(parts, "world", state, says, &finding.fix);
    }
    if findings.is_empty() {
        let says = format!("{} zones and {} record sets are as wanted", sight.zones.len(), sight.sets.len());
        part(parts, "world", State::Good, says, "");
    }
    Ok(score(plan, &sight, &findings))
}

fn human(parts: &[Part], scored: Option<&Score>) -> String {
    let mut text = String::new();
    for part in parts {
        let mark = match part.state {
            State::Bad => "BAD ",
            State::Good => "ok  ",
            State::Unknown => "?   ",
        };
        let _ = writeln!(text, "{mark} {:<14} {}", part.part, part.says);
        if !part.next.is_empty() {
            let _ = writeln!(text, "                    next: {}", part.next);
        }
    }
    let Some(score) = scored else { return text };
    let _ = writeln!(text, "\nScore {} of 100, by what internet.nl and Hardenize ask of a mail server", score.points);
    for criterion in &score.criteria {
        let mark = match criterion.met {
            Some(true) => "ok  ",
            Some(false) => "LOST",
            None => "?   ",
        };
        let _ = writeln!(text, "{mark} {:<14} {:>3}  {}", criterion.name, criterion.weight, criterion.source);
        if !criterion.next.is_empty() {
            let _ = writeln!(text, "                    next: {}", criterion.next);
        }
    }
    text
}
