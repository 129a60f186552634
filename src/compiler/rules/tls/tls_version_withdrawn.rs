//! TLS-002: A TLS version is accepted that the standards have withdrawn.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::config::section::tls::Version;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "TLS-002",
    name: "tls-version-withdrawn",
    severity: Severity::Error,
    summary: "A TLS version is accepted that the standards have withdrawn.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Refuses `tls.min_version` and `tls_min_version` of a listener below 1.2, which this server does \
            not speak at all.",
        why: "TLS 1.0 and 1.1 rest on SHA-1 and MD5. No program that still receives updates needs them.",
        example: r#"tls: { min_version: "1.0" }"#,
        instead: r#"tls: { min_version: "1.2" }"#,
        ignore: "Never, on port 25 neither: the server does not speak these versions, and a sender that knows \
            nothing newer falls back to clear text.",
    },
    references: &["RFC 8996 §4", "RFC 8996 §5", "RFC 8997 §3", "RFC 9325 §3.1.1"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    let general = meaning.config.tls.iter().filter_map(|t| t.min_version.as_ref());
    let own = meaning.listeners.iter().filter_map(|d| d.settings?.tls_min_version.as_ref());
    for version in general.chain(own).filter(|v| v.value < Version::V1_2) {
        let finding = Finding::at(RULE.code, &version.span, "withdrawn in 2021")
            .detail("TLS 1.0 and 1.1 must not be negotiated any more, and this server does not speak them.")
            .fix("min_version: \"1.2\"")
            .edit(&version.span, "\"1.2\"");
        out.push(finding);
    }
}
