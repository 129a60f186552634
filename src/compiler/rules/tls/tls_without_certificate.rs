//! TLS-001: Listeners need TLS and no certificate is configured.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::finding::listed;
use crate::compiler::config::meaning::CertificateChoice;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::config::section::listeners::TlsWord;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "TLS-001",
    name: "tls-without-certificate",
    severity: Severity::Error,
    summary: "Listeners need TLS and no certificate is configured.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Wants `certificates` to name files, `acme`, or `self_signed: true` when it is written down at \
            all.",
        why: "Without a certificate no TLS handshake succeeds, and without TLS no user can log in.",
        example: "certificates: {}",
        instead: "profile: lab
certificates: { self_signed: true }",
        ignore: "Never: without a certificate nobody can log in. `acme`, `files` or `self_signed: true` each \
            give one.",
    },
    references: &["RFC 8446 §4.4.2"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    let CertificateChoice::Nothing(span) = meaning.certificates else { return };
    let needy: Vec<&str> = meaning.listeners.iter().filter(|d| d.tls != TlsWord::None).map(|d| d.name).collect();
    if !needy.is_empty() {
        let finding = Finding::at(RULE.code, span, "no certificate")
            .detail(format!("The listeners {} speak TLS and have no certificate to show.", listed(needy, "and")))
            .fix("certificates: { files: [{ chain: fullchain.pem, key: privkey.pem }] }");
        out.push(finding);
    }
}
