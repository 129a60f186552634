//! DANE-009: TLSA records are remembered for more than an hour.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::records::tlsa;
use crate::compiler::rules::Evidence;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "DANE-009",
    name: "tlsa-remembered-long",
    severity: Severity::Note,
    summary: "TLSA records are remembered for more than an hour.",
    check: Check::Material(check),
    explanation: Explanation {
        what: "Looks at the TTL of the TLSA records of this host.",
        why: "If a key is lost, the new one cannot be served before caches have forgotten the old record. An hour is \
            a pause; a day is an outage.",
        example: "domains: { example.org: { dnssec: signed, dane: { ttl: 1d }, tls_rpt: {} } }",
        instead: "domains: { example.org: { dnssec: signed, dane: { ttl: 1h }, tls_rpt: {} } }",
        ignore: "When keys are kept for years and a copy of each is safe elsewhere.",
    },
    references: &["RFC 7671 §13"],
};

const HOUR_SECONDS: u32 = 3_600;

fn check(evidence: &Evidence<'_>, out: &mut Vec<Finding>) {
    let records = tlsa::published(evidence.records, evidence.meaning.host().as_str());
    let Some(long) = records.iter().find(|r| r.record.ttl_seconds > HOUR_SECONDS) else { return };
    let dns = evidence.meaning.config.dns.as_ref().and_then(|d| d.ttl.as_ref());
    let domains = evidence.meaning.publication.domains.iter();
    let own = domains.into_iter().find_map(|d| tlsa::dane(d)?.value.ttl.as_ref());
    let span = own.or(dns).map_or(long.span, |ttl| &ttl.span);
    let finding = Finding::at(RULE.code, span, format!("{} seconds", long.record.ttl_seconds))
        .detail("A key that is lost stays in caches for so long.")
        .fix("dane: { ttl: 1h }");
    out.push(finding);
}
