//! ufw: its own commands. Every rule carries a mark in its comment, made from the rules themselves.
//!
//! A rule that is there already keeps its place and gets the new mark; what then still has an older one is deleted.
//! So nothing is shut in between, and running it again changes nothing.
//!
//! Known limits: rules of the operator's own come first. No bound on connections, no abuse set, nothing about what
//! leaves: ufw has no words for them. Ports that a container engine publishes are not filtered (FW-004).

use std::collections::BTreeMap;

use serde::Serialize;

use super::arrivals::{Arrivals, Door};
use crate::artefact::render::template::{Format, render};
use crate::plan::Plan;
use crate::plan::digest::Digest;
use crate::plan::document::Family;

const TEMPLATE: &str = include_str!("ufw.j2");

#[derive(Serialize)]
struct Values {
    mark: String,
    /// Whether everything that is not named is refused.
    closed: bool,
    rules: Vec<Rule>,
}

#[derive(Serialize)]
struct Rule {
    /// Behind `ufw`.
    text: String,
    /// Behind the mark.
    name: String,
}

/// A script for `sh`.
pub fn ufw(plan: &Plan) -> String {
    let arrivals = Arrivals::of(plan);
    let filter = arrivals.filter;
    let mut rules = doors(&arrivals);
    for network in &filter.admin {
        let of = |port: &u16| rule(format!("allow proto tcp from {network} to any port {port}"), "operators");
        rules.extend(filter.admin_ports.iter().map(of));
    }
    rules.extend(filter.open.iter().flatten().map(|port| rule(format!("allow {port}"), "open")));
    if filter.open.is_none() {
        let refused = arrivals.watched.difference(&arrivals.served);
        rules.extend(refused.map(|port| rule(format!("reject proto tcp from any to any port {port}"), "refused")));
    }
    let all: String = rules.iter().map(|rule| format!("{} {}\n", rule.text, rule.name)).collect();
    let mark = Digest::of(all.as_bytes()).short().to_owned();
    render(TEMPLATE, Format::OneLine, &Values { mark, closed: filter.open.is_some(), rules })
}

fn rule(text: String, name: &str) -> Rule {
    // The comment stands in single quotes.
    Rule { text, name: name.replace('\'', "_") }
}

fn doors(arrivals: &Arrivals<'_>) -> Vec<Rule> {
    let mut by_name: BTreeMap<(u16, &str), Vec<&Door>> = BTreeMap::new();
    for door in &arrivals.doors {
        by_name.entry((door.port, &door.listener)).or_default().push(door);
    }
    let mut rules = Vec::new();
    for ((port, name), doors) in by_name {
        if doors.len() == 2 && doors.iter().all(|door| door.addresses.is_empty()) {
            rules.push(rule(format!("allow proto tcp from any to any port {port}"), name));
            continue;
        }
        for door in doors {
            let all = if door.family == Family::Ipv4 { "0.0.0.0/0" } else { "::/0" };
            let to: Vec<String> = door.addresses.iter().map(ToString::to_string).collect();
            let to = if to.is_empty() { vec![all.to_owned()] } else { to };
            rules.extend(to.iter().map(|to| rule(format!("allow proto tcp from {all} to {to} port {port}"), name)));
        }
    }
    rules
}
