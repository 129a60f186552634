//! DKIM-002: A DKIM key is too short, or longer than receivers like.

use crate::compiler::config::finding::Finding;
use crate::compiler::rules::Evidence;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "DKIM-002",
    name: "dkim-key-size",
    severity: Severity::Error,
    summary: "A DKIM key is too short, or longer than receivers like.",
    check: Check::Material(check),
    explanation: Explanation {
        what: "Measures RSA keys in files: less than 2048 bits is an error, because the server does not sign with \
            them; more is a warning.",
        why: "Short keys have been broken; receivers ignore signatures with less than 1024 bits. Keys of 4096 bits \
            make records that some name servers and web forms cannot hold, and some verifiers refuse them.",
        example: "domains:
  example.org: { dkim: { s2026: { key: { file: keys/rsa1024.pem } } } }",
        instead: "domains:
  example.org: { dkim: { s2026: { key: { file: keys/rsa2048.pem } } } }",
        ignore: "A short key never. A long one when its record is published and mail verifies at the receivers that \
            matter to you.",
    },
    references: &["RFC 8301 §3.2", "RFC 6376 §3.3.3"],
};

const BITS: usize = 2_048;

fn check(evidence: &Evidence<'_>, out: &mut Vec<Finding>) {
    for material in &evidence.material.dkim {
        let Some(bits) = material.rsa_bits.filter(|bits| *bits != BITS) else { continue };
        let finding = Finding::at(RULE.code, &material.path.span, format!("{bits} bits")).fix(format!(
            "openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:{BITS} -out FILE, under a new selector"
        ));
        out.push(if bits < BITS {
            finding.detail(format!("The key of `{}` has {bits} bits; {BITS} are wanted.", material.selector))
        } else {
            finding.severity(Severity::Warning).detail(format!(
                "The key of `{}` has {bits} bits. {BITS} are safe, fit into a record everywhere, and verify everywhere.",
                material.selector
            ))
        });
    }
}
