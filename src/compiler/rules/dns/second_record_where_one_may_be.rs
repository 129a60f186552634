//! DNS-029: A record stands beside one of ours that must be alone.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::records::Wanted;
use crate::compiler::rules::Evidence;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;
use std::collections::BTreeMap;

pub const RULE: Rule = Rule {
    code: "DNS-029",
    name: "second-record-where-one-may-be",
    severity: Severity::Error,
    summary: "A record stands beside one of ours that must be alone.",
    check: Check::Material(check),
    explanation: Explanation {
        what: "Looks for records among `records` at names where we publish one that must be the only one: `_dmarc`, \
            `_mta-sts`, `_smtp._tls`, a DKIM selector, and for an MX at the domain itself.",
        why: "Two DMARC, MTA-STS or TLS-RPT records make receivers act as if there were none. Two keys at one \
            selector are used by chance. An MX that the key `mx` does not know is missing in the policies that follow \
            from it.",
        example: r#"domains:
  example.org:
    records: [{ name: _dmarc, type: TXT, value: "v=DMARC1; p=reject" }]"#,
        instead: "domains:
  example.org: { dmarc: { policy: reject } }",
        ignore: "Never: use the key that makes the record (`dmarc`, `mta_sts`, `tls_rpt`, `dkim`, `mx`).",
    },
    references: &["RFC 7489 §6.6.3", "RFC 8461 §3.1", "RFC 8460 §3", "RFC 6376 §3.6.2.2"],
};

fn check(evidence: &Evidence<'_>, out: &mut Vec<Finding>) {
    let mut ours: BTreeMap<(&str, &str), &Wanted<'_>> = BTreeMap::new();
    for wanted in evidence.records.iter().filter(|w| !w.written) {
        ours.insert((&wanted.record.name, wanted.record.data.kind()), wanted);
    }
    for wanted in evidence.records.iter().filter(|w| w.written) {
        let (name, kind) = (wanted.record.name.as_str(), wanted.record.data.kind());
        let Some(own) = ours.get(&(name, kind)) else { continue };
        let Some(key) = key(name, kind) else { continue };
        if own.record.data == wanted.record.data {
            continue;
        }
        let finding = Finding::at(RULE.code, wanted.span, "one too many")
            .related(own.span, "asks for the first")
            .detail(format!("`{name}` already has the {kind} record that follows from `{key}`."))
            .fix(format!("say it with `{key}`, and remove the record"));
        out.push(finding);
    }
}

/// The key that makes records of that name and type.
fn key(name: &str, kind: &str) -> Option<&'static str> {
    match kind {
        "MX" => Some("mx"),
        "TXT" if name.starts_with("_dmarc.") => Some("dmarc"),
        "TXT" if name.starts_with("_mta-sts.") => Some("mta_sts"),
        "TXT" if name.starts_with("_smtp._tls.") => Some("tls_rpt"),
        "TXT" if name.contains("._domainkey.") => Some("dkim"),
        _ => None,
    }
}
