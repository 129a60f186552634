//! RLY-022: A backup MX has no domain to be a backup for.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::config::section::host::Role;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "RLY-022",
    name: "backup-role-without-domains",
    severity: Severity::Error,
    summary: "A backup MX has no domain to be a backup for.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Wants `relay.backup_for` when `host.role` is `backup-mx`.",
        why: "The role says that the server keeps other domains' mail while their own servers are down. Without \
            their names it refuses all of it.",
        example: "host: { name: mail.example.org, addresses: [192.0.2.10], role: backup-mx }
listeners: { smtp: {} }",
        instead: "host: { name: mail.example.org, addresses: [192.0.2.10], role: backup-mx }
listeners: { smtp: {} }
relay: { backup_for: { example.net: { recipients: [info@example.net] } } }",
        ignore: "Never: name the domains, or leave the role out.",
    },
    references: &["RFC 5321 §5.1"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    let backup = meaning.config.relay.as_ref().and_then(|r| r.backup_for.as_ref());
    let Some(role) = meaning.config.host.role.as_ref().filter(|r| r.value == Role::BackupMx) else { return };
    if backup.is_some_and(|b| b.iter().next().is_some()) {
        return;
    }
    let finding = Finding::at(RULE.code, &role.span, "for whom?")
        .detail("No domain is named whose mail this server keeps for a while.")
        .fix("relay: { backup_for: { example.net: { recipients: [info@example.net] } } }");
    out.push(finding);
}
