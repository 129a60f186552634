//! STO-004: The store would lie on a file system that does not keep its promises.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::config::section::storage::FileSystem;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "STO-004",
    name: "store-on-network-file-system",
    severity: Severity::Error,
    summary: "The store would lie on a file system that does not keep its promises.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Refuses `storage.embedded.filesystem: nfs` and `cifs`, and warns of `fuse`.",
        why: "The store is sure of what it has answered because the disk is sure of what it has written, and \
            because one process alone writes. Over NFS and CIFS locks and write-through depend on settings of a \
            machine elsewhere; the database in the store may be damaged beyond repair.",
        example: "storage: { embedded: { path: /srv/mail, filesystem: nfs }, backup: { enabled: false } }",
        instead: "storage: { embedded: { path: /srv/mail, filesystem: local }, backup: { enabled: false } }",
        ignore: "NFS and CIFS never: mount a block device (iSCSI, RBD, EBS) and write `local`. `fuse` may be a \
            file system that locks and syncs as a disk does; whoever has tested that says so with `allow`.",
    },
    references: &[
        "SQLite documentation, How To Corrupt An SQLite Database File, §2.1",
        "SQLite documentation, Write-Ahead Logging",
    ],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    let embedded = meaning.config.storage.as_ref().and_then(|s| s.embedded.as_ref());
    let Some(system) = embedded.and_then(|e| e.filesystem.as_ref()) else { return };
    let (word, severity) = match system.value {
        FileSystem::Cifs => ("cifs", Severity::Error),
        FileSystem::Fuse => ("fuse", Severity::Warning),
        FileSystem::Nfs => ("nfs", Severity::Error),
        FileSystem::Local => return,
    };
    let finding = Finding::at(RULE.code, &system.span, "not a disk")
        .severity(severity)
        .detail(format!("With `{word}`, locks, shared memory and syncing are not what the store needs them to be."))
        .fix("a disk of this machine or a block device, and `filesystem: local`");
    out.push(finding);
}
