//! FILT-015: Bounces of forwarded mail would not come back here.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::finding::nearest;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "FILT-015",
    name: "rewritten-senders-elsewhere",
    severity: Severity::Error,
    summary: "Bounces of forwarded mail would not come back here.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Wants `outbound.forwarding.domain` to be one of `domains`.",
        why: "A rewritten sender lies in that domain. Its SPF record must name this host, or the next server \
            refuses the mail after all; and a bounce to it must arrive here, where alone it can be sent on to the \
            original sender.",
        example: "domains: { example.org: {} }
outbound: { forwarding: { srs: true, domain: example.com } }",
        instead: "domains: { example.org: {}, example.com: {} }
outbound: { forwarding: { srs: true, domain: example.com } }",
        ignore: "Never: add the domain, or leave `domain` out for the first of `domains`.",
    },
    references: &["RFC 7208 §D.2", "docs/adr/0009-forwarding.md"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    let forwarding = meaning.config.outbound.as_ref().and_then(|o| o.forwarding.as_ref());
    let Some(domain) = forwarding.and_then(|f| f.domain.as_ref()) else { return };
    if meaning.aliases.domains.contains_key(&domain.value.0) {
        return;
    }
    let near = nearest(domain.value.0.as_str(), meaning.domains.iter().map(|d| d.name.as_str()));
    let text = near.map_or_else(|| "not a domain of this file".to_owned(), |n| format!("did you mean `{n}`?"));
    let finding = Finding::at(RULE.code, &domain.span, text)
        .detail(format!(
            "Mail for `{}` does not arrive here, so bounces to rewritten senders would be lost.",
            domain.value.0
        ))
        .fix(near.map_or_else(|| format!("add `{}` to `domains`", domain.value.0), ToOwned::to_owned));
    out.push(finding);
}
