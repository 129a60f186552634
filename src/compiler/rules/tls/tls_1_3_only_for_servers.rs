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
        what: "Warns of an `smtp` listener that takes only TLS 1.3, by `tls.min_version` or by its own \
            `tls_min_version`.",
        why: "A sending server that cannot agree on a version falls back to clear text, which is worse than TLS 1.2.",
        example: r#"tls: { min_version: "1.3" }"#,
        instead: r#"tls: { min_version: "1.2" }"#,
        ignore: "When every server that delivers here is known to speak 1.3: `allow: [{ code: TLS-003, reason: \
            ... }]`. To have 1.3 for people alone write `profile: modern`, or `tls_min_version: \"1.2\"` at the \
            listener `smtp`.",
    },
    references: &["RFC 7435 §3", "RFC 9325 §3.1.1"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    let general = meaning.config.tls.as_ref().and_then(|t| t.min_version.as_ref());
    let mut said = false;
    for door in meaning.listeners.iter().filter(|d| d.service == Some(Service::Smtp)) {
        let own = door.settings.and_then(|s| s.tls_min_version.as_ref());
        let Some(version) = own.or(general).filter(|v| v.value == Version::V1_3) else { continue };
        // The general setting is one mistake, however many listeners follow it.
        if own.is_none() && std::mem::replace(&mut said, true) {
            continue;
        }
        let mut finding = Finding::at(RULE.code, &version.span, "older senders fall back to clear text").detail(
            "On port 25 TLS is an offer. A sender that only speaks TLS 1.2 does not give up: it sends without TLS.",
        );
        finding = match own {
            Some(_) => finding.fix("tls_min_version: \"1.2\"").edit(&version.span, "\"1.2\""),
            None => finding.fix("tls: { profile: modern }, which leaves 1.2 to other servers; or tls_min_version: \"1.2\" at the listener"),
        };
        out.push(finding);
    }
}
