//! The ways that mail takes, in and out, as a Mermaid flowchart.

use serde::Serialize;

use super::ports::tls_mode;
use super::template::{Format, render};
use super::ways::{Destination, ways};
use crate::plan::Plan;
use crate::plan::document::{Listener, Protocol};

const TEMPLATE: &str = include_str!("flowchart.mmd.j2");

#[derive(Serialize)]
struct Values {
    host: String,
    smtp: Vec<Node>,
    submission: Vec<Node>,
    reading: Vec<Node>,
    web: Vec<Node>,
    domains: String,
    outs: Vec<Out>,
    /// The MX of each domain, where mail goes there directly.
    direct: Option<Node>,
    /// Whether SMTP listeners take mail for others.
    relays: bool,
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
    id: String,
    kind: &'static str,
    name: String,
    port: u16,
    tls: &'static str,
    /// Whether it passes the mail on to other servers.
    onward: bool,
}

/// A flowchart that any Mermaid renderer takes: the Internet on the left, mailboxes and other servers on
/// the right.
pub fn mermaid(plan: &Plan) -> String {
    let (outs, direct) = outs(plan);
    let mut values = Values {
        host: plan.host.name.to_string(),
        smtp: Vec::new(),
        submission: Vec::new(),
        reading: Vec::new(),
        web: Vec::new(),
        domains: domains(plan),
        outs,
        direct,
        relays: !plan.relaying.is_nobody(),
    };
    let mut listeners: Vec<_> = plan.listeners.iter().collect();
    listeners.sort_by_key(|(name, listener)| (listener.port, name.as_str()));
    for (n, (name, listener)) in listeners.into_iter().enumerate() {
        // No mail goes there.
        if matches!(listener.protocol, Protocol::Http | Protocol::Https) {
            values.web.push(node(n, name, listener));
            continue;
        }
        let nodes = match listener.protocol {
            Protocol::Smtp => &mut values.smtp,
            Protocol::Submission => &mut values.submission,
            _ => &mut values.reading,
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

/// The relays and primaries, and the MX if mail goes there directly.
fn outs(plan: &Plan) -> (Vec<Out>, Option<Node>) {
    let (mut outs, mut direct) = (Vec::new(), None);
    for (n, way) in ways(plan).into_iter().enumerate() {
        let (kind, name, onward) = match way.to {
            Destination::Relay(host) => ("Relay", host, true),
            Destination::Primary(host) => ("Primary server", host, false),
            Destination::Mx => {
                direct = Some(Node { id: "mx".to_owned(), name: String::new(), port: way.port, tls: way.tls });
                continue;
            }
        };
        outs.push(Out { id: format!("out{n}"), kind, name, port: way.port, tls: way.tls, onward });
    }
    (outs, direct)
}
