//! DANE-005: No published TLSA record matches the key that is served.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::records::tlsa;
use crate::compiler::rules::Evidence;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "DANE-005",
    name: "tlsa-matches-no-key",
    severity: Severity::Error,
    summary: "No published TLSA record matches the key that is served.",
    check: Check::Material(check),
    explanation: Explanation {
        what: "Compares the TLSA records of this host, ours and those among `records`, with the certificates in \
            files.",
        why: "Senders that use DANE refuse to deliver: for them the host is an impostor.",
        example: "domains:
  example.org:
    dnssec: signed
    tls_rpt: {}
    dane: { publish: false }
    records: [{ name: _25._tcp.mail, type: TLSA, value: 3 1 1 0000000000000000000000000000000000000000000000000000000000000000 }]",
        instead: "domains:
  example.org: { dnssec: signed, tls_rpt: {} }",
        ignore: "Never: remove the record and let it be made from the key.",
    },
    references: &["RFC 7672 §2.2", "RFC 7671 §8.1", "mail-in-a-box/mailinabox#172"],
};

fn check(evidence: &Evidence<'_>, out: &mut Vec<Finding>) {
    let records = tlsa::published(evidence.records, evidence.meaning.host().as_str());
    let Some(first) = records.first() else { return };
    let served = tlsa::served(evidence.material, evidence.meaning.host());
    if served.is_empty() || served.iter().any(|leaf| records.iter().any(|r| tlsa::matches(&r.record.data, leaf))) {
        return;
    }
    let key = served.first().map_or_else(String::new, |leaf| leaf.spki_sha256());
    let chain = evidence.material.certificates.first().map_or(first.span, |c| c.chain_span());
    let finding = Finding::at(RULE.code, first.span, "another key")
        .related(chain, "is served")
        .detail("None of the TLSA records of this host matches a certificate that it serves.")
        .fix(format!("value: 3 1 1 {key}"));
    out.push(finding);
}
