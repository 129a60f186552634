//! iptables and ip6tables: chains of our own, that one `iptables-restore` fills for each family.
//!
//! `MAILCTL-IN` hangs in `INPUT`, `MAILCTL-OUT` in `OUTPUT`. Ports that a container engine publishes never meet
//! `INPUT`: their packets are forwarded. For them `MAILCTL-FWD` hangs in `DOCKER-USER`, which Docker asks first, and
//! looks at the port that the client connected to, not at the container's.
//!
//! Known limits: no abuse set; the bound on connections is a bucket, as with nftables.

use serde::Serialize;

use super::arrivals::{Arrivals, Door, listed, user};
use crate::artefact::render::template::{Format, render};
use crate::plan::Plan;
use crate::plan::document::Family;

const TEMPLATE: &str = include_str!("iptables.j2");
/// xt_multiport takes no more in one rule.
const PORTS_A_RULE_MAX: usize = 15;

#[derive(Serialize)]
struct Values {
    docker: bool,
    families: Vec<Rules>,
}

#[derive(Serialize)]
struct Rules {
    /// `iptables` or `ip6tables`.
    program: &'static str,
    /// Whether anything of this family is filtered.
    filtered: bool,
    arriving: Vec<String>,
    forwarded: Vec<String>,
    leaving: Vec<String>,
}

/// A script for `sh`. It may be run again at any time.
pub fn iptables(plan: &Plan, docker: bool) -> String {
    let arrivals = Arrivals::of(plan);
    let families = [Family::Ipv4, Family::Ipv6].map(|family| Rules {
        program: if family == Family::Ipv4 { "iptables" } else { "ip6tables" },
        filtered: family == Family::Ipv4 || !arrivals.filter.ipv4_only,
        arriving: arriving(&arrivals, family),
        forwarded: if docker { forwarded(&arrivals, family) } else { Vec::new() },
        leaving: leaving(&arrivals),
    });
    render(TEMPLATE, Format::OneLine, &Values { docker, families: families.into() })
}

/// `25,465`, in pieces that fit into a rule.
fn pieces(ports: impl IntoIterator<Item = u16>) -> Vec<String> {
    let ports: Vec<u16> = ports.into_iter().collect();
    ports.chunks(PORTS_A_RULE_MAX).map(|piece| listed(piece).replace(", ", ",")).collect()
}

/// The bucket of each source; a /64 is one source.
fn bucket(rate: u32, family: Family, name: &str) -> String {
    let mask = if family == Family::Ipv4 { 32 } else { 64 };
    format!(
        "-m hashlimit --hashlimit-above {rate}/minute --hashlimit-burst {rate} --hashlimit-mode srcip \
         --hashlimit-srcmask {mask} --hashlimit-name {name}{mask}"
    )
}

fn arriving(arrivals: &Arrivals<'_>, family: Family) -> Vec<String> {
    let mut rules: Vec<String> = Vec::new();
    let filter = arrivals.filter;
    if let Some(rate) = filter.connections_per_minute_max {
        let bucket = bucket(rate, family, "mailctl-in");
        let of = |ports: String| format!("-p tcp -m multiport --dports {ports} {bucket} -j DROP");
        rules.extend(pieces(arrivals.served.iter().copied()).into_iter().map(of));
    }
    for door in arrivals.doors.iter().filter(|door| door.family == family) {
        let comment = format!("-m comment --comment \"{}\"", door.listener);
        rules
            .extend(destinations(door, "-d").map(|to| format!("{to}-p tcp --dport {} {comment} -j ACCEPT", door.port)));
    }
    for network in arrivals.admin(family) {
        let of = |ports: String| format!("-s {network} -p tcp -m multiport --dports {ports} -j ACCEPT");
        rules.extend(pieces(filter.admin_ports.iter().copied()).into_iter().map(of));
    }
    match &filter.open {
        Some(open) => {
            for protocol in ["tcp", "udp"] {
                let of = |ports: String| format!("-p {protocol} -m multiport --dports {ports} -j ACCEPT");
                rules.extend(pieces(open.iter().copied()).into_iter().map(of));
            }
            if family == Family::Ipv6 {
                // The answer comes to an address that asked a group, so it belongs to no connection (RFC 8415).
                rules.push("-s fe80::/10 -p udp --dport 546 -j ACCEPT".to_owned());
            }
            rules.push("-p tcp -j REJECT --reject-with tcp-reset".to_owned());
            rules.push("-p udp -j REJECT".to_owned());
        }
        None => {
            let of = |ports: String| format!("-p tcp -m multiport --dports {ports} -j REJECT --reject-with tcp-reset");
            rules.extend(pieces(arrivals.watched.iter().copied()).into_iter().map(of));
        }
    }
    rules
}

/// Once for each address, or once for all.
fn destinations<'d>(door: &'d Door, option: &'static str) -> impl Iterator<Item = String> + 'd {
    let any = door.addresses.is_empty().then(String::new);
    any.into_iter().chain(door.addresses.iter().map(move |a| format!("{option} {a} ")))
}

/// What was published: `--ctorigdstport` is the port before the engine's translation.
fn forwarded(arrivals: &Arrivals<'_>, family: Family) -> Vec<String> {
    let mut rules: Vec<String> = Vec::new();
    let filter = arrivals.filter;
    let to = |port: u16, protocol: &str| format!("-p {protocol} -m conntrack --ctorigdstport {port}");
    if let Some(rate) = filter.connections_per_minute_max {
        let bucket = bucket(rate, family, "mailctl-fwd");
        rules.extend(arrivals.served.iter().map(|port| format!("{} {bucket} -j DROP", to(*port, "tcp"))));
    }
    for door in arrivals.doors.iter().filter(|door| door.family == family) {
        let of =
            |d: String| format!("{} {d}-m comment --comment \"{}\" -j RETURN", to(door.port, "tcp"), door.listener);
        rules.extend(destinations(door, "--ctorigdst").map(of));
    }
    for network in arrivals.admin(family) {
        let of = |port: &u16| format!("-s {network} {} -j RETURN", to(*port, "tcp"));
        rules.extend(filter.admin_ports.iter().map(of));
    }
    match &filter.open {
        Some(open) => {
            let both = open.iter().flat_map(|port| ["tcp", "udp"].map(|protocol| (port, protocol)));
            rules.extend(both.map(|(port, protocol)| format!("{} -j RETURN", to(*port, protocol))));
            rules.push("-p tcp -j REJECT --reject-with tcp-reset".to_owned());
            rules.push("-p udp -j REJECT".to_owned());
        }
        None => {
            let of = |port: &u16| format!("{} -j REJECT --reject-with tcp-reset", to(*port, "tcp"));
            rules.extend(arrivals.watched.iter().map(of));
        }
    }
    rules
}

fn leaving(arrivals: &Arrivals<'_>) -> Vec<String> {
    let Some(outgoing) = &arrivals.filter.outgoing else { return Vec::new() };
    let mut rules = Vec::new();
    if outgoing.server_only {
        let others = outgoing.user.as_deref().map(|name| format!("-m owner ! --uid-owner {} ", user(name)));
        let others = others.unwrap_or_default();
        rules.push(format!("-p tcp --dport 25 {others}-j REJECT --reject-with tcp-reset"));
    }
    if let Some(ports) = &outgoing.ports {
        let of = |ports: String| format!("-p tcp -m multiport --dports {ports} -j RETURN");
        rules.extend(pieces(ports.iter().copied()).into_iter().map(of));
        rules.push("-p tcp -j REJECT --reject-with tcp-reset".to_owned());
    }
    rules
}
