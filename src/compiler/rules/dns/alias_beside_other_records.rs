//! DNS-021: A name would be an alias and hold other records.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::finding::listed;
use crate::compiler::config::records::Wanted;
use crate::compiler::rules::Evidence;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;
use crate::plan::document::DnsData;
use std::collections::BTreeMap;

pub const RULE: Rule = Rule {
    code: "DNS-021",
    name: "alias-beside-other-records",
    severity: Severity::Error,
    summary: "A name would be an alias and hold other records.",
    check: Check::Material(check),
    explanation: Explanation {
        what: "Compares the CNAME records of the file, ours and those among `records`, with all others of the same \
            name, and with the names of the zones themselves.",
        why: "A name with a CNAME record has no other data. Name servers refuse such a zone as a whole, or answer \
            with one of the two by chance.",
        example: "domains:
  example.org:
    records: [{ name: mail, type: CNAME, value: web.example.net. }]",
        instead: "domains:
  example.org:
    records: [{ name: www, type: CNAME, value: web.example.net. }]",
        ignore: "Never: no name server can serve it. Write the A and AAAA records of the other name, or give the alias \
            a name of its own.",
    },
    references: &["RFC 1034 §3.6.2", "RFC 2181 §10.1"],
};

fn check(evidence: &Evidence<'_>, out: &mut Vec<Finding>) {
    let mut names: BTreeMap<&str, Vec<&Wanted<'_>>> = BTreeMap::new();
    for wanted in evidence.records {
        names.entry(&wanted.record.name).or_default().push(wanted);
    }
    for (name, all) in names {
        let alias = all.iter().find(|w| matches!(w.record.data, DnsData::Cname(_)));
        let Some(alias) = alias else { continue };
        let Some(other) = all.iter().find(|w| w.record.data != alias.record.data) else { continue };
        let mut kinds: Vec<&str> = all.iter().map(|w| w.record.data.kind()).filter(|k| *k != "CNAME").collect();
        kinds.sort_unstable();
        kinds.dedup();
        let held = if kinds.is_empty() { "another CNAME".to_owned() } else { listed(kinds, "and") };
        // What was written as a record is what can be changed.
        let (at, rest) = if other.written && !alias.written { (other, alias) } else { (alias, other) };
        let finding = Finding::at(RULE.code, at.span, "the same name")
            .related(rest.span, "this asks for the other record")
            .detail(format!("`{name}` would be an alias and hold {held}."))
            .fix("write A and AAAA records, or use another name");
        out.push(finding);
    }
}
