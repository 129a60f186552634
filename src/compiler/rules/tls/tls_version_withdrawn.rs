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
        what: "Refuses `tls.min_version` below 1.2, which this server does not speak at all.",
        why: "TLS 1.0 and 1.1 rest on SHA-1 and MD5. No program that still receives updates needs them.",
        example: r#"tls: { min_version: "1.0" }"#,
        instead: r#"tls: { min_version: "1.2" }"#,
        ignore: "Never: it is an error, and no plan is made with it.",
    },
    references: &["RFC 8996", "RFC 8997 §3"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    let Some(version) = meaning.config.tls.as_ref().and_then(|t| t.min_version.as_ref()) else { return };
    if version.value < Version::V1_2 {
        let finding = Finding::at(RULE.code, &version.span, "withdrawn in 2021")
            .detail("TLS 1.0 and 1.1 must not be negotiated any more, and this server does not speak them.")
            .fix("min_version: \"1.2\"")
            .edit(&version.span, "\"1.2\"");
        out.push(finding);
    }
}
