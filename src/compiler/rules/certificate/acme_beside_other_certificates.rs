//! CERT-016: An authority is named and never asked for a certificate.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::{CertificateChoice, Meaning};
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "CERT-016",
    name: "acme-beside-other-certificates",
    severity: Severity::Error,
    summary: "An authority is named and never asked for a certificate.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Refuses `certificates.acme` beside `files`, or beside `self_signed: true`.",
        why: "Files come first, then a certificate that the server signs itself; the authority is asked only where there \
            is neither. Whoever waits for its certificate, or for its renewal, waits for ever.",
        example: "certificates: { files: [{ chain: tls/good.pem, key: tls/good.key }], \
            acme: { names: [imap.example.org] } }",
        instead: "certificates: { acme: { names: [imap.example.org] } }",
        ignore: "Never: take one of them out, so that it is plain who issues what is served.",
    },
    references: &["docs/language.md"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    let section = meaning.config.certificates.as_ref();
    let Some(acme) = section.and_then(|c| c.acme.as_ref()) else { return };
    let (span, label) = match &meaning.certificates {
        CertificateChoice::Files { files, .. } => {
            let Some(first) = files.first() else { return };
            (&first.span, "served instead")
        }
        CertificateChoice::SelfSigned(span) => (*span, "made instead"),
        CertificateChoice::Acme(_) | CertificateChoice::Nothing(_) | CertificateChoice::Unsaid => return,
    };
    let finding = Finding::at(RULE.code, &acme.span, "never asked")
        .related(span, label)
        .detail("Certificates come from one source: from the files, from the server itself, or from the authority.")
        .fix("remove `acme`, or what stands beside it");
    out.push(finding);
}
