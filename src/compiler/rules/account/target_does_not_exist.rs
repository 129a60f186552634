//! ACC-004: A target in a local domain does not exist.

use crate::compiler::config::alias_graph::Problem;
use crate::compiler::config::finding::Finding;
use crate::compiler::config::finding::Guesses;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;
use crate::ground::diagnostic::Span;
use crate::vocabulary::mail::{Address, Domain};
use std::collections::BTreeMap;

pub const RULE: Rule = Rule {
    code: "ACC-004",
    name: "target-does-not-exist",
    severity: Severity::Error,
    summary: "A target in a local domain does not exist.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Wants every target of an alias, and every catch-all, to be an account or alias of this file when its \
            domain is served here.",
        why: "Mail would be accepted for an address that has nobody behind it.",
        example: "accounts:
  hello@example.org: { password: { file: /run/secrets/hello } }
aliases: { info@example.org: helo@example.org }",
        instead: "accounts:
  hello@example.org: { password: { file: /run/secrets/hello } }
aliases: { info@example.org: hello@example.org }",
        ignore: "Never: it is an error, and no plan is made with it.",
    },
    references: &["RFC 5321 §3.9", "docker-mailserver documentation, Account Management"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    let mut neighbours = Neighbours { meaning, by_domain: None, guesses: Guesses::default() };
    for problem in &meaning.flattened.problems {
        if let Problem::Dangling { target, span } = problem {
            out.push(neighbours.dangling(target, span));
        }
    }
    for target in meaning.domains.iter().filter_map(|d| d.settings?.catch_all.as_ref()).flat_map(|c| &c.value.0) {
        let address = target.value.0.canonical();
        let known = meaning.aliases.account(&address).is_some() || meaning.flattened.aliases.contains_key(&address);
        if !known && meaning.aliases.domains.contains_key(&address.domain) {
            out.push(neighbours.dangling(&address, &target.span));
        }
    }
}

/// The accounts that might have been meant.
struct Neighbours<'m> {
    meaning: &'m Meaning<'m>,
    /// Local parts by domain, made when the first one is looked for.
    by_domain: Option<BTreeMap<&'m Domain, Vec<&'m str>>>,
    guesses: Guesses,
}

impl Neighbours<'_> {
    fn dangling(&mut self, target: &Address, span: &Span) -> Finding {
        let by_domain = self.by_domain.get_or_insert_with(|| {
            let mut by_domain: BTreeMap<&Domain, Vec<&str>> = BTreeMap::new();
            for mailbox in &self.meaning.mailboxes {
                by_domain.entry(&mailbox.address.domain).or_default().push(mailbox.address.local.as_str());
            }
            by_domain
        });
        let locals = by_domain.get(&target.domain).into_iter().flatten().copied();
        let near =
            self.guesses.nearest(target.local.as_str(), locals).map(|local| format!("{local}@{}", target.domain));
        let text =
            near.as_ref().map_or_else(|| "nobody has this address".to_owned(), |n| format!("did you mean `{n}`?"));
        let finding = Finding::at(RULE.code, span, text).detail(format!(
            "`{target}` is neither an account nor an alias of this file, and its domain is served here."
        ));
        match near {
            Some(near) => finding.fix(near),
            None => finding.fix(format!("add the account `{target}`, or name another target")),
        }
    }
}
