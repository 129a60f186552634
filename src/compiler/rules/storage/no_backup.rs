//! STO-005: Nobody copies the mail.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::config::section::host::Role;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "STO-005",
    name: "no-backup",
    severity: Severity::Warning,
    summary: "Nobody copies the mail.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Wants `storage.backup` on a server that keeps mailboxes.",
        why: "A disk fails, a volume is deleted, a person empties the wrong mailbox. Mail that exists once is lost \
            then.",
        example: "storage: { embedded: {} }",
        instead: "storage: { backup: { path: /mnt/backup/mail } }",
        ignore: "Where a snapshot of the machine or a tool of your own makes copies, say so: `storage: { backup: { \
            enabled: false } }`. Nothing is reported then.",
    },
    references: &["Mail-in-a-Box, status checks: backups", "docs/language.md"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    let keeps = matches!(meaning.role(), Role::Full | Role::ReceiveOnly);
    let storage = meaning.config.storage.as_ref();
    if meaning.lab() || !keeps || storage.is_some_and(|s| s.backup.is_some()) {
        return;
    }
    let elsewhere = storage.is_some_and(|s| s.postgres.is_some());
    if elsewhere {
        return;
    }
    let place = storage.and_then(|s| s.embedded.as_ref()).map_or(&meaning.config.host.name.span, |e| &e.span);
    let finding = Finding::at(RULE.code, place, "the only place")
        .detail("The mail of this server is kept once, and no copy of it is made.")
        .fix("storage: { backup: { path: /mnt/backup/mail } }; if another tool copies: backup: { enabled: false }");
    out.push(finding);
}
