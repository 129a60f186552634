//! DKIM-004: A DKIM selector is not a valid DNS label.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::finding::shortened;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::config::section::leaf::OrNone;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;
use crate::vocabulary::mail::Domain;

pub const RULE: Rule = Rule {
    code: "DKIM-004",
    name: "selector-not-a-label",
    severity: Severity::Error,
    summary: "A DKIM selector is not a valid DNS label.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Wants selectors of letters, digits and inner hyphens, at most 63, in labels separated by dots.",
        why: "The selector becomes a DNS name, `SELECTOR._domainkey.DOMAIN`, under which receivers look for the key.",
        example: r#"domains:
  example.org: { dkim: { "my key": {} } }"#,
        instead: "domains:
  example.org: { dkim: { s2026: {} } }",
        ignore: "Never: it is an error, and no plan is made with it.",
    },
    references: &["RFC 6376 §3.1"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    for domain in &meaning.domains {
        let Some(OrNone::Some(selectors)) = domain.settings.and_then(|s| s.dkim.as_ref()).map(|d| &d.value) else {
            continue;
        };
        for (name, _) in selectors.iter() {
            let label = name.value.is_ascii() && name.value.parse::<Domain>().is_ok_and(|d| d.literal().is_none());
            let fits = format!("{}._domainkey.{}", name.value, domain.name).len() <= 253;
            if !label || !fits {
                let finding = Finding::at(RULE.code, &name.span, "not a DNS label")
                    .detail(format!("`{}` cannot stand in a DNS name.", shortened(&name.value)))
                    .fix("use letters, digits and hyphens, e.g. s2026");
                out.push(finding);
            }
        }
    }
}
