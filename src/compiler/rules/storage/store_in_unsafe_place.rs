//! STO-003: Mail would be kept where it is lost, or where its own copy is.

use std::path::Path;

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "STO-003",
    name: "store-in-unsafe-place",
    severity: Severity::Error,
    summary: "Mail would be kept where it is lost, or where its own copy is.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Looks at `storage.embedded.path`: not below `/tmp`, `/var/tmp`, `/run`, `/dev` or `/nix/store`, not \
            relative (that is beside this file), and not the same as `backup.path` or one inside the other.",
        why: "What lies in a temporary folder is gone after the next start. What lies beside the configuration is \
            committed with it one day. A backup inside the store copies itself, and a store inside the backup is \
            overwritten by it.",
        example: "storage: { embedded: { path: /tmp/mail }, backup: { enabled: false } }",
        instead: "storage: { embedded: { path: /srv/mail }, backup: { enabled: false } }",
        ignore: "Never in production. `profile: lab` keeps its mail where it likes.",
    },
    references: &["Filesystem Hierarchy Standard 3.0 §3.15, §3.18, §5.15", "docs/language.md"],
};

/// Folders whose content does not outlive a start, or is not for data.
const FLEETING: [&str; 6] = ["/dev", "/nix/store", "/proc", "/run", "/tmp", "/var/tmp"];

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    let Some(storage) = &meaning.config.storage else { return };
    let Some(path) = storage.embedded.as_ref().and_then(|e| e.path.as_ref()) else { return };
    let own = path.value.0.as_path();
    if !meaning.lab() {
        if let Some(folder) = FLEETING.iter().find(|f| own.starts_with(f)) {
            let finding = Finding::at(RULE.code, &path.span, "not a place for mail")
                .detail(format!("`{}` lies in `{folder}`, which is emptied, or is not for data.", own.display()))
                .fix("path: /var/lib/mailctl/store, or another folder on a disk");
            out.push(finding);
        } else if own.is_relative() {
            let finding = Finding::at(RULE.code, &path.span, "beside this file")
                .detail(format!(
                    "`{}` is relative: the mail would lie in the folder of the configuration.",
                    own.display()
                ))
                .fix("an absolute path: /var/lib/mailctl/store");
            out.push(finding);
        }
    }
    let backup = storage.backup.as_ref().filter(|b| b.enabled.as_ref().is_none_or(|e| e.value));
    if let Some(copy) = backup.and_then(|b| b.path.as_ref()).filter(|c| overlap(own, &c.value.0)) {
        let finding = Finding::at(RULE.code, &copy.span, "in the store, or around it")
            .related(&path.span, "the store")
            .detail(format!("`{}` and `{}` are one inside the other.", copy.value.0.display(), own.display()))
            .fix("a folder of its own, best on another device: /mnt/backup/mail");
        out.push(finding);
    }
}

fn overlap(a: &Path, b: &Path) -> bool {
    a.starts_with(b) || b.starts_with(a)
}
