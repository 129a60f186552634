//! STS-013: The id of an MTA-STS policy is malformed.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::finding::shortened;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "STS-013",
    name: "policy-id-malformed",
    severity: Severity::Error,
    summary: "The id of an MTA-STS policy is malformed.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Wants 1 to 32 letters and digits at `mta_sts.id`.",
        why: "Senders ignore a record that they cannot parse, and the policy with it.",
        example: r#"domains:
  example.org: { mta_sts: { mode: testing, id: "2026-11-18", served_by: external }, tls_rpt: {} }"#,
        instead: r#"domains:
  example.org: { mta_sts: { mode: testing, id: "20261118", served_by: external }, tls_rpt: {} }"#,
        ignore: "Never: the record would not be valid. Leave `id` out, and it follows from the policy.",
    },
    references: &["RFC 8461 §3.1"],
};

/// RFC 8461 §3.1, `sts-id`.
const CHARACTERS_MAX: usize = 32;

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    for domain in &meaning.publication.domains {
        let Some(id) = domain.settings.and_then(|s| s.mta_sts.as_ref()).and_then(|s| s.id.as_ref()) else { continue };
        if (1..=CHARACTERS_MAX).contains(&id.value.len()) && id.value.bytes().all(|b| b.is_ascii_alphanumeric()) {
            continue;
        }
        let finding = Finding::at(RULE.code, &id.span, "not letters and digits")
            .detail(format!(
                "`{}` cannot be an id: it has 1 to {CHARACTERS_MAX} letters and digits.",
                shortened(&id.value)
            ))
            .fix("remove `id`; it then follows from the policy");
        out.push(finding);
    }
}
