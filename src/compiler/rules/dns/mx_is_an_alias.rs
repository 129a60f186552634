//! DNS-002: An MX host is an alias in DNS.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::records::Wanted;
use crate::compiler::rules::Evidence;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;
use crate::plan::document::DnsData;
use std::collections::BTreeMap;

pub const RULE: Rule = Rule {
    code: "DNS-002",
    name: "mx-is-an-alias",
    severity: Severity::Error,
    summary: "An MX host is an alias in DNS.",
    check: Check::Material(check),
    explanation: Explanation {
        what: "Looks for a CNAME record of this file at the name of an MX host.",
        why: "An MX record must lead to a name that has addresses itself. Some senders do not follow an alias there, \
            others rewrite the recipient with it.",
        example: "domains:
  example.org:
    mx: [{ host: mail.example.org }, { host: mx2.example.org }]
    records: [{ name: mx2, type: CNAME, value: backup.example.net. }]",
        instead: "domains:
  example.org:
    mx: [{ host: mail.example.org }, { host: mx2.example.org }]
    records: [{ name: mx2, type: A, value: 192.0.2.20 }]",
        ignore: "Never: mail would be lost at senders that follow the standard. Name the host that the alias leads to, \
            or give the MX host its own A and AAAA records.",
    },
    references: &["RFC 2181 §10.3", "RFC 5321 §5.1"],
};

fn check(evidence: &Evidence<'_>, out: &mut Vec<Finding>) {
    let aliases: BTreeMap<&str, &Wanted<'_>> = evidence
        .records
        .iter()
        .filter(|w| matches!(w.record.data, DnsData::Cname(_)))
        .map(|w| (w.record.name.as_str(), w))
        .collect();
    for domain in &evidence.meaning.publication.domains {
        for (exchange, span) in domain.written_mx() {
            let Some(alias) = exchange.host().and_then(|h| aliases.get(h.as_str())) else { continue };
            let DnsData::Cname(target) = &alias.record.data else { continue };
            let finding = Finding::at(RULE.code, span, "an alias")
                .related(alias.span, format!("it leads to `{target}`"))
                .detail(format!("`{}` has a CNAME record, and an MX host must have addresses.", alias.record.name))
                .fix(format!("host: {target}"));
            out.push(finding);
        }
    }
}
