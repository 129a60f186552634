//! nftables: the table `inet mailctl`, which one transaction replaces; no other table is touched.
//!
//! It filters in `prerouting` at priority `mangle`, before any destination NAT, so that it holds for
//! ports that a container engine publishes too; an `input` chain would never see those.
//!
//! Known limits: accepting here does not undo a drop in another table; a bound on connections is a
//! bucket, so that somebody who was silent may open twice as many in the first minute.

use serde::Serialize;

use super::arrivals::{Arrivals, Door, MAIL_PORTS, listed, user};
use crate::artefact::render::template::{Format, render};
use crate::plan::Plan;
use crate::plan::document::Family;
use crate::vocabulary::network::Network;

const TEMPLATE: &str = include_str!("nftables.j2");

/// The family and name of the table.
pub const TABLE: (&str, &str) = ("inet", "mailctl");
/// The sets of addresses that guess passwords, by family; of IPv6 the first address of a /64.
pub const ABUSE_SETS: (&str, &str) = ("abuse4", "abuse6");

#[derive(Serialize)]
struct Values {
    mail_ports: String,
    refused: String,
    /// Ports that are looked at. Empty: every one.
    watched: String,
    served: String,
    rules: Vec<Rule>,
    admin: Vec<Admin>,
    /// Ports of other services; empty if there are none or other ports are left alone.
    open: String,
    closed: bool,
    ipv4_only: bool,
    abuse_set: bool,
    rate: Option<u32>,
    leaving: Option<Leaving>,
}

#[derive(Serialize)]
struct Rule {
    /// `meta nfproto ipv4`, or the destinations.
    matches: String,
    port: u16,
    listener: String,
}

#[derive(Serialize)]
struct Admin {
    /// `ip saddr { ... }`.
    matches: String,
    ports: String,
}

#[derive(Serialize)]
struct Leaving {
    ports: String,
    server_only: bool,
    /// `meta skuid != "mailctl"`, or nothing where no user of this machine may.
    others: String,
}

/// A file for `nft -f`: one transaction that replaces the table and touches no other.
pub fn nftables(plan: &Plan) -> String {
    let arrivals = Arrivals::of(plan);
    let filter = arrivals.filter;
    let refused = arrivals.refused();
    let values = Values {
        mail_ports: listed(MAIL_PORTS),
        refused: if refused.is_empty() { "none".to_owned() } else { listed(refused) },
        watched: if filter.open.is_some() { String::new() } else { listed(&arrivals.watched) },
        served: listed(&arrivals.served),
        rules: arrivals.doors.iter().map(rule).collect(),
        admin: [Family::Ipv4, Family::Ipv6].into_iter().filter_map(|family| admin(&arrivals, family)).collect(),
        open: filter.open.as_ref().map(listed).unwrap_or_default(),
        closed: filter.open.is_some(),
        ipv4_only: filter.ipv4_only,
        abuse_set: filter.abuse_set && !arrivals.served.is_empty(),
        rate: filter.connections_per_minute_max.filter(|_| !arrivals.served.is_empty()),
        leaving: filter.outgoing.as_ref().map(|outgoing| Leaving {
            ports: outgoing.ports.as_ref().map(listed).unwrap_or_default(),
            server_only: outgoing.server_only,
            others: outgoing.user.as_deref().map(others).unwrap_or_default(),
        }),
    };
    render(TEMPLATE, Format::OneLine, &values)
}

fn rule(door: &Door) -> Rule {
    let (family, keyword) = match door.family {
        Family::Ipv4 => ("meta nfproto ipv4", "ip daddr"),
        Family::Ipv6 => ("meta nfproto ipv6", "ip6 daddr"),
    };
    let matches = match door.addresses.is_empty() {
        true => family.to_owned(),
        false => format!("{keyword} {{ {} }}", listed(&door.addresses)),
    };
    Rule { matches, port: door.port, listener: door.listener.clone() }
}

fn admin(arrivals: &Arrivals<'_>, family: Family) -> Option<Admin> {
    let networks = arrivals.admin(family);
    let keyword = if family == Family::Ipv4 { "ip" } else { "ip6" };
    let skipped = networks.is_empty() || (family == Family::Ipv6 && arrivals.filter.ipv4_only);
    let matches = match networks.iter().find(|n| n.is_everything()) {
        Some(_) => format!("meta nfproto {}", if family == Family::Ipv4 { "ipv4" } else { "ipv6" }),
        None => format!("{keyword} saddr {{ {} }}", listed(disjoint(&networks))),
    };
    (!skipped).then(|| Admin { matches, ports: listed(&arrivals.filter.admin_ports) })
}

/// Operators of one family as a rule of its own.
pub(super) fn admin_rule(arrivals: &Arrivals<'_>, family: Family) -> Option<String> {
    admin(arrivals, family).map(|rule| format!("{} tcp dport {{ {} }} accept", rule.matches, rule.ports))
}

/// Those that no other one covers: nft refuses a set whose intervals overlap.
fn disjoint(networks: &[Network]) -> Vec<Network> {
    let covered = |n: &&_| networks.iter().any(|other| other != *n && other.covers(n));
    networks.iter().filter(|n| !covered(n)).copied().collect()
}

/// A number stands for itself, a name in quotes.
fn others(name: &str) -> String {
    let name = user(name);
    let numeric = name.bytes().all(|b| b.is_ascii_digit());
    if numeric { format!("meta skuid != {name}") } else { format!("meta skuid != \"{name}\"") }
}
