//! FW-006: The firewall blocks a port that the server needs to reach.

use std::collections::{BTreeMap, BTreeSet};

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::config::ways::Hop;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::{Severity, Span};

pub const RULE: Rule = Rule {
    code: "FW-006",
    name: "way-out-blocked",
    severity: Severity::Warning,
    summary: "The firewall blocks a port that the server needs to reach.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Looks whether `firewall.outgoing.ports` has 25 for direct delivery, the port of every relay that \
            is used, 53 for DNS, and 443 where ACME or MTA-STS fetch something.",
        why: "A blocked way out is silent: connections time out, mail waits in the queue for days and bounces, \
            and the certificate is not renewed.",
        example: "firewall: { outgoing: { ports: [53, 443] } }",
        instead: "firewall: { outgoing: { ports: [25, 53, 443] } }",
        ignore: "When the connection leaves by another host, e.g. through a resolver on this machine (53) or a \
            web proxy (443): `allow: [{ code: FW-006, reason: ... }]`.",
    },
    references: &[
        "RFC 5321 §4.5.4.2",
        "RFC 7766 §5",
        "RFC 8461 §3.3",
        "docker-mailserver documentation, Understanding the ports",
    ],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    let outgoing = meaning.config.firewall.as_ref().and_then(|f| f.outgoing.as_ref());
    let Some(ports) = outgoing.and_then(|o| o.ports.as_ref()) else { return };
    let open: BTreeSet<u16> = ports.iter().map(|p| p.value).collect();
    for (port, (what, span)) in needs(meaning) {
        if open.contains(&port) {
            continue;
        }
        let mut finding = Finding::at(RULE.code, &ports.span, format!("without {port}"))
            .detail(format!("The server connects to port {port} for {what}, and the firewall would drop it."))
            .fix(format!("add {port} to `outgoing.ports`"));
        if let Some(span) = span {
            finding = finding.related(span, "connects there");
        }
        out.push(finding);
    }
}

/// Ports that the server connects to, what for, and what in the file says so.
fn needs<'m>(meaning: &'m Meaning<'_>) -> BTreeMap<u16, (&'static str, Option<&'m Span>)> {
    const DNS_PORT: u16 = 53;
    const HTTPS_PORT: u16 = 443;
    let outbound = meaning.config.outbound.as_ref();
    let mx_port = outbound.and_then(|o| o.mx_port.as_ref()).map_or(25, |p| p.value);
    let mut needs = BTreeMap::from([(DNS_PORT, ("long answers of DNS", None))]);
    let used: BTreeSet<&str> = meaning.ways.hops().map(|h| h.name).collect();
    for hop in meaning.ways.hops().filter(Hop::is_direct) {
        needs.entry(mx_port).or_insert(("the servers of other domains", hop.span));
    }
    for relay in meaning.ways.relays.iter().filter(|r| used.contains(r.name)) {
        needs.entry(relay.port).or_insert(("a relay", Some(relay.span)));
    }
    if let Some(acme) = meaning.certificates.acme() {
        needs.entry(HTTPS_PORT).or_insert(("the certificate authority", Some(&acme.span)));
    } else if outbound.and_then(|o| o.mta_sts.as_ref()).is_none_or(|s| s.value) && needs.contains_key(&mx_port) {
        needs.entry(HTTPS_PORT).or_insert(("the MTA-STS policies of other domains", None));
    }
    needs
}
