//! TLS-013: A domain is excepted from encryption without a reason.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::config::section::outbound::OutboundTls;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "TLS-013",
    name: "weaker-policy-without-reason",
    severity: Severity::Error,
    summary: "A domain is excepted from encryption without a reason.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Wants `reason` in `outbound.policies` where `tls` is weaker than the general rule of \
            `outbound.tls`.",
        why: "Exceptions outlive the trouble that they were made for. The reason tells the next reader when this \
            one can go.",
        example: "outbound: { policies: { example.net: { tls: none } } }",
        instead: r#"outbound: { policies: { example.net: { tls: none, reason: "handshake fails since March; told their postmaster" } } }"#,
        ignore: "Never; `reason` is the key that says it aloud.",
    },
    references: &["RFC 7435 §3", "docs/language.md"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    let Some(outbound) = &meaning.config.outbound else { return };
    let strength = |tls: OutboundTls| match tls {
        OutboundTls::None => 0,
        OutboundTls::Opportunistic => 1,
        OutboundTls::Required => 2,
    };
    let general = outbound.tls.as_ref().map_or(OutboundTls::Opportunistic, |t| t.value);
    for (domain, policy) in outbound.policies.iter().flat_map(|p| p.iter()) {
        if strength(policy.tls.value) >= strength(general) || policy.reason.is_some() {
            continue;
        }
        let mut finding = Finding::at(RULE.code, &policy.tls.span, "weaker, and nobody knows why")
            .detail(format!("Mail to `{}` is protected less than mail to everybody else.", domain.value))
            .fix("add reason: \"...\", or remove the policy");
        if let Some(rule) = &outbound.tls {
            finding = finding.related(&rule.span, "the general rule");
        }
        out.push(finding);
    }
}
