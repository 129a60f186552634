//! DNS-012: SPF ends in `-all` although DMARC refuses what fails.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::config::records::dkim;
use crate::compiler::config::section::domains::DmarcPolicy;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "DNS-012",
    name: "spf-fails-before-dmarc",
    severity: Severity::Note,
    summary: "SPF ends in `-all` although DMARC refuses what fails.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Notes a domain whose DMARC policy is `quarantine` or `reject` while its SPF record ends in `-all`, \
            written or by default.",
        why: "Some receivers refuse on `-all` before they look at the DKIM signature. Mail that somebody forwards is \
            then lost, although DMARC would have let it pass.",
        example: "domains:
  example.org: { dmarc: { policy: reject } }",
        instead: "domains:
  example.org: { dmarc: { policy: reject }, spf: { all: softfail } }",
        ignore: "When nobody forwards mail of the domain, or you prefer the stricter reading: `allow: [{ code: DNS-012, \
            reason: ... }]`.",
    },
    references: &["RFC 7489 §10.1"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    for domain in &meaning.publication.domains {
        let policy = domain.settings.and_then(|s| s.dmarc.as_ref()).and_then(|d| d.value.policy.as_ref());
        let Some(policy) = policy.filter(|p| p.value != DmarcPolicy::None) else { continue };
        if domain.spf.word() != "-all" || !dkim::signs(domain.settings) || meaning.lab() {
            continue;
        }
        let all = domain.spf.all;
        let finding = Finding::at(RULE.code, all.map_or(&policy.span, |a| &a.span), "SPF ends in `-all`");
        let finding = if all.is_some() { finding.related(&policy.span, "DMARC refuses already") } else { finding };
        out.push(
            finding
                .detail(format!(
                    "DMARC of `{}` says `{}` for what fails; `-all` adds only the loss of forwarded mail.",
                    domain.name, policy.value
                ))
                .fix("spf: { all: softfail }"),
        );
    }
}
