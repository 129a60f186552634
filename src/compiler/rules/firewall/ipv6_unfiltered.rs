//! FW-005: IPv6 is in use and not filtered.

use std::net::IpAddr;

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::{Door, Meaning};
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "FW-005",
    name: "ipv6-unfiltered",
    severity: Severity::Warning,
    summary: "IPv6 is in use and not filtered.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Warns of `firewall.ipv6: false` while the host has an IPv6 address or a listener has one.",
        why: "Every service of the host is then open over IPv6, whatever is shut over IPv4. Scanners try both.",
        example: "firewall: { ipv6: false }",
        instead: "firewall: { ipv6: true }",
        ignore: "When another filter does IPv6 for this host: `allow: [{ code: FW-005, reason: ... }]`.",
    },
    references: &["RFC 7123 §2", "docker-mailserver documentation, IPv6"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    let Some(off) = meaning.config.firewall.as_ref().and_then(|f| f.ipv6.as_ref()).filter(|v| !v.value) else { return };
    let host = meaning.config.host.addresses.iter().find(|a| a.value.0.is_ipv6()).map(|a| &a.span);
    let reached = |a: &IpAddr| a.is_ipv6() && !a.is_loopback();
    let door = || meaning.listeners.iter().find(|d| d.addresses.iter().any(reached)).map(Door::port_span);
    let Some(span) = host.or_else(door) else { return };
    let finding = Finding::at(RULE.code, &off.span, "everything is open over IPv6")
        .related(span, "reached over IPv6")
        .detail("The rules would be for IPv4 alone, and the same services answer over IPv6.")
        .fix("remove `ipv6`, whose default is true")
        .edit(&off.span, "true");
    out.push(finding);
}
