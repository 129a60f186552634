//! ACC-007: Two entries are the same address.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;
use crate::ground::diagnostic::Span;
use crate::vocabulary::mail::{Address, Domain};
use std::collections::BTreeMap;

pub const RULE: Rule = Rule {
    code: "ACC-007",
    name: "address-given-twice",
    severity: Severity::Error,
    summary: "Two entries are the same address.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Compares addresses without case, as local delivery does: two accounts, two aliases or two alias patterns must \
            not be the same.",
        why: "Half of the mail, or all of it, would go to the entry that was not meant.",
        example: "accounts:
  hello@example.org: {}
  Hello@example.org: {}",
        instead: "accounts:
  hello@example.org: {}",
        ignore: "Never: one of the two would get nothing. Where both spellings shall work, one entry is enough: case does not \
            matter.",
    },
    references: &["RFC 5321 §2.4"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    // Addresses are counted already; usually that is all there is to do.
    let graph = &meaning.aliases;
    if graph.accounts.len() == meaning.mailboxes.len()
        && meaning.flattened.aliases.len() == graph.aliases.len()
        && graph.patterns.len() < 2
    {
        return;
    }
    let accounts = meaning.mailboxes.iter().map(|m| (&m.address, m.span));
    let aliases = meaning.aliases.aliases.iter().map(|a| (&a.address, &a.span));
    repeated(accounts, "leave one account", out);
    repeated(aliases, "write the alias once, with all its targets, under `aliases`", out);
    let mut seen: BTreeMap<(&Domain, &str, &str), &Span> = BTreeMap::new();
    for pattern in &meaning.aliases.patterns {
        let key = (&pattern.domain, pattern.prefix.as_str(), pattern.suffix.as_str());
        if let Some(first) = seen.insert(key, &pattern.span) {
            let finding = Finding::at(RULE.code, &pattern.span, "the same pattern again")
                .related(first, "first given here")
                .detail(format!("Both are `{pattern}`; the part before the `@` is compared without case."))
                .fix("write the pattern once, with all its targets");
            out.push(finding);
        }
    }
}

fn repeated<'a>(addresses: impl Iterator<Item = (&'a Address, &'a Span)>, fix: &str, out: &mut Vec<Finding>) {
    let mut seen: BTreeMap<&Address, &Span> = BTreeMap::new();
    for (address, span) in addresses {
        if let Some(first) = seen.insert(address, span) {
            let finding = Finding::at(RULE.code, span, "the same address again")
                .related(first, "first given here")
                .detail(format!("Both are `{address}`; the part before the `@` is compared without case."))
                .fix(fix);
            out.push(finding);
        }
    }
}
