//! CERT-016: An authority is named and never asked for a certificate.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::{CertificateChoice, Meaning};
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "CERT-016",
    name: "acme-beside-self-signed",
    severity: Severity::Error,
    summary: "An authority is named and never asked for a certificate.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Refuses `certificates.acme` beside `self_signed: true`, where there are no `files`.",
        why: "The server then signs its certificate itself. Whoever waits for the authority's waits for ever.",
        example: "profile: lab\ncertificates: { self_signed: true, acme: { names: [imap.example.org] } }",
        instead: "certificates: { acme: { names: [imap.example.org] } }",
        ignore: "Never: take one of them out, so that it is plain who issues what is served.",
    },
    references: &["docs/language.md"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    let section = meaning.config.certificates.as_ref();
    let Some(acme) = section.and_then(|c| c.acme.as_ref()) else { return };
    let CertificateChoice::SelfSigned(span) = &meaning.certificates else { return };
    let finding = Finding::at(RULE.code, &acme.span, "never asked")
        .related(span, "made instead")
        .detail("The server signs its certificate itself, and asks nobody for another.")
        .fix("remove `acme`, or `self_signed`");
    out.push(finding);
}
