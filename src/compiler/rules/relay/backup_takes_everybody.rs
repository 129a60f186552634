//! RLY-015: A backup MX takes mail for addresses that do not exist.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "RLY-015",
    name: "backup-takes-everybody",
    severity: Severity::Warning,
    summary: "A backup MX takes mail for addresses that do not exist.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Warns of a domain in `relay.backup_for` without `recipients`.",
        why: "Spammers prefer the backup, because it knows nobody. What the domain's server refuses later must \
            be bounced to a forged sender: backscatter, for which this host is put on block lists.",
        example: "relay: { backup_for: { example.net: { next_hop: mx.example.net } } }",
        instead: "relay: { backup_for: { example.net: { next_hop: mx.example.net, recipients: [info@example.net, anna@example.net] } } }",
        ignore: "When the domain has a catch-all, so that nothing is refused later: `allow: [{ code: RLY-015, \
            path: relay.backup_for.example.net, reason: ... }]`.",
    },
    references: &["RFC 5321 §6.1", "YunoHost/yunohost#1253"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    let Some(backup) = meaning.config.relay.as_ref().and_then(|r| r.backup_for.as_ref()) else { return };
    for (domain, settings) in backup.iter() {
        if settings.value.as_ref().is_some_and(|s| s.recipients.is_some()) {
            continue;
        }
        let finding = Finding::at(RULE.code, &domain.span, "anybody at this domain")
            .detail(format!(
                "All of `@{}` would be taken, and what its own server then refuses must be bounced to forged senders.",
                domain.value
            ))
            .fix(format!("recipients: [info@{}, ...], the addresses that exist there", domain.value));
        out.push(finding);
    }
}
