//! DANE-012: TLSA records are wanted for a key that is not known yet.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::CertificateChoice;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::config::records::tlsa;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "DANE-012",
    name: "tlsa-of-an-unknown-key",
    severity: Severity::Warning,
    summary: "TLSA records are wanted for a key that is not known yet.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Warns of `dane.publish: true` where no certificate comes from files, so that its key is made when the \
            server starts.",
        why: "The plan cannot hold the digest of a key that does not exist, so that no TLSA record is printed.",
        example: "certificates: { acme: {} }
domains: { example.org: { dnssec: signed, dane: { publish: true }, tls_rpt: {} } }",
        instead: "domains: { example.org: { dnssec: signed, dane: { publish: true }, tls_rpt: {} } }",
        ignore: "While MTA-STS protects the domain, and you publish the record by hand from the key that the server has \
            made.",
    },
    references: &["RFC 7671 §8.1"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    if matches!(meaning.certificates, CertificateChoice::Files { .. }) {
        return;
    }
    for domain in tlsa::wanting(meaning) {
        let publish = domain.settings.and_then(|s| s.dane.as_ref()).and_then(|d| d.value.publish.as_ref());
        let Some(publish) = publish.filter(|p| p.value) else { continue };
        let section = meaning.config.certificates.as_ref().map_or(&meaning.config.host.name.span, |c| &c.span);
        let finding = Finding::at(RULE.code, &publish.span, "no key yet")
            .related(section, "makes its key later")
            .detail(format!("No TLSA record is made for `{}`: the key is not in a file.", domain.name))
            .fix("certificates: { files: [{ chain: fullchain.pem, key: privkey.pem, key_reuse: true }] }");
        out.push(finding);
    }
}
