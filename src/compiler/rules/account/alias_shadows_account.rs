//! ACC-001: An alias has the address of an account.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::{Mailbox, Meaning};
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;
use crate::vocabulary::mail::Address;
use std::collections::BTreeMap;

pub const RULE: Rule = Rule {
    code: "ACC-001",
    name: "alias-shadows-account",
    severity: Severity::Error,
    summary: "An alias has the address of an account.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Refuses an alias whose address is also that of an account.",
        why: "Either the alias would take the mail away from the account, or it would never be used. Which one, differs \
            between mail servers; here an account comes first.",
        example: "accounts:
  hello@example.org: { password: { file: /run/secrets/hello } }
aliases: { hello@example.org: info@example.org, info@example.org: hello@example.org }",
        instead: "accounts:
  hello@example.org: { password: { file: /run/secrets/hello } }
aliases: { info@example.org: hello@example.org }",
        ignore: "Never: the alias is dead text. If others shall get a copy of the account's mail, that is `forward_to` of the \
            account; `keep_copy: true` is its default.",
    },
    references: &["docker-mailserver#3874", "docker-mailserver#3022"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    let mut shadowed =
        meaning.aliases.aliases.iter().filter(|a| meaning.aliases.accounts.contains(&a.address)).peekable();
    if shadowed.peek().is_none() {
        return;
    }
    let accounts: BTreeMap<&Address, &Mailbox<'_>> = meaning.mailboxes.iter().rev().map(|m| (&m.address, m)).collect();
    for alias in shadowed {
        let Some(account) = accounts.get(&alias.address) else { continue };
        let finding = Finding::at(RULE.code, &alias.span, "also an account")
            .related(account.span, "the account")
            .detail(format!("Mail for `{}` goes to its account; the alias would never be used.", alias.address))
            .fix("remove the alias; if others shall get copies: forward_to: [...] of the account");
        out.push(finding);
    }
}
