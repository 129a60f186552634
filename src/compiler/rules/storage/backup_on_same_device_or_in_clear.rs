//! STO-006: A backup would be lost with the mail, or can be read by others.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "STO-006",
    name: "backup-on-same-device-or-in-clear",
    severity: Severity::Warning,
    summary: "A backup would be lost with the mail, or can be read by others.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Looks for `backup.same_device: true`, and for an object store without `encryption_key`.",
        why: "A disk that fails takes a copy on it along. And whoever runs an object store, or finds its key, \
            reads all mail of all years in it.",
        example: "storage: { backup: { path: /srv/backup, same_device: true } }",
        instead: "storage: { backup: { path: /mnt/backup, same_device: false } }",
        ignore: "A copy on the same device still helps against a mailbox emptied by mistake: `allow: [{ code: \
            STO-006, reason: ... }]` beside a second copy elsewhere.",
    },
    references: &["Mail-in-a-Box, backups with duplicity"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    let Some(backup) = meaning.config.storage.as_ref().and_then(|s| s.backup.as_ref()) else { return };
    if backup.enabled.as_ref().is_some_and(|e| !e.value) {
        return;
    }
    if let Some(same) = backup.same_device.as_ref().filter(|s| s.value) {
        let mut finding = Finding::at(RULE.code, &same.span, "fails with the mail")
            .detail("A copy on the device of the mail does not survive that device.");
        if let Some(path) = &backup.path {
            finding = finding.related(&path.span, "where the copies are");
        }
        out.push(finding.fix("a path on another disk or machine, or `s3`"));
    }
    if let Some(s3) = backup.s3.as_ref().filter(|_| backup.encryption_key.is_none()) {
        let finding = Finding::at(RULE.code, &s3.bucket.span, "readable by its keeper")
            .detail(format!("Nothing encrypts the copies in `{}`.", s3.bucket.value))
            .fix("encryption_key: { file: /run/secrets/backup-key }, and a copy of the key on paper");
        out.push(finding);
    }
}
