//! The ways that mail for others takes by a plan: which relays and whether the MX, and what goes there.

use std::collections::BTreeMap;

use crate::plan::Plan;
use crate::plan::document::{BackupHop, Fallback, NextHop, OutboundTls, Relay, RelayTls};

/// Where connections from us go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Way {
    pub to: Destination,
    pub port: u16,
    pub tls: &'static str,
    /// What mail goes there, e.g. `mail for domains not ours`.
    pub what: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Destination {
    /// The MX of each domain.
    Mx,
    /// The server whose backup MX we are.
    Primary(String),
    Relay(String),
}

/// What sends mail one way.
#[derive(Default)]
struct Uses {
    default: bool,
    /// Counted from 1.
    routes: Vec<usize>,
    fallback: bool,
    /// Domains that we are backup MX of and whose better MX hosts get the mail.
    backup: bool,
}

/// Relays by name, then the MX, then primaries. Ways that nothing takes are left out.
pub(super) fn ways(plan: &Plan) -> Vec<Way> {
    let outbound = &plan.outbound;
    let mut uses: BTreeMap<&NextHop, Uses> = BTreeMap::new();
    uses.entry(&outbound.default).or_default().default = true;
    let mut fallbacks: Vec<&Fallback> = outbound.default_fallback.iter().collect();
    for (n, route) in outbound.routes.iter().enumerate() {
        uses.entry(&route.via).or_default().routes.push(n + 1);
        fallbacks.extend(&route.fallback);
    }
    for fallback in fallbacks {
        uses.entry(&fallback.via).or_default().fallback = true;
    }
    if plan.relaying.backup.values().any(|backup| backup.next_hop == BackupHop::Mx) {
        uses.entry(&NextHop::Direct).or_default().backup = true;
    }
    let only = uses.len() == 1;
    // By name: relays come first because a reader looks for the exception.
    let mut ways: Vec<Way> = Vec::new();
    for (name, relay) in &outbound.relays {
        if let Some(uses) = uses.get(&NextHop::Relay(name.clone())) {
            ways.push(to_relay(relay, uses.text(only, "all mail for domains not ours")));
        }
    }
    if let Some(uses) = uses.get(&NextHop::Direct) {
        ways.push(to_mx(plan, uses.text(only, "mail for domains not ours")));
    }
    for (domain, backup) in &plan.relaying.backup {
        if let BackupHop::Host { host, port } = &backup.next_hop {
            ways.push(Way {
                to: Destination::Primary(host.to_string()),
                port: *port,
                tls: "starttls",
                what: format!("mail for {domain}, whose backup MX this is"),
            });
        }
    }
    ways
}

impl Uses {
    /// `all` is said when nothing goes any other way.
    fn text(&self, only: bool, all: &str) -> String {
        if only {
            return all.to_owned();
        }
        let mut parts = Vec::new();
        match self.routes.as_slice() {
            [] => {}
            [one] => parts.push(format!("mail of route {one}")),
            several => {
                let numbers: Vec<String> = several.iter().map(ToString::to_string).collect();
                parts.push(format!("mail of routes {}", numbers.join(", ")));
            }
        }
        if self.default {
            parts.push("mail that no route takes".to_owned());
        }
        if self.fallback {
            parts.push("what another way could not deliver".to_owned());
        }
        if self.backup {
            parts.push("mail for domains whose backup MX this is".to_owned());
        }
        parts.join("; ")
    }
}

fn to_relay(relay: &Relay, what: String) -> Way {
    let tls = match relay.tls {
        RelayTls::Implicit => "implicit",
        RelayTls::StarttlsRequired => "starttls-required",
    };
    Way { to: Destination::Relay(relay.host.to_string()), port: relay.port, tls, what }
}

fn to_mx(plan: &Plan, what: String) -> Way {
    let tls = match plan.outbound.tls {
        OutboundTls::Opportunistic => "starttls",
        OutboundTls::Required => "starttls-required",
    };
    Way { to: Destination::Mx, port: plan.outbound.mx_port, tls, what }
}
