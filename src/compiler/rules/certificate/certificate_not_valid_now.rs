//! CERT-002: A certificate has expired, is not valid yet, or expires soon.

use crate::compiler::config::finding::Finding;
use crate::compiler::rules::Evidence;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::clock::Timestamp;
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "CERT-002",
    name: "certificate-not-valid-now",
    severity: Severity::Error,
    summary: "A certificate has expired, is not valid yet, or expires soon.",
    check: Check::Material(check),
    explanation: Explanation {
        what: "Compares the validity of each certificate with the clock: an error outside of it, a warning in its last \
            21 days.",
        why: "Clients refuse an expired certificate, and users learn to click warnings away.",
        example: "certificates:
  files: [{ chain: tls/expired.pem, key: tls/expired.key }]",
        instead: "certificates:
  files: [{ chain: tls/good.pem, key: tls/good.key }]",
        ignore: "An expired certificate never. The warning may stay while a renewal is certain to come in time: \
            `allow: [{ code: CERT-002, reason: ... }]`. Where plans are made on a machine with a wrong clock, set the clock.",
    },
    references: &["RFC 5280 §4.1.2.5"],
};

fn check(evidence: &Evidence<'_>, out: &mut Vec<Finding>) {
    const WARNING_SECONDS: i64 = 21 * 86_400;
    let now = evidence.inputs.now.seconds();
    let date = |seconds: i64| Timestamp(seconds.saturating_mul(1000)).rfc3339();
    for certificate in &evidence.material.certificates {
        let Ok(leaf) = &certificate.leaf else { continue };
        let finding = Finding::at(RULE.code, certificate.chain_span(), "look at its dates");
        let finding = if now < leaf.not_before {
            finding.detail(format!(
                "It is valid from {} on, which is in the future. Is the clock right?",
                date(leaf.not_before)
            ))
        } else if now >= leaf.not_after {
            finding.detail(format!("It expired at {}.", date(leaf.not_after)))
        } else if leaf.not_after - now < WARNING_SECONDS {
            finding.severity(Severity::Warning).detail(format!("It expires at {}.", date(leaf.not_after)))
        } else {
            continue;
        };
        out.push(finding.fix(if now < leaf.not_before {
            "set the clock, or use the certificate that is valid now"
        } else {
            "renew it, and look why that did not happen by itself"
        }));
    }
}
