//! DANE-002: DANE does not reach a domain whose own zone is not signed.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::config::records::tlsa;
use crate::compiler::config::section::dns::Signed;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "DANE-002",
    name: "domain-without-dnssec",
    severity: Severity::Warning,
    summary: "DANE does not reach a domain whose own zone is not signed.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Where TLSA records are published for this host: looks for domains whose mail comes here and whose zone \
            is not declared to be signed. Said once for all of them.",
        why: "Senders find the host by the MX record of the domain. If that record is not signed, an attacker \
            leads them to another host, where our TLSA records protect nothing.",
        example: "dns: { zones: { mail.example.org: signed } }
domains: { example.org: { tls_rpt: {} } }",
        instead: "domains: { example.org: { dnssec: signed, tls_rpt: {} } }",
        ignore: "When such a domain has an MTA-STS policy instead, or its zone is not yours to sign.",
    },
    references: &["RFC 7672 §2.2.1"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    let mut unsigned = tlsa::wanting(meaning).into_iter().filter(|d| d.signed == Signed::Unsigned);
    let Some(first) = unsigned.next() else { return };
    let others = match unsigned.count() {
        0 => String::new(),
        n => format!(" and {n} more"),
    };
    let span = meaning.publication.zones.span(meaning.host().as_str()).unwrap_or(&meaning.config.host.name.span);
    let finding = Finding::at(RULE.code, first.span, "its zone is not signed")
        .related(span, "TLSA records are published here")
        .detail(format!("Senders do not use DANE for `{}`{others}: the MX records are not signed.", first.name))
        .fix("dnssec: signed, once the zone is; or `mta_sts`; or `dane: { publish: false }`");
    out.push(finding);
}
