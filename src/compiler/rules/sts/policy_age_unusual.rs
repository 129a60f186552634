//! STS-007: An MTA-STS policy is remembered for too short or too long.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::config::section::domains::StsMode;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "STS-007",
    name: "policy-age-unusual",
    severity: Severity::Warning,
    summary: "An MTA-STS policy is remembered for too short or too long.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Warns of a `max_age` below one day with `mode: enforce`, and of one above 31557600 seconds (a year), \
            the most that RFC 8461 allows.",
        why: "A short one gives an attacker who blocks the policy only hours to wait. A longer one than a year is \
            not valid.",
        example: "domains:
  example.org: { mta_sts: { mode: enforce, max_age: 1h, served_by: external }, tls_rpt: {} }",
        instead: "domains:
  example.org: { mta_sts: { mode: enforce, max_age: 14d, served_by: external }, tls_rpt: {} }",
        ignore: "For the days before a planned change of the policy, when you want it forgotten soon.",
    },
    references: &["RFC 8461 §3.2", "RFC 8461 §10.2"],
};

const DAY_SECONDS: u64 = 86_400;
/// RFC 8461 §3.2.
const YEAR_SECONDS: u64 = 31_557_600;

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    for domain in &meaning.publication.domains {
        let Some(sts) = domain.settings.and_then(|s| s.mta_sts.as_ref()) else { continue };
        let Some(age) = sts.max_age.as_ref() else { continue };
        let seconds = age.value.0.as_secs();
        let finding = if seconds > YEAR_SECONDS {
            Finding::at(RULE.code, &age.span, "more than a year")
                .detail(format!("{seconds} seconds are more than the {YEAR_SECONDS} that RFC 8461 allows."))
        } else if seconds < DAY_SECONDS && sts.mode.value == StsMode::Enforce {
            Finding::at(RULE.code, &age.span, "less than a day")
                .related(&sts.mode.span, "enforced")
                .detail("Who blocks the policy for so long has got rid of it.")
        } else {
            continue;
        };
        out.push(finding.fix("max_age: 14d"));
    }
}
