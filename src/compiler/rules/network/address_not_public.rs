//! NET-009: An address of the host cannot be reached from the Internet.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;
use std::net::IpAddr;

pub const RULE: Rule = Rule {
    code: "NET-009",
    name: "address-not-public",
    severity: Severity::Error,
    summary: "An address of the host cannot be reached from the Internet.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Refuses loopback, unspecified, link-local, multicast and private addresses in `host.addresses`. `profile: \
            lab` allows them.",
        why: "The addresses go into A, AAAA and SPF records. Behind NAT, name the public address of the router; \
            listeners bind local addresses by themselves.",
        example: "host: { name: mail.example.org, addresses: [192.168.1.10] }",
        instead: "host: { name: mail.example.org, addresses: [192.0.2.10] }",
        ignore: "Never on the Internet. Behind NAT write the public address and `nat: true`; for a test write \
            `profile: lab`.",
    },
    references: &["RFC 1918", "RFC 4193", "RFC 6890", "RFC 6598 §7"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    if meaning.lab() {
        return;
    }
    for address in meaning.config.host.addresses.iter() {
        let Some(kind) = unreachable_kind(address.value.0) else { continue };
        let finding = Finding::at(RULE.code, &address.span, format!("{kind} address"))
            .detail(format!(
                "`{}` is a {kind} address; nobody on the Internet reaches it, and it must not be published.",
                address.value.0
            ))
            .fix("write the public address (behind NAT that of the router, with nat: true), or `profile: lab` for a test");
        out.push(finding);
    }
}

fn unreachable_kind(address: IpAddr) -> Option<&'static str> {
    let address = address.to_canonical();
    match address {
        a if a.is_loopback() => Some("loopback"),
        a if a.is_unspecified() => Some("wildcard"),
        a if a.is_multicast() => Some("multicast"),
        IpAddr::V4(a) if a.is_link_local() => Some("link-local"),
        IpAddr::V4(a) if a.is_private() => Some("private"),
        IpAddr::V4(a) if a.is_broadcast() => Some("broadcast"),
        // RFC 6598: 100.64.0.0/10, between a provider and its customers.
        IpAddr::V4(a) if a.octets()[0] == 100 && a.octets()[1] & 0xc0 == 64 => Some("carrier-NAT"),
        IpAddr::V6(a) if a.is_unicast_link_local() => Some("link-local"),
        IpAddr::V6(a) if a.is_unique_local() => Some("private"),
        _ => None,
    }
}
