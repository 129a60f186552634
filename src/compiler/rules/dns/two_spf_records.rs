//! DNS-008: A name would have two SPF records.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::finding::shortened;
use crate::compiler::config::records::Wanted;
use crate::compiler::rules::Evidence;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;
use crate::plan::document::DnsData;
use std::collections::BTreeMap;

pub const RULE: Rule = Rule {
    code: "DNS-008",
    name: "two-spf-records",
    severity: Severity::Error,
    summary: "A name would have two SPF records.",
    check: Check::Material(check),
    explanation: Explanation {
        what: "Counts the SPF records of each name: ours, and those among `records`.",
        why: "Two SPF records at one name are a permanent error: receivers treat the domain as if it had none, or \
            refuse its mail.",
        example: r#"domains:
  example.org:
    records: [{ name: "@", type: TXT, value: "v=spf1 include:_spf.example.net -all" }]"#,
        instead: "domains:
  example.org:
    spf: { include: [_spf.example.net] }",
        ignore: "Never: receivers must not choose one of them. What the other record says belongs to the key `spf`.",
    },
    references: &["RFC 7208 §3.2", "RFC 7208 §4.5"],
};

fn check(evidence: &Evidence<'_>, out: &mut Vec<Finding>) {
    let mut first: BTreeMap<&str, &Wanted<'_>> = BTreeMap::new();
    for wanted in evidence.records {
        let DnsData::Txt(text) = &wanted.record.data else { continue };
        if !is_spf(text) {
            continue;
        }
        let name = wanted.record.name.as_str();
        let Some(other) = first.get(name) else {
            first.insert(name, wanted);
            continue;
        };
        // The same record may follow from two keys.
        if other.record == wanted.record && !wanted.written {
            continue;
        }
        let (at, rest) = if wanted.written { (wanted, other) } else { (*other, &wanted) };
        let DnsData::Txt(ours) = &rest.record.data else { continue };
        let finding = Finding::at(RULE.code, at.span, "one more SPF record")
            .related(rest.span, "the first")
            .detail(format!("`{name}` already has `{}`.", shortened(ours)))
            .fix(if evidence.meaning.aliases.domains.keys().any(|d| d.as_str() == name) {
                "put its terms into `spf: { include: [...], mechanisms: [...] }` and remove the record"
            } else {
                "remove the record; that of the host follows from its addresses"
            });
        out.push(finding);
    }
}

/// RFC 7208 §4.5: the version, and then a blank or the end.
fn is_spf(text: &str) -> bool {
    let rest = text.get(..6).filter(|v| v.eq_ignore_ascii_case("v=spf1")).and_then(|_| text.get(6..));
    rest.is_some_and(|r| r.is_empty() || r.starts_with(' '))
}
