//! NET-008: A container network uses addresses that are kept for documentation.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;
use crate::vocabulary::network::Network;

pub const RULE: Rule = Rule {
    code: "NET-008",
    name: "subnet-for-documentation",
    severity: Severity::Error,
    summary: "A container network uses addresses that are kept for documentation.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Refuses subnets of `2001:db8::/32`, `192.0.2.0/24`, `198.51.100.0/24` and `203.0.113.0/24` in \
            `host.runtime.subnets`.",
        why: "They are examples, copied from a manual, and routers drop them: containers would have an address \
            and no way out.",
        example: r#"host:
  name: mail.example.org
  addresses: [192.0.2.10, "2001:db8::10"]
  runtime: { kind: podman, subnets: [10.89.0.0/24, "2001:db8:1::/64"] }"#,
        instead: r#"host:
  name: mail.example.org
  addresses: [192.0.2.10, "2001:db8::10"]
  runtime: { kind: podman, subnets: [10.89.0.0/24, "fd00:89::/64"] }"#,
        ignore: "Never: take a private prefix, `fd` and 40 random bits (RFC 4193 §3.2), or one that your \
            provider routes to you.",
    },
    references: &["RFC 3849", "RFC 5737 §3", "docker-mailserver documentation, IPv6"],
};

/// RFC 3849 and RFC 5737 §3.
const DOCUMENTATION: [&str; 4] = ["192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32"];

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    let blocks: Vec<Network> = DOCUMENTATION.iter().filter_map(|text| text.parse().ok()).collect();
    let subnets = meaning.config.host.runtime.iter().flat_map(|r| r.subnets.iter().flatten());
    for subnet in subnets {
        let Some(block) = blocks.iter().find(|b| b.covers(&subnet.value.0)) else { continue };
        let finding = Finding::at(RULE.code, &subnet.span, "an example, not a network")
            .detail(format!(
                "`{}` lies in `{block}`, which is kept for documentation and routed nowhere.",
                subnet.value.0
            ))
            .fix("subnets: [\"fd00:89::/64\"], with random digits in place of 00:89");
        out.push(finding);
    }
}
