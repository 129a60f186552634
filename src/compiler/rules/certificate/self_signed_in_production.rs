//! CERT-005: A self-signed certificate is used in production.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::CertificateChoice;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "CERT-005",
    name: "self-signed-in-production",
    severity: Severity::Error,
    summary: "A self-signed certificate is used in production.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Refuses `self_signed: true` unless the profile is `lab`, and warns where `certificates` is absent, \
            because the server then signs one for itself.",
        why: "Every mail program warns of it, and users learn to click warnings away. Servers that verify certificates \
            do not deliver.",
        example: "certificates: { self_signed: true }",
        instead: "profile: lab
certificates: { self_signed: true }",
        ignore: "With `self_signed: true` never; `profile: lab` says aloud that it is a test. The warning of a file without \
            `certificates` may stay for the hour in which you try the server out yourself.",
    },
    references: &["RFC 8461 §4.2", "RFC 8314 §5.3"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    if meaning.lab() {
        return;
    }
    let finding = match &meaning.certificates {
        CertificateChoice::SelfSigned(span) => Finding::at(RULE.code, span, "clients will warn")
            .detail("Nobody can tell a self-signed certificate from that of an attacker.")
            .fix("certificates: { files: [{ chain: fullchain.pem, key: privkey.pem }] }, or `profile: lab` for a test"),
        CertificateChoice::Unsaid => {
            Finding::at(RULE.code, &meaning.config.host.name.span, "no certificate is configured for it")
                .severity(Severity::Warning)
                .detail(
                    "Without `certificates` the server makes one and signs it itself. Mail programs will warn of it.",
                )
                .fix("certificates: { files: [{ chain: fullchain.pem, key: privkey.pem }] }")
        }
        _ => return,
    };
    out.push(finding);
}
