//! ACC-015: An alias pattern takes mail for subaddresses of an account.

use std::collections::BTreeMap;
use std::ops::Bound;

use crate::compiler::config::alias_graph::Pattern;
use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::{Mailbox, Meaning};
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;
use crate::plan::document::AliasTargets;
use crate::vocabulary::mail::Domain;

pub const RULE: Rule = Rule {
    code: "ACC-015",
    name: "pattern-takes-subaddresses",
    severity: Severity::Warning,
    summary: "An alias pattern takes mail for subaddresses of an account.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Looks for accounts whose name begins as a pattern `text*` does, in a domain with subaddresses.",
        why: "A pattern is looked up before a subaddress: `sa*@` takes `sarah+shop@` from Sarah, who never learns of it. \
            Mail for `sarah@` itself still is hers.",
        example: "accounts:
  hello@example.org: { password: { file: /run/secrets/hello } }
  sarah@example.org: { password: { file: /run/secrets/anna } }
aliases: { \"sa*@example.org\": hello@example.org }",
        instead: "accounts:
  hello@example.org: { password: { file: /run/secrets/hello } }
  sarah@example.org: { password: { file: /run/secrets/anna } }
aliases: { \"sales-*@example.org\": hello@example.org }",
        ignore: "Where the pattern leads to the same person, or nobody uses subaddresses: `allow` with its path, or \
            `subaddress: none` for the domain.",
    },
    references: &["RFC 5233 §4", "docs/language.md"],
};

/// Local parts of the accounts of one domain, sorted.
type Names<'m> = BTreeMap<&'m str, &'m Mailbox<'m>>;

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    if meaning.aliases.patterns.is_empty() {
        return;
    }
    let mut domains: BTreeMap<&Domain, Names<'_>> = BTreeMap::new();
    for mailbox in &meaning.mailboxes {
        domains.entry(&mailbox.address.domain).or_default().insert(mailbox.address.local.as_str(), mailbox);
    }
    for (pattern, ends) in meaning.aliases.patterns.iter().zip(&meaning.flattened.patterns) {
        if pattern.prefix.is_empty() || !pattern.suffix.is_empty() {
            continue;
        }
        let Some(separator) = meaning.aliases.domains.get(&pattern.domain).copied().flatten() else { continue };
        let names = domains.get(&pattern.domain);
        if let Some(account) = names.and_then(|names| taken(pattern, ends, names)) {
            let finding = Finding::at(RULE.code, &pattern.span, "comes before subaddresses")
                .related(account.span, "one whose subaddresses it takes")
                .detail(format!(
                    "Mail for `{0}{separator}x@{1}` goes where `{pattern}` leads, not to `{2}`.",
                    account.address.local.as_str(),
                    pattern.domain,
                    account.address
                ))
                .fix("write more of the text before the `*`");
            out.push(finding);
        }
    }
}

/// The first account whose name begins with the pattern's text, unless the pattern leads to it alone.
fn taken<'m>(pattern: &Pattern, ends: &AliasTargets, names: &Names<'m>) -> Option<&'m Mailbox<'m>> {
    let start = Bound::Included(pattern.prefix.as_str());
    let (local, first) = names.range::<str, _>((start, Bound::Unbounded)).next()?;
    let alone = ends.remote.is_empty() && ends.local.iter().all(|a| *a == first.address);
    (local.starts_with(&pattern.prefix) && !alone).then_some(*first)
}
