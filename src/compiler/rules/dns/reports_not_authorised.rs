//! DNS-018: A domain has not said that it takes our DMARC reports.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::publish::policy;
use crate::compiler::observed::Kind;
use crate::compiler::rules::Sight;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "DNS-018",
    name: "reports-not-authorised",
    severity: Severity::Warning,
    summary: "A domain has not said that it takes our DMARC reports.",
    check: Check::Online(check),
    explanation: Explanation {
        what: "Asks DNS for `DOMAIN._report._dmarc.OTHER` for each DMARC report address in a domain that is not \
            served here. For domains that are, the record is made.",
        why: "Reporters do not send to another organisation that has not agreed, so that nobody could flood it. The \
            reports are dropped without a word.",
        example: "domains:
  example.org: { dmarc: { reports_to: reports@example.net } }",
        instead: "domains:
  example.org: { dmarc: { reports_to: postmaster@example.org } }",
        ignore: "When the other domain belongs to the same organisation by another rule than its name, and the reports \
            do arrive.",
    },
    references: &["RFC 7489 §7.1", "RFC 9990"],
};

fn check(sight: &Sight<'_>, out: &mut Vec<Finding>) {
    for domain in &sight.meaning.publication.domains {
        let Some(dmarc) = domain.effective(|s| s.dmarc.as_ref()) else { continue };
        for receiver in policy::report_addresses(&dmarc.value) {
            let other = &receiver.value.0.domain;
            if other.is_within(domain.name) || domain.name.is_within(other) {
                continue;
            }
            let name = format!("{}._report._dmarc.{other}", domain.name);
            let Some(seen) = sight.observed.records(&name, Kind::Txt) else { continue };
            if seen.iter().any(|text| text.starts_with("v=DMARC1")) {
                continue;
            }
            let finding = Finding::at(RULE.code, &receiver.span, "would get no reports")
                .related(domain.span, "about mail of this domain")
                .detail(format!("`{other}` has not said that it takes reports about `{}`.", domain.name))
                .fix(format!("publish at {other}: {name}. TXT \"v=DMARC1\""));
            out.push(finding);
        }
    }
}
