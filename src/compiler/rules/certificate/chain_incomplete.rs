//! CERT-003: A chain file holds the certificate of the host alone.

use crate::compiler::config::finding::Finding;
use crate::compiler::rules::Evidence;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "CERT-003",
    name: "chain-incomplete",
    severity: Severity::Warning,
    summary: "A chain file holds the certificate of the host alone.",
    check: Check::Material(check),
    explanation: Explanation {
        what: "Counts the certificates in `chain`. One that another authority has issued should be followed by the \
            intermediate ones.",
        why: "Clients know the root and must be given what lies between. Some find it elsewhere, many fail, so that \
            it works for you and not for others.",
        example: "certificates:
  files: [{ chain: tls/leaf-alone.pem, key: tls/leaf-alone.key }]",
        instead: "certificates:
  files: [{ chain: tls/good.pem, key: tls/good.key }]",
        ignore: "When a private root has issued the certificate itself, and every client has that root.",
    },
    references: &["RFC 8446 §4.4.2", "RFC 5246 §7.4.2"],
};

fn check(evidence: &Evidence<'_>, out: &mut Vec<Finding>) {
    for certificate in &evidence.material.certificates {
        let Ok(leaf) = &certificate.leaf else { continue };
        if leaf.chain.len() > 1 || leaf.self_issued {
            continue;
        }
        let finding = Finding::at(RULE.code, certificate.chain_span(), "one certificate")
            .detail("The intermediate certificates are missing; clients that do not have them fail.")
            .fix("name the file with the full chain (certbot: fullchain.pem)");
        out.push(finding);
    }
}
