//! CERT-011: The authority would write to the server that is in trouble.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "CERT-011",
    name: "contact-depends-on-this-server",
    severity: Severity::Warning,
    summary: "The authority would write to the server that is in trouble.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Warns where `acme.contact` is an address in one of the domains of this file.",
        why: "It is told of problems with certificates. If the certificate here has expired, that mail may not \
            arrive either.",
        example: "certificates: { acme: { contact: hello@example.org } }",
        instead: "certificates: { acme: { contact: admin@example.net } }",
        ignore: "When expiry is watched in another way as well: `allow: [{ code: CERT-011, reason: ... }]`.",
    },
    references: &["RFC 8555 §7.1.2", "mjl-/mox: ContactEmail"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    let Some(acme) = meaning.certificates.acme() else { return };
    let Some(contact) = acme.contact.as_ref().filter(|_| meaning.role().receives()) else { return };
    let domain = meaning.domains.iter().find(|d| *d.name == contact.value.0.domain);
    let Some(domain) = domain else { return };
    let finding = Finding::at(RULE.code, &contact.span, "received here")
        .related(domain.span, "a domain of this server")
        .detail(format!("`{}` is received by the server whose certificate it is about.", contact.value.0))
        .fix("name an address elsewhere");
    out.push(finding);
}
