//! TLS-003: Only TLS 1.3 is accepted from other servers.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::config::section::listeners::Service;
use crate::compiler::config::section::tls::Version;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "TLS-003",
    name: "tls-1-3-only-for-servers",
    severity: Severity::Warning,
    summary: "Only TLS 1.3 is accepted from other servers.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Warns of `tls.min_version: \"1.3\"` while there is an `smtp` listener.",
        why: "A sending server that cannot agree on a version falls back to clear text, which is worse than TLS 1.2.",
        example: r#"tls: { min_version: "1.3" }"#,
        instead: r#"tls: { min_version: "1.2" }"#,
        ignore: "When you have read why it matters and decided otherwise: `allow: [{ code: TLS-003, reason: ... }]`.",
    },
    references: &["RFC 7435 §3"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    let Some(version) = meaning.config.tls.as_ref().and_then(|t| t.min_version.as_ref()) else { return };
    if version.value == Version::V1_3 && meaning.listeners.iter().any(|d| d.service == Some(Service::Smtp)) {
        let finding = Finding::at(RULE.code, &version.span, "older senders fall back to clear text")
            .detail(
                "On port 25 TLS is an offer. A sender that only speaks TLS 1.2 does not give up: it sends without TLS.",
            )
            .fix("min_version: \"1.2\"");
        out.push(finding);
    }
}
