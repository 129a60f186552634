//! FILT-014: Mail would be forwarded to another server without rewriting its sender.

use crate::compiler::config::alias_graph::Problem;
use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;
use crate::ground::diagnostic::Span;
use crate::vocabulary::mail::Address;

pub const RULE: Rule = Rule {
    code: "FILT-014",
    name: "forwarding-to-another-server",
    severity: Severity::Error,
    summary: "Mail would be forwarded to another server without rewriting its sender.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Refuses alias and catch-all targets outside the domains of this file.",
        why: "The next server checks SPF against the original sender and sees this host instead; forwarded mail is \
            refused or lands in Junk. It takes SRS, which this version does not have.",
        example: "accounts:
  hello@example.org: { password: { file: /run/secrets/hello } }
aliases: { info@example.org: me@freemail.net }",
        instead: "accounts:
  hello@example.org: { password: { file: /run/secrets/hello } }
aliases: { info@example.org: hello@example.org }",
        ignore: "Never: it is an error, and no plan is made with it.",
    },
    references: &["RFC 7208 §2.4", "RFC 7208 §D.1"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    for problem in &meaning.flattened.problems {
        if let Problem::External { target, span } = problem {
            out.push(external(target, span));
        }
    }
    for target in meaning.domains.iter().filter_map(|d| d.settings?.catch_all.as_ref()).flat_map(|c| &c.value.0) {
        if !meaning.aliases.domains.contains_key(&target.value.0.domain) {
            out.push(external(&target.value.0, &target.span));
        }
    }
}

fn external(target: &Address, span: &Span) -> Finding {
    Finding::at(RULE.code, span, "on another server")
         .detail(format!("`{target}` is not in a domain of this file. Forwarded mail fails SPF at the next server unless its sender is rewritten (SRS), which this version does not do."))
         .fix("deliver to a local account, and let the other provider collect it from there")
}
