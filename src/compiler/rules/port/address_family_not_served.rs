//! PORT-015: An address is published that no inbound listener serves.

use std::net::IpAddr;

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::{Door, Meaning};
use crate::compiler::config::section::listeners::Service;
use crate::compiler::config::topology;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "PORT-015",
    name: "address-family-not-served",
    severity: Severity::Warning,
    summary: "An address is published that no inbound listener serves.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Warns when `host.addresses` has IPv6 (or IPv4) addresses and no `smtp` listener on port 25 binds \
            that family from outside, unless the addresses belong to a router (`nat`) or the ports of a \
            container are published.",
        why: "The plan publishes A and AAAA records for all addresses of the host. Senders try IPv6 first and would be \
            refused.",
        example: "listeners: { smtp: { addresses: [0.0.0.0] }, submissions: {}, imaps: {} }",
        instead: "listeners: { smtp: {}, submissions: {}, imaps: {} }",
        ignore: "While an address is being moved: `allow: [{ code: PORT-015, path: host.addresses, reason: ... \
            }]`. Behind a router, load balancer or container engine write `nat: true` or `runtime`, which say \
            that the ports are mapped.",
    },
    references: &["RFC 5321 §5.2", "docker-mailserver#1438", "docker-mailserver documentation, IPv6"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    let mapped =
        meaning.config.host.nat.as_ref().is_some_and(|n| n.value) || topology::bridged(meaning.config).is_some();
    if mapped || !meaning.role().receives() {
        return;
    }
    const SMTP_PORT: u16 = 25;
    let receives = |d: &&Door<'_>| d.service == Some(Service::Smtp) && (d.public_port() == SMTP_PORT || meaning.lab());
    let inbound: Vec<_> = meaning.listeners.iter().filter(receives).collect();
    let reached = |a: &IpAddr| !a.is_loopback() || meaning.lab();
    let Some(first) = inbound.first() else { return };
    for (v6, family, record) in [(false, "IPv4", "A"), (true, "IPv6", "AAAA")] {
        let published = meaning.config.host.addresses.iter().find(|a| a.value.0.is_ipv6() == v6);
        let served = inbound.iter().any(|d| d.addresses.iter().any(|a| a.is_ipv6() == v6 && reached(a)));
        let Some(address) = published.filter(|_| !served) else { continue };
        let finding = Finding::at(RULE.code, &address.span, format!("published as {record}"))
            .related(first.port_span(), format!("does not listen on {family}"))
            .detail(format!(
                "Senders that see the {record} record of `{}` connect over {family}, where nothing answers.",
                meaning.host()
            ))
            .fix(format!(
                "remove `addresses` of the listener to listen on all, or take the {family} address from the host"
            ));
        out.push(finding);
    }
}
