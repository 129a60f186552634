//! ACC-004: A target in a local domain does not exist.

use crate::compiler::config::alias_graph::Problem;
use crate::compiler::config::finding::Finding;
use crate::compiler::config::finding::nearest;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;
use crate::ground::diagnostic::Span;
use crate::vocabulary::mail::Address;

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
    for problem in &meaning.flattened.problems {
        if let Problem::Dangling { target, span } = problem {
            out.push(dangling(meaning, target, span));
        }
    }
    for target in meaning.domains.iter().filter_map(|d| d.settings?.catch_all.as_ref()).flat_map(|c| &c.value.0) {
        let address = target.value.0.canonical();
        let known = meaning.aliases.account(&address).is_some() || meaning.flattened.aliases.contains_key(&address);
        if !known && meaning.aliases.domains.contains_key(&address.domain) {
            out.push(dangling(meaning, &address, &target.span));
        }
    }
}

fn dangling(meaning: &Meaning<'_>, target: &Address, span: &Span) -> Finding {
    let neighbours =
        meaning.mailboxes.iter().filter(|m| m.address.domain == target.domain).map(|m| m.address.local.as_str());
    let near = nearest(target.local.as_str(), neighbours).map(|local| format!("{local}@{}", target.domain));
    let text = near.as_ref().map_or_else(|| "nobody has this address".to_owned(), |n| format!("did you mean `{n}`?"));
    let finding = Finding::at(RULE.code, span, text)
        .detail(format!("`{target}` is neither an account nor an alias of this file, and its domain is served here."));
    match near {
        Some(near) => finding.fix(near),
        None => finding.fix(format!("add the account `{target}`, or name another target")),
    }
}
