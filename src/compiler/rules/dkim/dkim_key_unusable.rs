//! DKIM-011: A DKIM key file cannot be read, or is of another kind than the file says.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::section::leaf::OrNone;
use crate::compiler::rules::Evidence;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "DKIM-011",
    name: "dkim-key-unusable",
    severity: Severity::Error,
    summary: "A DKIM key file cannot be read, or is of another kind than the file says.",
    check: Check::Material(check),
    explanation: Explanation {
        what: "Reads the key files of DKIM selectors: PEM, PKCS#8, RSA with 2048 bits or Ed25519.",
        why: "Mail would leave unsigned, or with a signature that no receiver can verify.",
        example: "domains:
  example.org: { dkim: { s2026: { key: { file: keys/missing.pem } } } }",
        instead: "domains:
  example.org: { dkim: { s2026: { key: { file: keys/dkim.pem } } } }",
        ignore: "Never: a key that is named must be there when the plan is made, because its public half goes into DNS. Leave \
            `key` out, and the server makes one.",
    },
    references: &["RFC 6376 §3.6.1", "RFC 8301 §3.2", "RFC 8463 §4"],
};

fn check(evidence: &Evidence<'_>, out: &mut Vec<Finding>) {
    for material in &evidence.material.dkim {
        let key = match &material.key {
            Ok(key) => key,
            // DKIM-002 says that it is too short.
            Err(_) if material.rsa_bits.is_some_and(|bits| bits < 2_048) => continue,
            Err(why) => {
                let finding = Finding::at(RULE.code, &material.path.span, "cannot be used")
                    .detail(format!("The file `{}` {why}.", material.path.value.0.display()))
                    .fix("openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out FILE");
                out.push(finding);
                continue;
            }
        };
        let domain = evidence.meaning.domains.iter().find(|d| d.name == material.domain);
        let Some(OrNone::Some(selectors)) = domain.and_then(|d| d.settings?.dkim.as_ref()).map(|d| &d.value) else {
            continue;
        };
        let settings =
            selectors.iter().find(|(name, _)| name.value == material.selector).and_then(|(_, s)| s.value.as_ref());
        let Some(algorithm) = settings.and_then(|s| s.algorithm.as_ref()) else { continue };
        if algorithm.value.planned() != key.algorithm {
            let finding = Finding::at(RULE.code, &algorithm.span, "the key is of another kind")
                .related(&material.path.span, "the key")
                .detail("The algorithm follows from the key in the file, and the two disagree.")
                .fix("remove `algorithm`");
            out.push(finding);
        }
    }
}
