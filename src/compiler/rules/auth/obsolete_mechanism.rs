//! AUTH-004: A SASL mechanism needs stored passwords, or is obsolete.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "AUTH-004",
    name: "obsolete-mechanism",
    severity: Severity::Warning,
    summary: "A SASL mechanism needs stored passwords, or is obsolete.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Warns of `cram-md5`, `digest-md5`, `ntlm` and `otp` in `mechanisms` of a listener.",
        why: "CRAM-MD5 and DIGEST-MD5 work only with passwords that can be read back; whoever copies the store \
            has them all. NTLM is broken. Behind TLS, PLAIN is safe, and SCRAM better.",
        example: "listeners: { smtp: {}, submissions: { mechanisms: [plain, login, cram-md5] }, imaps: {} }",
        instead: "listeners: { smtp: {}, submissions: { mechanisms: [plain, login, scram-sha-256] }, imaps: {} }",
        ignore: "There is no need to: this server stores one-way hashes and does not offer these mechanisms. \
            Remove them.",
    },
    references: &["RFC 6331", "RFC 7677", "RFC 4616"],
};

const OBSOLETE: [&str; 4] = ["cram-md5", "digest-md5", "ntlm", "otp"];

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    let lists = meaning.listeners.iter().filter_map(|d| d.settings?.mechanisms.as_ref());
    for name in lists.flat_map(|list| list.iter()) {
        let lower = name.value.to_ascii_lowercase();
        if !OBSOLETE.contains(&lower.as_str()) {
            continue;
        }
        let finding = Finding::at(RULE.code, &name.span, "obsolete")
            .detail(format!(
                "`{lower}` needs passwords that can be read back, or is broken; this server never offers it."
            ))
            .fix("mechanisms: [plain, login, scram-sha-256]");
        out.push(finding);
    }
}
