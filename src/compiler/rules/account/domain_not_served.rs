//! ACC-006: An address lies in a domain that is not served here.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::finding::{Guesses, listed};
use crate::compiler::config::meaning::Meaning;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "ACC-006",
    name: "domain-not-served",
    severity: Severity::Error,
    summary: "An address lies in a domain that is not served here.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Wants the domain of every account, alias and alias pattern to be listed in `domains`.",
        why: "Nothing would be accepted for the address, and nobody would notice why.",
        example: "accounts:
  hello@exmaple.org: { password: { file: /run/secrets/hello } }",
        instead: "accounts:
  hello@example.org: { password: { file: /run/secrets/hello } }",
        ignore: "Never: add the domain, or remove the address. A domain that lives elsewhere has its accounts elsewhere.",
    },
    references: &["RFC 5321 §3.6.2"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    let served: Vec<&str> = meaning.domains.iter().map(|d| d.name.as_str()).collect();
    let graph = &meaning.aliases;
    let mut guesses = Guesses::default();
    let accounts = meaning.mailboxes.iter().map(|m| (&m.address, m.span));
    let aliases = meaning.aliases.aliases.iter().map(|a| (&a.address, &a.span));
    let patterns =
        graph.patterns.iter().filter(|p| !graph.domains.contains_key(&p.domain)).map(|p| (&p.domain, &p.span));
    let addresses = accounts.chain(aliases).map(|(a, span)| (&a.domain, span));
    for (domain, span) in addresses.filter(|(d, _)| !graph.domains.contains_key(*d)).chain(patterns) {
        let near = guesses.nearest(domain.as_str(), served.iter().copied());
        let text = near.map_or_else(|| "not a domain of this file".to_owned(), |n| format!("did you mean `{n}`?"));
        const SHOWN_MAX: usize = 5;
        let finding = Finding::at(RULE.code, span, text)
            .detail(format!(
                "`{}` is not served here; `domains` lists {}.",
                domain,
                listed(served.iter().copied().take(SHOWN_MAX), "and")
            ))
            .fix(format!("add `{}` to `domains`, or correct the address", domain));
        out.push(finding);
    }
}
