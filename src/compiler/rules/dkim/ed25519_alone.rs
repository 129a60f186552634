//! DKIM-003: A domain signs with Ed25519 only.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::records::dkim::{self, Keys};
use crate::compiler::rules::Evidence;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;
use crate::plan::document::DkimAlgorithm;

pub const RULE: Rule = Rule {
    code: "DKIM-003",
    name: "ed25519-alone",
    severity: Severity::Warning,
    summary: "A domain signs with Ed25519 only.",
    check: Check::Material(check),
    explanation: Explanation {
        what: "Looks at the algorithms of the selectors that sign: those of key files, and those of keys that the \
            server makes.",
        why: "Many receivers do not know Ed25519 and treat such mail as unsigned. A second signature with RSA costs \
            a few hundred octets.",
        example: "domains:
  example.org: { dkim: { s2026: { algorithm: ed25519-sha256 } } }",
        instead: "domains:
  example.org: { dkim: { s2026: { algorithm: ed25519-sha256 }, r2026: { algorithm: rsa-sha256 } } }",
        ignore: "When all receivers of the domain are known to verify Ed25519, as within one organisation.",
    },
    references: &["RFC 8463 §6", "RFC 8301 §3.1"],
};

fn check(evidence: &Evidence<'_>, out: &mut Vec<Finding>) {
    let keys = Keys::of(evidence.material);
    for domain in &evidence.meaning.domains {
        let Some(written) = dkim::written(domain.settings) else { continue };
        let signing: Vec<_> =
            dkim::selectors(domain.name, domain.settings, &keys).into_iter().filter(|s| s.signs).collect();
        // A key that could not be read may be an RSA key.
        let unread = evidence.material.dkim.len() > signing.len() && written.iter().count() > signing.len();
        let Some(first) = signing.first().filter(|_| !unread) else { continue };
        if signing.iter().any(|s| s.planned.algorithm == DkimAlgorithm::RsaSha256) {
            continue;
        }
        let finding = Finding::at(RULE.code, first.span.unwrap_or(domain.span), "Ed25519, and no RSA beside it")
            .detail(format!("Receivers that know RSA only see mail of `{}` as unsigned.", domain.name))
            .fix("add a selector with `algorithm: rsa-sha256`");
        out.push(finding);
    }
}
