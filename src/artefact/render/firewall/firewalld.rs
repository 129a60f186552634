//! firewalld: a service with the ports that everybody reaches, and a zone around it.
//!
//! A zone refuses what it does not name, so with firewalld other ports are always shut; SSH and DHCPv6 stay open
//! unless `firewall.admin` says who reaches SSH.
//!
//! Known limits: no bound on connections, no abuse set, nothing about what leaves. IPv6 is filtered always.

use std::collections::BTreeSet;

use serde::Serialize;

use super::arrivals::{Arrivals, Door};
use crate::artefact::render::template::{Format, render};
use crate::plan::Plan;
use crate::plan::document::Family;

const TEMPLATE: &str = include_str!("firewalld.j2");

#[derive(Serialize)]
struct Values {
    host: String,
    service: Vec<u16>,
    open: Vec<u16>,
    ssh: bool,
    rules: Vec<Rule>,
}

/// Accepted for one family, from somewhere or to somewhere.
#[derive(Serialize)]
struct Rule {
    family: &'static str,
    source: Option<String>,
    destination: Option<String>,
    port: u16,
}

/// A script for `sh` that writes both files and has firewalld read them.
pub fn firewalld(plan: &Plan) -> String {
    let arrivals = Arrivals::of(plan);
    let filter = arrivals.filter;
    let everywhere = |door: &&Door| {
        let of = |d: &&Door| d.port == door.port && d.addresses.is_empty();
        arrivals.doors.iter().filter(of).map(|d| d.family).collect::<BTreeSet<_>>().len() == 2
    };
    let service: BTreeSet<u16> = arrivals.doors.iter().filter(everywhere).map(|d| d.port).collect();
    let mut rules: Vec<Rule> = Vec::new();
    for door in arrivals.doors.iter().filter(|door| !service.contains(&door.port)) {
        let of = |destination| Rule { family: word(door.family), source: None, destination, port: door.port };
        rules.extend(door.addresses.is_empty().then(|| of(None)));
        rules.extend(door.addresses.iter().map(|a| of(Some(a.to_string()))));
    }
    for network in &filter.admin {
        let family = word(if network.address().is_ipv4() { Family::Ipv4 } else { Family::Ipv6 });
        let of = |port: &u16| Rule { family, source: Some(network.to_string()), destination: None, port: *port };
        rules.extend(filter.admin_ports.iter().map(of));
    }
    let values = Values {
        host: plan.host.name.to_string(),
        service: service.into_iter().collect(),
        open: filter.open.iter().flatten().copied().collect(),
        ssh: filter.admin.is_empty() && filter.open.is_none(),
        rules,
    };
    render(TEMPLATE, Format::OneLine, &values)
}

fn word(family: Family) -> &'static str {
    match family {
        Family::Ipv4 => "ipv4",
        Family::Ipv6 => "ipv6",
    }
}
