//! DKIM-004: A DKIM selector is not a valid DNS label, or is not defined.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::finding::{listed, nearest, shortened};
use crate::compiler::config::meaning::{LocalDomain, Meaning};
use crate::compiler::config::records::dkim;
use crate::compiler::config::section::leaf::OrNone;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;
use crate::vocabulary::mail::Domain;

pub const RULE: Rule = Rule {
    code: "DKIM-004",
    name: "selector-not-a-label",
    severity: Severity::Error,
    summary: "A DKIM selector is not a valid DNS label, or is not defined.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Wants selectors of letters, digits and inner hyphens, at most 63, in labels separated by dots; \
            and those in `sign_with` among those in `dkim`.",
        why: "The selector becomes a DNS name, `SELECTOR._domainkey.DOMAIN`, under which receivers look for the key.",
        example: r#"domains:
  example.org: { dkim: { "my key": {} } }"#,
        instead: "domains:
  example.org: { dkim: { s2026: {} } }",
        ignore: "Never: a name that cannot stand in DNS cannot be looked up, and one that is not in `dkim` has no key.",
    },
    references: &["RFC 6376 §3.1"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    for domain in &meaning.domains {
        undefined(domain, out);
        let Some(selectors) = dkim::written(domain.settings) else { continue };
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

/// Selectors of `sign_with` that `dkim` does not have.
fn undefined(domain: &LocalDomain<'_>, out: &mut Vec<Finding>) {
    let Some(signers) = domain.settings.and_then(|s| s.sign_with.as_ref()) else { return };
    let dkim = domain.settings.and_then(|s| s.dkim.as_ref());
    let defined: Vec<&str> = match dkim.map(|d| &d.value) {
        None => dkim::DEFAULT.iter().map(|(name, _)| *name).collect(),
        Some(OrNone::None) => Vec::new(),
        Some(OrNone::Some(own)) => own.iter().map(|(name, _)| name.value.as_str()).collect(),
    };
    for signer in signers.iter().filter(|s| !defined.contains(&s.value.as_str())) {
        let finding = Finding::at(RULE.code, &signer.span, "not defined")
            .related(dkim.map_or(domain.span, |d| &d.span), "the selectors of the domain");
        let finding = match nearest(&signer.value, defined.iter().copied()) {
            Some(near) => finding.fix(format!("did you mean `{near}`?")),
            None => finding.fix(format!("dkim: {{ {}: {{}} }}", shortened(&signer.value))),
        };
        let there = if defined.is_empty() { "none".to_owned() } else { listed(defined.iter().copied(), "and") };
        out.push(finding.detail(format!("`{}` is to sign, and `dkim` has {there}.", shortened(&signer.value))));
    }
}
