//! ACC-014: An asterisk stands where it is no pattern.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::{Severity, Span};
use crate::vocabulary::mail::Address;

pub const RULE: Rule = Rule {
    code: "ACC-014",
    name: "asterisk-out-of-place",
    severity: Severity::Error,
    summary: "An asterisk stands where it is no pattern.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "One `*` in the local part of a key of `aliases`, with text before or behind it, stands for any text. \
            Refuses more than one, `*` alone, and `*` in accounts, their further addresses and targets.",
        why: "`*` alone would take the mail of every subaddress; `catch_all` says the same and comes last. Anywhere else \
            it would be taken as a letter, and nothing would ever match it.",
        example: "accounts:
  hello@example.org: { password: { file: /run/secrets/hello } }
aliases: { \"*@example.org\": hello@example.org }",
        instead: "accounts:
  hello@example.org: { password: { file: /run/secrets/hello } }
aliases: { \"shop-*@example.org\": hello@example.org }",
        ignore: "Never: RFC 5322 admits `*` in a local part, and in practice nobody has such an address.",
    },
    references: &["RFC 5322 §3.2.3", "docs/language.md"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    for pattern in &meaning.aliases.patterns {
        let address = pattern.to_string();
        if pattern.prefix.is_empty() && pattern.suffix.is_empty() {
            let finding = Finding::at(RULE.code, &pattern.span, "takes everything")
                .detail(format!("`{address}` would take mail for every subaddress too."))
                .fix(format!("domains: {{ {}: {{ catch_all: ... }} }}", pattern.domain));
            out.push(finding);
        } else if pattern.suffix.contains('*') {
            let finding = Finding::at(RULE.code, &pattern.span, "more than one `*`")
                .detail(format!("`{address}` has several `*`; a pattern has one."))
                .fix("write one pattern for each case");
            out.push(finding);
        }
    }
    for mailbox in &meaning.mailboxes {
        let further = mailbox.settings.and_then(|s| s.aliases.as_ref()).into_iter().flatten();
        let addresses = further.map(|a| (&a.value.0, &a.span)).chain([(&mailbox.address, mailbox.span)]);
        for (address, span) in addresses.filter(|(a, _)| starred(a)) {
            let finding = Finding::at(RULE.code, span, "a pattern only in `aliases`")
                .detail(format!(
                    "An account has its addresses one by one; `{address}` would be a name with a `*` in it."
                ))
                .fix(format!("aliases: {{ \"{address}\": ... }}"));
            out.push(finding);
        }
    }
    let graph = &meaning.aliases;
    let aliases = graph.aliases.iter().chain(&graph.forwards).map(|a| &a.targets);
    let all =
        aliases.chain(graph.patterns.iter().map(|p| &p.targets)).chain(graph.catch_alls.iter().map(|c| &c.targets));
    let targets = all.flatten().filter(|(a, _)| starred(a) && !graph.accounts.contains(&a.canonical()));
    for (address, span) in targets {
        out.push(target(address, span));
    }
}

fn starred(address: &Address) -> bool {
    address.local.as_str().contains('*')
}

fn target(address: &Address, span: &Span) -> Finding {
    Finding::at(RULE.code, span, "a target is one address")
        .detail(format!("What `*` stood for is not carried over: nothing would be delivered to `{address}`."))
        .fix("name the account or address that receives")
}
