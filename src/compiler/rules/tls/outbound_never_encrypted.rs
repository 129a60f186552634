//! TLS-007: Mail to other servers would never be encrypted.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::config::section::outbound::OutboundTls;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "TLS-007",
    name: "outbound-never-encrypted",
    severity: Severity::Error,
    summary: "Mail to other servers would never be encrypted.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Refuses `outbound.tls: none` as the rule for everybody.",
        why: "Nearly all servers offer TLS. Without it every message crosses the Internet in clear text, \
            readable by everyone on the path.",
        example: "outbound: { tls: none }",
        instead: r#"outbound:
  tls: opportunistic
  policies: { example.net: { tls: none, reason: "its TLS is broken; told them in March" } }"#,
        ignore: "Never as the general rule. One broken server gets an exception with a reason: `outbound: { \
            policies: { example.net: { tls: none, reason: ... } } }`.",
    },
    references: &["RFC 7435 §3", "RFC 3207 §4", "docker-mailserver, smtp_tls_security_level = may"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    let Some(tls) = meaning.config.outbound.as_ref().and_then(|o| o.tls.as_ref()) else { return };
    if tls.value == OutboundTls::None {
        let finding = Finding::at(RULE.code, &tls.span, "all mail in clear text")
            .detail("`opportunistic` encrypts wherever the other side can, and delivers where it cannot.")
            .fix("tls: opportunistic; for one broken server: policies: { example.net: { tls: none, reason: \"...\" } }")
            .edit(&tls.span, "opportunistic");
        out.push(finding);
    }
}
