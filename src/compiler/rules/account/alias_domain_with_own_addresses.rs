//! ACC-013: A domain whose addresses are another's has addresses of its own.

use std::collections::BTreeMap;

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::{Severity, Span};
use crate::vocabulary::mail::{Address, Domain};

pub const RULE: Rule = Rule {
    code: "ACC-013",
    name: "alias-domain-with-own-addresses",
    severity: Severity::Error,
    summary: "A domain whose addresses are another's has addresses of its own.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Wants no account, alias, alias pattern, `catch_all` or `subaddress` in a domain that has `alias_of`.",
        why: "With `alias_of` every address of the domain is that of the other domain. An entry of its own would never \
            receive anything, and its owner could not tell why.",
        example: "domains: { example.org: {}, example.com: { alias_of: example.org } }
accounts:
  hello@example.org: { password: { file: /run/secrets/hello } }
  anna@example.com: { password: { file: /run/secrets/anna } }",
        instead: "domains: { example.org: {}, example.com: { alias_of: example.org } }
accounts:
  hello@example.org: { password: { file: /run/secrets/hello } }
  anna@example.org: { password: { file: /run/secrets/anna } }",
        ignore: "Never: the entry does nothing. Leave `alias_of` out where the two domains differ in a single address, and \
            write the shared ones as aliases.",
    },
    references: &["docs/language.md"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    let graph = &meaning.aliases;
    let mut alias_of: BTreeMap<&Domain, &Span> = BTreeMap::new();
    for domain in &meaning.domains {
        let Some(settings) = domain.settings else { continue };
        let Some(target) = &settings.alias_of else { continue };
        alias_of.insert(domain.name, &target.span);
        for (span, key) in [
            settings.catch_all.as_ref().map(|c| (&c.span, "catch_all")),
            settings.subaddress.as_ref().map(|s| (&s.span, "subaddress")),
        ]
        .into_iter()
        .flatten()
        {
            let finding = Finding::at(RULE.code, span, "never used")
                .related(&target.span, "everything is as in that domain")
                .detail(format!("`{key}` of `{}` is never looked at.", domain.name))
                .fix("remove it here; what is set for the other domain holds");
            out.push(finding);
        }
    }
    let accounts = meaning.mailboxes.iter().map(|m| (&m.address, m.span));
    let aliases = graph.aliases.iter().map(|a| (&a.address, &a.span));
    for (address, span) in accounts.chain(aliases) {
        if let Some(target) = alias_of.get(&address.domain) {
            out.push(unreachable(meaning, address, span, target));
        }
    }
    for pattern in &graph.patterns {
        if let Some(target) = alias_of.get(&pattern.domain) {
            let finding = Finding::at(RULE.code, &pattern.span, "never receives")
                .related(target, "everything is as in that domain")
                .detail(format!("Mail for `{pattern}` is looked up in the other domain."))
                .fix("write the pattern with the other domain");
            out.push(finding);
        }
    }
}

fn unreachable(meaning: &Meaning<'_>, address: &Address, span: &Span, target: &Span) -> Finding {
    let own = meaning.aliases.alias_domains.own(address);
    Finding::at(RULE.code, span, "never receives")
        .related(target, "everything is as in that domain")
        .detail(format!("Mail for `{address}` is mail for `{own}`."))
        .fix(own.to_string())
}
