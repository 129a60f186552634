//! DANE-007: A renewal may change the key that TLSA records name.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::CertificateChoice;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::config::records::tlsa;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "DANE-007",
    name: "renewal-may-change-the-key",
    severity: Severity::Warning,
    summary: "A renewal may change the key that TLSA records name.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Where TLSA records are published and certificates come from files: wants `key_reuse: true` at each, \
            which says that whoever renews them keeps the key.",
        why: "Most tools make a new key at each renewal. The record then matches nothing from one minute to the \
            next, and mail from senders with DANE stops.",
        example: "domains: { example.org: { dnssec: signed, tls_rpt: {} } }",
        instead: "certificates:
  files: [{ chain: tls/good.pem, key: tls/good.key, key_reuse: true }]
domains: { example.org: { dnssec: signed, tls_rpt: {} } }",
        ignore: "When renewals are done by hand, each with its records first.",
    },
    references: &["RFC 7671 §8.1", "virtualmin#1207", "mailcow#2525"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    let CertificateChoice::Files { files, .. } = &meaning.certificates else { return };
    let wanting = tlsa::wanting(meaning);
    let Some(first) = wanting.first() else { return };
    for file in files {
        let (span, text) = match &file.key_reuse {
            Some(reuse) if reuse.value => continue,
            Some(reuse) => (&reuse.span, "each renewal changes the records"),
            None => (&file.key.span, "is it kept?"),
        };
        let finding = Finding::at(RULE.code, span, text)
            .related(first.span, "TLSA records are published")
            .detail("TLSA records name the key. A renewal with a new one makes senders with DANE refuse.")
            .fix("tell the tool to keep the key (certbot: --reuse-key), and say so: key_reuse: true");
        out.push(finding);
    }
}
