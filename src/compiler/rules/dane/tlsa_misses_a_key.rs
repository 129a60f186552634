//! DANE-008: A TLSA record is missing for one of several keys.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::records::tlsa;
use crate::compiler::rules::Evidence;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "DANE-008",
    name: "tlsa-misses-a-key",
    severity: Severity::Warning,
    summary: "A TLSA record is missing for one of several keys.",
    check: Check::Material(check),
    explanation: Explanation {
        what: "Where some of the certificates for this host match a TLSA record: wants one for each of them.",
        why: "Which certificate a sender sees depends on what it supports. One that gets the other key refuses to \
            deliver.",
        example: "certificates:
  files: [{ chain: tls/good.pem, key: tls/good.key }, { chain: tls/host-only.pem, key: tls/host-only.key }]
domains:
  example.org:
    dnssec: signed
    tls_rpt: {}
    dane: { publish: false }
    records: [{ name: _25._tcp.mail, type: TLSA, value: 3 1 1 9c0dbff4826a930fb4f6ba09e7b6b061879f149ff04173b8e390a57157d90ac3 }]",
        instead: "domains:
  example.org: { dnssec: signed, tls_rpt: {} }",
        ignore: "Never for long: leave the records to be made, one for each key.",
    },
    references: &["RFC 7671 §8.4", "mjl-/mox: records for both key types"],
};

fn check(evidence: &Evidence<'_>, out: &mut Vec<Finding>) {
    let records = tlsa::published(evidence.records, evidence.meaning.host().as_str());
    let Some(first) = records.first() else { return };
    let served = tlsa::served(evidence.material, evidence.meaning.host());
    let (named, missed): (Vec<_>, Vec<_>) =
        served.into_iter().partition(|leaf| records.iter().any(|r| tlsa::matches(&r.record.data, leaf)));
    let Some(leaf) = missed.first().filter(|_| !named.is_empty()) else { return };
    let certificates = evidence.material.certificates.iter();
    let file = certificates.into_iter().find(|c| c.leaf.as_ref().is_ok_and(|l| l.spki == leaf.spki));
    let finding = Finding::at(RULE.code, file.map_or(first.span, |c| c.chain_span()), "its key is not in TLSA")
        .related(first.span, "the record of another key")
        .detail("Senders that get this certificate would refuse.")
        .fix(format!("one more record: 3 1 1 {}", leaf.spki_sha256()));
    out.push(finding);
}
