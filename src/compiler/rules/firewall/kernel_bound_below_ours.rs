//! FW-008: The firewall counts connections more strictly than the server.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::{Meaning, limits};
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "FW-008",
    name: "kernel-bound-below-ours",
    severity: Severity::Warning,
    summary: "The firewall counts connections more strictly than the server.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Warns when `firewall.connections_per_minute_max` is smaller than \
            `limits.connections_per_source_max` (default 50).",
        why: "The kernel then drops packets of an address long before the server would answer it with a reason. \
            An office behind one address, or a large provider with a burst of mail, sees time-outs that nobody \
            can explain.",
        example: "firewall: { connections_per_minute_max: 10 }",
        instead: "firewall: { connections_per_minute_max: 100 }",
        ignore: "When the server is small and you have seen who connects: set \
            `limits.connections_per_source_max` to match, or `allow: [{ code: FW-008, reason: ... }]`.",
    },
    references: &["docker-mailserver#523"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    let firewall = meaning.config.firewall.as_ref();
    let Some(rate) = firewall.and_then(|f| f.connections_per_minute_max.as_ref()) else { return };
    let ours = limits(meaning.config).connections_per_source_max;
    if rate.value >= ours {
        return;
    }
    let mut finding = Finding::at(RULE.code, &rate.span, "reached first")
        .detail(format!(
            "The server lets one address have {ours} connections at once; the kernel would drop number {} that it opens within a minute.",
            rate.value.saturating_add(1)
        ))
        .fix(format!("connections_per_minute_max: {}", ours.saturating_mul(2)));
    let written = meaning.config.limits.as_ref().and_then(|l| l.connections_per_source_max.as_ref());
    if let Some(written) = written {
        finding = finding.related(&written.span, "the server's own bound");
    }
    out.push(finding);
}
