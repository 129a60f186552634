//! DANE-001: TLSA records are wanted in a zone that is not signed.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::config::section::dns::Signed;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "DANE-001",
    name: "tlsa-in-unsigned-zone",
    severity: Severity::Error,
    summary: "TLSA records are wanted in a zone that is not signed.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Compares `dane.publish: true` with what is said of the zone of this host: `dnssec` of its domain, or \
            `dns.zones`.",
        why: "Without DNSSEC anybody could replace the record, so senders do not even ask for it. You would believe \
            in a protection that is not there.",
        example: "domains:
  example.org: { dane: { publish: true } }",
        instead: "domains:
  example.org: { dnssec: signed, dane: { publish: true }, tls_rpt: {} }",
        ignore: "Never: sign the zone and say so, or use `mta_sts`, which needs no DNSSEC.",
    },
    references: &["RFC 7672 §2.1.1", "RFC 7672 §2.2.3"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    let (host, zones) = (meaning.host(), &meaning.publication.zones);
    if zones.signed(host.as_str()) == Signed::Signed {
        return;
    }
    for domain in &meaning.publication.domains {
        let publish = domain.settings.and_then(|s| s.dane.as_ref()).and_then(|d| d.value.publish.as_ref());
        let Some(publish) = publish.filter(|p| p.value) else { continue };
        let zone = zones.holding(host.as_str());
        let finding = Finding::at(RULE.code, &publish.span, "not signed")
            .related(zones.span(host.as_str()).unwrap_or(&meaning.config.host.name.span), "the zone of this host")
            .detail(format!("The records would stand in `{zone}`, which is not declared to be signed."))
            .fix(format!("dns: {{ zones: {{ {zone}: signed }} }} once it is, or `mta_sts` in place of DANE"));
        out.push(finding);
    }
}
