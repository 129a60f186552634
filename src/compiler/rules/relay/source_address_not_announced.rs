//! RLY-023: Mail leaves from an address that the host does not announce.

use std::collections::BTreeSet;
use std::net::IpAddr;

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;
use crate::vocabulary::network::Network;

pub const RULE: Rule = Rule {
    code: "RLY-023",
    name: "source-address-not-announced",
    severity: Severity::Warning,
    summary: "Mail leaves from an address that the host does not announce.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Compares `outbound.source_addresses` with `host.addresses`, private addresses apart.",
        why: "SPF, the A and AAAA records and reverse DNS are made from `host.addresses`. Mail from another \
            address fails the checks that these records are there for.",
        example: "outbound: { source_addresses: [198.51.100.7] }",
        instead: "outbound: { source_addresses: [192.0.2.10] }",
        ignore: "When the address has its own name, reverse name and SPF mechanism: `allow: [{ code: RLY-023, \
            reason: ... }]`.",
    },
    references: &["RFC 7208 §5.3", "RFC 1912 §2.1"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    if meaning.lab() {
        return;
    }
    let ours: BTreeSet<IpAddr> = meaning.host_addresses().collect();
    let sources = meaning.config.outbound.iter().flat_map(|o| o.source_addresses.iter().flatten());
    for source in sources.filter(|s| !ours.contains(&s.value.0) && !Network::from(s.value.0).is_private()) {
        let finding = Finding::at(RULE.code, &source.span, "none of `host.addresses`")
            .related(&meaning.config.host.addresses.span, "SPF and reverse DNS are made from these")
            .detail(format!("Receivers find no record that says that `{}` sends for you.", source.value.0))
            .fix(format!("add {} to host.addresses, or send from one that is there", source.value.0));
        out.push(finding);
    }
}
