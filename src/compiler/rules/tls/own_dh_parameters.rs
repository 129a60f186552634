//! TLS-006: Diffie-Hellman parameters of one's own are configured.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "TLS-006",
    name: "own-dh-parameters",
    severity: Severity::Warning,
    summary: "Diffie-Hellman parameters of one's own are configured.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Warns of `tls.dh_parameters`, whatever the file holds.",
        why: "Self-made groups are a habit of the years before RFC 7919. This server agrees on keys over \
            elliptic curves, and reads no such file; a wrong group would be weaker than none.",
        example: "tls: { dh_parameters: tls/dh.pem }",
        instead: "tls: { profile: intermediate }",
        ignore: "There is no need to: remove the key, and nothing changes.",
    },
    references: &["RFC 7919 §1", "RFC 9325 §4.1", "docker-mailserver documentation, Custom DH Parameters"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    let Some(file) = meaning.config.tls.as_ref().and_then(|t| t.dh_parameters.as_ref()) else { return };
    let finding = Finding::at(RULE.code, &file.span, "read by nobody")
        .detail("Keys are agreed on over elliptic curves; no handshake of this server uses the file.")
        .fix("remove `dh_parameters`");
    out.push(finding);
}
