//! RLY-017: No address family is left to reach other servers.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "RLY-017",
    name: "no-address-family-left",
    severity: Severity::Error,
    summary: "No address family is left to reach other servers.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Refuses `outbound.ipv4: false` together with `ipv6: false`, and `source_addresses` that are all \
            of a family that is switched off.",
        why: "No connection could be made, and all mail to others would wait until it bounces.",
        example: "outbound: { ipv4: false, ipv6: false }",
        instead: "outbound: { ipv6: false }",
        ignore: "Never: a server that sends nothing says so with `host: { role: receive-only, ... }`.",
    },
    references: &["mjl-/mox, \"both IPv4 and IPv6 are disabled\""],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    let Some(outbound) = &meaning.config.outbound else { return };
    let v4 = outbound.ipv4.as_ref().filter(|v| !v.value);
    let v6 = outbound.ipv6.as_ref().filter(|v| !v.value);
    if let Some((v4, v6)) = v4.zip(v6) {
        let finding = Finding::at(RULE.code, &v6.span, "and nothing is left")
            .related(&v4.span, "switched off here")
            .detail("Other servers can be reached over neither IPv4 nor IPv6.")
            .fix("remove one of the two");
        out.push(finding);
        return;
    }
    let Some(off) = v4.or(v6) else { return };
    let sources: Vec<_> = outbound.source_addresses.iter().flatten().collect();
    if sources.is_empty() || sources.iter().any(|s| s.value.0.is_ipv4() != v4.is_some()) {
        return;
    }
    for source in sources {
        let finding = Finding::at(RULE.code, &source.span, "never used")
            .related(&off.span, "the family is switched off")
            .detail(format!(
                "Connections from `{}` need the family that is switched off, and there is no other.",
                source.value.0
            ))
            .fix("name an address of the other family, or remove `source_addresses`");
        out.push(finding);
    }
}
