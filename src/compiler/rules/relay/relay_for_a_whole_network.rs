//! RLY-013: Hosts that may relay without a password are not named one by one.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::config::section::host::RuntimeKind;
use crate::compiler::config::topology;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::{Severity, Span};
use crate::vocabulary::network::Network;

pub const RULE: Rule = Rule {
    code: "RLY-013",
    name: "relay-for-a-whole-network",
    severity: Severity::Error,
    summary: "Hosts that may relay without a password are not named one by one.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Refuses in `relay.accept_from` every network wider than /24 (IPv4) or /64 (IPv6), loopback apart; \
            addresses in the pools of a container engine whose subnets are not declared; and any private or \
            loopback address where the runtime hides clients behind its own. Warns of private networks of more \
            than one host behind NAT.",
        why: "Whoever sends from there sends to the whole world in your name. A wide network has strangers in \
            it, or machines that are broken into one day; behind NAT, a container engine or a proxy a stranger \
            can seem to be in it. So begins an open relay.",
        example: "relay: { accept_from: [10.0.0.0/8] }",
        instead: r#"relay: { accept_from: [10.0.0.7, "fd00::25"] }"#,
        ignore: "The error never: give each program an account, which logs in at `submissions`, or list the \
            single hosts. The warning, when the router keeps clients' addresses, as most do: `allow: [{ code: \
            RLY-013, reason: ... }]`.",
    },
    references: &[
        "RFC 2505 §2.1",
        "RFC 5068 §3.1",
        "docker-mailserver#1405",
        "docker-mailserver#3556",
        "Mailu/Mailu#3680",
        "mailcow/mailcow-dockerized#5242",
    ],
};

/// An office, or one segment of a data centre; RFC 4291 §2.5.4 for the interface identifier.
const PREFIX_MIN: [u8; 2] = [24, 64];
/// Address pools that Docker and Podman take networks from, unless told otherwise.
const ENGINE_POOLS: [&str; 4] = ["172.16.0.0/12", "192.168.0.0/16", "10.88.0.0/15", "fd00::/8"];

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    let Some(list) = meaning.config.relay.as_ref().and_then(|r| r.accept_from.as_ref()) else { return };
    let view = View::of(meaning);
    for block in list.iter() {
        let Some((text, detail, severity)) = view.objection(block.value.0) else { continue };
        let fix = match view.pool(block.value.0) {
            Some(_) => {
                "host: { runtime: { subnets: [172.20.0.0/24], gateways: [172.20.0.1], ... }, ... }, as the engine has them"
            }
            None => "accept_from: [192.0.2.25], single hosts; or an account that logs in at `submissions`",
        };
        let mut finding = Finding::at(RULE.code, &block.span, text).severity(severity).detail(detail).fix(fix);
        if let Some(span) = view.because(block.value.0) {
            finding = finding.related(span, "clients seem to come from other addresses");
        }
        out.push(finding);
    }
}

/// What is known of the way from clients to the server.
struct View<'m> {
    lab: bool,
    nat: bool,
    hidden: Option<&'m Span>,
    subnets_known: bool,
    pools: Vec<Network>,
    bridged: bool,
}

impl<'m> View<'m> {
    fn of(meaning: &'m Meaning<'_>) -> Self {
        let host = &meaning.config.host;
        let runtime = topology::bridged(meaning.config);
        Self {
            lab: meaning.lab(),
            nat: host.nat.as_ref().is_some_and(|n| n.value),
            // Docker's own proxy hides them behind the gateway alone, which is known or asked for below.
            hidden: topology::hidden_clients(meaning.config)
                .filter(|_| runtime.is_some_and(|r| r.kind.value == RuntimeKind::Kubernetes || r.rootless.is_some())),
            subnets_known: runtime.is_some_and(|r| r.subnets.is_some() || r.gateways.is_some()),
            pools: ENGINE_POOLS.iter().filter_map(|text| text.parse().ok()).collect(),
            bridged: runtime.is_some(),
        }
    }

    fn because(&self, network: Network) -> Option<&'m Span> {
        self.hidden.filter(|_| network.is_private() || network.is_loopback())
    }

    /// What is wrong with relaying for this network: the caret's text, the reason, how much.
    fn objection(&self, network: Network) -> Option<(&'static str, String, Severity)> {
        let [v4, v6] = PREFIX_MIN;
        let least = if network.address().is_ipv4() { v4 } else { v6 };
        let near = network.is_private() || network.is_loopback();
        if network.is_everything() {
            let detail = "Everybody may send to everybody: this is an open relay.".to_owned();
            return Some(("the whole Internet", detail, Severity::Error));
        }
        if self.lab {
            return None;
        }
        if network.prefix() < least && !network.is_loopback() {
            let detail = format!(
                "`{network}` is wider than /{least}; nobody knows all machines in it for as long as it exists."
            );
            return Some(("too many hosts", detail, Severity::Error));
        }
        if near && self.hidden.is_some() {
            let detail =
                format!("Strangers seem to come from private addresses here, so that `{network}` may be any of them.");
            return Some(("may be anybody", detail, Severity::Error));
        }
        if let Some(pool) = self.pool(network) {
            let detail = format!(
                "Container engines make their networks in `{pool}`, and the gateway that strangers come through may be \
                 in `{network}`: `host.runtime.subnets` does not say where it is."
            );
            return Some(("may hold the container gateway", detail, Severity::Error));
        }
        if self.nat && network.is_private() && !network.is_single() {
            let detail = format!(
                "The host is behind NAT: the router is likely in `{network}`, and some hide clients behind themselves."
            );
            return Some(("the router is in it", detail, Severity::Warning));
        }
        None
    }

    /// The pool that a gateway nobody has named may be in. Where the subnets are known, NET-005 knows the gateways.
    fn pool(&self, network: Network) -> Option<&Network> {
        let unknown = self.bridged && !self.subnets_known && !self.lab && network.is_private();
        self.pools.iter().find(|pool| unknown && pool.overlaps(&network))
    }
}
