//! STO-009: Deleted mail is gone before a backup has seen it.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::config::quantity::duration_text;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "STO-009",
    name: "retention-shorter-than-backup-interval",
    severity: Severity::Warning,
    summary: "Deleted mail is gone before a backup has seen it.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Compares `storage.retention` with `backup.every`, one day unless said otherwise.",
        why: "A message that arrives, is deleted by mistake and expires between two copies is in none of them.",
        example: "storage: { retention: { trash: 12h }, backup: { path: /mnt/backup, every: 1d } }",
        instead: "storage: { retention: { trash: 30d }, backup: { path: /mnt/backup, every: 1d } }",
        ignore: "Where mail must not be kept, not even in a copy: `allow: [{ code: STO-009, reason: ... }]`.",
    },
    references: &["docs/language.md"],
};

/// Seconds between two copies, unless said otherwise.
const EVERY: u64 = 86_400;

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    let Some(storage) = &meaning.config.storage else { return };
    let Some(backup) = storage.backup.as_ref().filter(|b| b.enabled.as_ref().is_none_or(|e| e.value)) else { return };
    let every = backup.every.as_ref().map_or(EVERY, |e| e.value.0.as_secs());
    let retention = storage.retention.as_ref();
    let trash = retention.and_then(|r| r.trash.as_ref()).map(|p| (p, "Trash"));
    let junk = retention.and_then(|r| r.junk.as_ref()).map(|p| (p, "Junk"));
    for (period, mailbox) in [trash, junk].into_iter().flatten().filter(|(p, _)| p.value.0.as_secs() < every) {
        let mut finding = Finding::at(RULE.code, &period.span, "sooner than the next copy").detail(format!(
            "Mail in {mailbox} is removed after {}, and copies are made every {}.",
            duration_text(period.value.0.as_secs()),
            duration_text(every)
        ));
        if let Some(written) = &backup.every {
            finding = finding.related(&written.span, "time between two copies");
        }
        out.push(finding.fix(format!("{}, or more frequent copies", duration_text(every * 2))));
    }
}
