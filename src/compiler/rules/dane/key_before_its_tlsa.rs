//! DANE-006: A new key waits until its TLSA record is known.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::CertificateChoice;
use crate::compiler::config::records::tlsa;
use crate::compiler::rules::Transition;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;
use crate::plan::document::{CertificateSource, DnsData, DnsRecord};
use std::collections::BTreeSet;

pub const RULE: Rule = Rule {
    code: "DANE-006",
    name: "key-before-its-tlsa",
    severity: Severity::Note,
    summary: "A new key waits until its TLSA record is known.",
    check: Check::Transition(check),
    explanation: Explanation {
        what: "Where the active plan has TLSA records for this host: says when the key of a certificate in files is not \
            among them.",
        why: "Caches hold the old records for their TTL. Senders that use DANE would see a key that matches none of \
            them, and refuse. So the server publishes the digest of the new key beside the old, waits until every name \
            server answers with both and two TTLs are over, and goes on serving the old certificate until then.",
        example: "certificates:
  files: [{ chain: tls/other.pem, key: tls/other.key }]
domains:
  example.org: { dnssec: signed, tls_rpt: {} }",
        instead: "domains:
  example.org: { dnssec: signed, tls_rpt: {}, records: [{ name: _25._tcp.mail, type: TLSA, value: 3 1 1 ... }] }",
        ignore: "When the wait is no harm: `mailctl status` shows it. Keep the old files until it is over. If the old key \
            is lost, `dane: { publish: false }` for one step withdraws the records first. Publishing the digest among \
            `records` before the certificate changes spares the wait.",
    },
    references: &["RFC 7671 §8.1", "dehydrated-io/dehydrated#920", "virtualmin#1207"],
};

fn check(transition: &Transition<'_>, out: &mut Vec<Finding>) {
    let owner = tlsa::owner(transition.meaning.host().as_str());
    let known: BTreeSet<&str> = transition.previous.dns.iter().filter_map(|r| association(r, &owner)).collect();
    let wanted: BTreeSet<&str> = transition.next.dns.iter().filter_map(|r| association(r, &owner)).collect();
    let CertificateChoice::Files { files, .. } = &transition.meaning.certificates else { return };
    if known.is_empty() || wanted.is_empty() {
        return;
    }
    for certificate in &transition.next.certificates {
        let CertificateSource::Files { chain, spki_sha256, .. } = &certificate.source else { continue };
        // Other forms than the key's own digest are compared by the records that were made for this host.
        if known.contains(spki_sha256.as_str()) || !wanted.contains(spki_sha256.as_str()) {
            continue;
        }
        let Some(file) = files.iter().find(|f| f.chain.value.0 == *chain) else { continue };
        let finding = Finding::at(RULE.code, &file.chain.span, "a new key")
            .related(&transition.meaning.config.host.name.span, "has TLSA records")
            .detail(format!("`{owner}` does not name this key in the active plan. It is published first, and served two TTLs after every name server has it."))
            .fix(format!("nothing; to spare the wait, add to `records` before: {{ name: {owner}., type: TLSA, value: 3 1 1 {spki_sha256} }}"));
        out.push(finding);
    }
}

/// The digest of a key in a record `3 1 1` of that name.
fn association<'p>(record: &'p DnsRecord, owner: &str) -> Option<&'p str> {
    match &record.data {
        DnsData::Tlsa { usage: 3, selector: 1, matching: 1, association } if record.name == owner => Some(association),
        _ => None,
    }
}
