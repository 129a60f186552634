//! DNS-011: An SPF record says nothing, or uses a mechanism that is withdrawn.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::config::publish::spf::Kind;
use crate::compiler::config::section::domains::SpfAll;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "DNS-011",
    name: "spf-allows-everybody",
    severity: Severity::Warning,
    summary: "An SPF record says nothing, or uses a mechanism that is withdrawn.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Warns of `all: pass`, of `all: neutral`, and of `ptr` among the mechanisms.",
        why: "`+all` tells every receiver that a stranger may send for the domain; `?all` says nothing. `ptr` is \
            slow, unreliable, and not to be used.",
        example: "domains:
  example.org: { spf: { all: pass } }",
        instead: "domains:
  example.org: { spf: { all: softfail } }",
        ignore: "`neutral` for the days in which you find out who sends for the domain. `pass` never helps.",
    },
    references: &["RFC 7208 §5.5", "RFC 7208 §8.2"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    let settings = meaning.publication.domains.iter().filter_map(|d| d.settings?.spf.as_ref());
    for spf in settings {
        let all = spf.value.all.as_ref();
        if let Some(all) = all.filter(|a| matches!(a.value, SpfAll::Pass | SpfAll::Neutral)) {
            let meant = if all.value == SpfAll::Pass { "everybody may send for it" } else { "nothing about strangers" };
            let finding = Finding::at(RULE.code, &all.span, meant)
                .detail("Receivers cannot tell the domain's own mail from that of others.")
                .fix("all: softfail, and `fail` when you know every sender");
            out.push(finding);
        }
    }
    for domain in &meaning.publication.domains {
        for term in domain.spf.terms.iter().filter(|t| t.kind == Kind::Ptr) {
            let finding = Finding::at(RULE.code, term.span.unwrap_or(domain.span), "withdrawn")
                .detail("Receivers may ignore `ptr`, and it costs the name servers of the whole reverse tree.")
                .fix("name the addresses: ip4:198.51.100.7");
            out.push(finding);
        }
    }
}
