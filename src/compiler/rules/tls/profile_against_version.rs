//! TLS-014: The TLS profile and the oldest version contradict each other.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::config::section::tls::{TlsProfile, Version};
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "TLS-014",
    name: "profile-against-version",
    severity: Severity::Warning,
    summary: "The TLS profile and the oldest version contradict each other.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Warns of `profile: modern` together with `min_version: \"1.2\"`.",
        why: "The profile says that people's programs speak TLS 1.3, the version that 1.2 is enough. One of the \
            two was left behind, and a reader cannot tell which.",
        example: r#"tls: { profile: modern, min_version: "1.2" }"#,
        instead: "tls: { profile: modern }",
        ignore: "There is no need to: remove the one that is not meant. A single listener gets its own with \
            `tls_min_version`.",
    },
    references: &["RFC 9325 §3.1.1", "docs/language.md"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    let Some(tls) = &meaning.config.tls else { return };
    let modern = tls.profile.as_ref().filter(|p| p.value == TlsProfile::Modern);
    let older = tls.min_version.as_ref().filter(|v| v.value == Version::V1_2);
    if let Some((modern, older)) = modern.zip(older) {
        let finding = Finding::at(RULE.code, &older.span, "1.2 is enough")
            .related(&modern.span, "1.3 for people")
            .detail("`modern` wants TLS 1.3 of people's programs; this line says that 1.2 is enough for them.")
            .fix("remove one of the two");
        out.push(finding);
    }
}
