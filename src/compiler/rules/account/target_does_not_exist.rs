//! ACC-004: A target in a local domain does not exist.

use crate::compiler::config::alias_domains::DomainProblem;
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
    summary: "A target does not exist on this server.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Wants every target of an alias, a catch-all or `forward_to` to be an account, an alias or a subaddress of \
            one, when its domain is served here, and every `alias_of` to name a domain of this file. A catch-all does \
            not count: it would swallow the misspelt target in silence.",
        why: "Mail would be accepted for an address that has nobody behind it.",
        example: "accounts:
  hello@example.org: { password: { file: /run/secrets/hello } }
aliases: { info@example.org: helo@example.org }",
        instead: "accounts:
  hello@example.org: { password: { file: /run/secrets/hello } }
aliases: { info@example.org: hello@example.org }",
        ignore: "Never: such mail could only be lost. Remove the entry if the person has left.",
    },
    references: &["RFC 5321 §3.9.1", "docker-mailserver documentation, Account Management"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    let mut neighbours = Neighbours { meaning, by_domain: None, guesses: Guesses::default() };
    for problem in &meaning.flattened.problems {
        if let Problem::Dangling { target, span } = problem {
            out.push(neighbours.dangling(target, span));
        }
    }
    let mut guesses = Guesses::default();
    for problem in &meaning.aliases.alias_domains.problems {
        if let DomainProblem::Unknown { target, span } = problem {
            out.push(unknown(meaning, &mut guesses, target, span));
        }
    }
}

/// The accounts and aliases that might have been meant.
struct Neighbours<'m> {
    meaning: &'m Meaning<'m>,
    /// Local parts by domain, made when the first one is looked for.
    by_domain: Option<BTreeMap<&'m Domain, Vec<&'m str>>>,
    guesses: Guesses,
}

impl<'m> Neighbours<'m> {
    fn dangling(&mut self, target: &Address, span: &Span) -> Finding {
        let near = self.near(target).map(|local| format!("{local}@{}", target.domain));
        let text =
            near.as_ref().map_or_else(|| "nobody has this address".to_owned(), |n| format!("did you mean `{n}`?"));
        let served = self.meaning.aliases.domains.contains_key(&target.domain);
        let finding = Finding::at(RULE.code, span, text).detail(if served {
            format!("`{target}` is neither an account nor an alias of this file, and its domain is served here.")
        } else {
            format!(
                "`{}` is this host's own name and no domain of this file: nobody has a mailbox there.",
                target.domain
            )
        });
        match near {
            Some(near) => finding.fix(near),
            None if !served => finding.fix("name an account or alias in one of `domains`"),
            None => finding.fix(format!("add the account `{target}`, or name another target")),
        }
    }

    fn near(&mut self, target: &Address) -> Option<&'m str> {
        let graph = &self.meaning.aliases;
        let by_domain = self.by_domain.get_or_insert_with(|| {
            let mut by_domain: BTreeMap<&Domain, Vec<&str>> = BTreeMap::new();
            for address in graph.accounts.iter().chain(graph.aliases.iter().map(|a| &a.address)) {
                by_domain.entry(&address.domain).or_default().push(address.local.as_str());
            }
            by_domain
        });
        let locals = by_domain.get(&target.domain).into_iter().flatten().copied();
        self.guesses.nearest(target.local.as_str(), locals)
    }
}

fn unknown(meaning: &Meaning<'_>, guesses: &mut Guesses, target: &Domain, span: &Span) -> Finding {
    let near = guesses.nearest(target.as_str(), meaning.domains.iter().map(|d| d.name.as_str()));
    let text = near.map_or_else(|| "not a domain of this file".to_owned(), |n| format!("did you mean `{n}`?"));
    Finding::at(RULE.code, span, text)
        .detail(format!("`{target}` is not listed in `domains`, so it has no addresses that could be shared."))
        .fix(near.map_or_else(|| format!("add `{target}` to `domains`"), ToOwned::to_owned))
}
