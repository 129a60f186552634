//! PORT-015: An address is published that no inbound listener serves.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::config::section::listeners::Service;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "PORT-015",
    name: "address-family-not-served",
    severity: Severity::Warning,
    summary: "An address is published that no inbound listener serves.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Warns when `host.addresses` has IPv6 (or IPv4) addresses and no `smtp` listener binds that family.",
        why: "The plan publishes A and AAAA records for all addresses of the host. Senders try IPv6 first and would be \
            refused.",
        example: "listeners: { smtp: { addresses: [0.0.0.0] }, submissions: {}, imaps: {} }",
        instead: "listeners: { smtp: {}, submissions: {}, imaps: {} }",
        ignore: "When you have read why it matters and decided otherwise: `allow: [{ code: PORT-015, reason: ... }]`.",
    },
    references: &["RFC 5321 §5.2", "docker-mailserver#1438"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    let inbound: Vec<_> = meaning.listeners.iter().filter(|d| d.service == Some(Service::Smtp)).collect();
    let Some(first) = inbound.first() else { return };
    for (v6, family, record) in [(false, "IPv4", "A"), (true, "IPv6", "AAAA")] {
        let published = meaning.config.host.addresses.iter().find(|a| a.value.0.is_ipv6() == v6);
        let served = inbound.iter().any(|d| d.addresses.iter().any(|a| a.is_ipv6() == v6));
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
