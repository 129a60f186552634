//! ACC-010: Accounts leave the file, and their mail would be destroyed.

use crate::compiler::config::finding::{Finding, listed};
use crate::compiler::config::section::storage::Deletion;
use crate::compiler::rules::{Check, Explanation, Rule, Transition};
use crate::ground::diagnostic::Severity;
use crate::vocabulary::mail::Address;

pub const RULE: Rule = Rule {
    code: "ACC-010",
    name: "account-would-be-destroyed",
    severity: Severity::Error,
    summary: "Accounts leave the file, and their mail would be destroyed.",
    check: Check::Transition(check),
    explanation: Explanation {
        what: "Compares the accounts with those of the active plan where `storage.deletion: destroy` is set.",
        why: "A renamed account, a file that is no longer included, or a bad merge look like accounts that leave. Mail \
            that is destroyed does not come back with the next commit.",
        example: "storage: { deletion: destroy }
accounts:
  hello@example.org: { password: { file: /run/secrets/hello } }",
        instead: "storage: { deletion: retain }
accounts:
  hello@example.org: { password: { file: /run/secrets/hello } }",
        ignore: "Never by accident: with `deletion: retain` (the default) the account leaves and its mail stays in the \
            store, out of everybody's reach. Destroy it when it has been copied or nobody can want it back.",
    },
    references: &["NixOS/nixpkgs#164235", "docs/language.md"],
};

fn check(transition: &Transition<'_>, out: &mut Vec<Finding>) {
    let storage = transition.meaning.config.storage.as_ref();
    let Some(deletion) = storage.and_then(|s| s.deletion.as_ref()).filter(|d| d.value == Deletion::Destroy) else {
        return;
    };
    let leave = |address: &&Address| !transition.next.accounts.contains_key(*address);
    let gone: Vec<String> = transition.previous.accounts.keys().filter(leave).map(ToString::to_string).collect();
    if gone.is_empty() {
        return;
    }
    const SHOWN_MAX: usize = 5;
    let shown = gone.iter().take(SHOWN_MAX).map(String::as_str);
    let names = match gone.len().saturating_sub(SHOWN_MAX) {
        0 => listed(shown, "and"),
        more => format!("`{}` and {more} more", shown.collect::<Vec<_>>().join("`, `")),
    };
    let finding = Finding::at(RULE.code, &deletion.span, "with all their mail")
        .detail(format!("The active plan has {names}, and this file does not. Their mail would be destroyed."))
        .fix("set `deletion: retain`, or put the accounts back");
    out.push(finding);
}
