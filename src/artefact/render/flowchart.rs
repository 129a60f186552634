//! The ways that mail takes, in and out, as a Mermaid flowchart.

use serde::Serialize;

use super::ports::tls_mode;
use super::template::{Format, render};
use crate::plan::Plan;
use crate::plan::document::{Listener, Protocol, RelayTls};

const TEMPLATE: &str = include_str!("flowchart.mmd.j2");

#[derive(Serialize)]
struct Values {
    host: String,
    smtp: Vec<Node>,
    submission: Vec<Node>,
    reading: Vec<Node>,
    domains: String,
    out: Out,
}

#[derive(Serialize)]
struct Node {
    /// Made from a number, so that no name can break the syntax.
    id: String,
    name: String,
    port: u16,
    tls: &'static str,
}

#[derive(Serialize)]
struct Out {
    relay: bool,
    name: String,
    port: u16,
    tls: &'static str,
}

/// A flowchart that any Mermaid renderer takes: the Internet on the left, mailboxes and other servers on
/// the right.
pub fn mermaid(plan: &Plan) -> String {
    let mut values = Values {
        host: plan.host.name.to_string(),
        smtp: Vec::new(),
        submission: Vec::new(),
        reading: Vec::new(),
        domains: domains(plan),
        out: out(plan),
    };
    let mut listeners: Vec<_> = plan.listeners.iter().collect();
    listeners.sort_by_key(|(name, listener)| (listener.port, name.as_str()));
    for (n, (name, listener)) in listeners.into_iter().enumerate() {
        let nodes = match listener.protocol {
            Protocol::Smtp => &mut values.smtp,
            Protocol::Submission => &mut values.submission,
            Protocol::Imap | Protocol::Pop3 => &mut values.reading,
        };
        nodes.push(node(n, name, listener));
    }
    render(TEMPLATE, Format::Mermaid, &values)
}

fn node(n: usize, name: &str, listener: &Listener) -> Node {
    Node { id: format!("in{n}"), name: name.to_owned(), port: listener.port, tls: tls_mode(listener.tls) }
}

/// As many domains as a box can hold.
fn domains(plan: &Plan) -> String {
    const SHOWN: usize = 5;
    let mut names: Vec<String> = plan.domains.keys().take(SHOWN).map(|domain| domain.to_unicode()).collect();
    if plan.domains.len() > SHOWN {
        names.push(format!("and {} more", plan.domains.len() - SHOWN));
    }
    names.join(", ")
}

fn out(plan: &Plan) -> Out {
    match plan.outbound.relays.values().next() {
        Some(relay) => {
            let tls = match relay.tls {
                RelayTls::Implicit => "implicit",
                RelayTls::StarttlsRequired => "starttls-required",
            };
            Out { relay: true, name: relay.host.to_string(), port: relay.port, tls }
        }
        None => Out { relay: false, name: String::new(), port: plan.outbound.mx_port, tls: "starttls" },
    }
}
