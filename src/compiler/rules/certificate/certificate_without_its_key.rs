//! CERT-001: A certificate and its private key do not belong together.

use crate::compiler::config::finding::Finding;
use crate::compiler::rules::Evidence;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "CERT-001",
    name: "certificate-without-its-key",
    severity: Severity::Error,
    summary: "A certificate and its private key do not belong together.",
    check: Check::Material(check),
    explanation: Explanation {
        what: "Compares the public key in the certificate with that of the private key.",
        why: "Every TLS handshake would fail. It happens when a certificate was renewed and only one of the two files \
            was copied.",
        example: "certificates:
  files: [{ chain: tls/good.pem, key: tls/other.key }]",
        instead: "certificates:
  files: [{ chain: tls/good.pem, key: tls/good.key }]",
        ignore: "Never: no handshake can succeed with this pair. With several entries in `files`, look whether two of them were mixed up.",
    },
    references: &["RFC 8446 §4.4.3"],
};

fn check(evidence: &Evidence<'_>, out: &mut Vec<Finding>) {
    for certificate in &evidence.material.certificates {
        let (Ok(leaf), Ok(key)) = (&certificate.leaf, &certificate.key) else { continue };
        if leaf.spki != *key {
            let files = certificate.files;
            let finding = Finding::at(RULE.code, &files.key.span, "another key")
                .related(&files.chain.span, "the certificate")
                .detail(format!(
                    "The key in `{}` is not the one that `{}` certifies.",
                    files.key.value.0.display(),
                    files.chain.value.0.display()
                ))
                .fix("copy both files from the same renewal; the server's certificate comes first in `chain`");
            out.push(finding);
        }
    }
}
