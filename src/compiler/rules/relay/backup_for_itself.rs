//! RLY-014: Mail for a backup domain would come back to this server.

use std::collections::BTreeMap;

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::{Severity, Span};
use crate::vocabulary::mail::Domain;

pub const RULE: Rule = Rule {
    code: "RLY-014",
    name: "backup-for-itself",
    severity: Severity::Error,
    summary: "Mail for a backup domain would come back to this server.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Refuses in `relay.backup_for` a `next_hop` that is this host, and a domain that this server is \
            the final destination of.",
        why: "A backup MX keeps mail until the domain's own server is there again. If that server is this one, \
            mail goes round until it bounces; and a domain cannot be both stored here and handed on.",
        example: "relay: { backup_for: { example.net: { next_hop: mail.example.org, recipients: [info@example.net] } } }",
        instead: "relay: { backup_for: { example.net: { next_hop: mx.example.net, recipients: [info@example.net] } } }",
        ignore: "Never: name the domain's own server, or leave `next_hop` out to use the MX hosts that are \
            better than this one.",
    },
    references: &["RFC 5321 §5.1", "mailcow/mailcow-dockerized#2051"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    let Some(backup) = meaning.config.relay.as_ref().and_then(|r| r.backup_for.as_ref()) else { return };
    let local: BTreeMap<&Domain, &Span> = meaning.domains.iter().map(|d| (d.name, d.span)).collect();
    for (domain, settings) in backup.iter() {
        if let Some(span) = local.get(&domain.value) {
            let finding = Finding::at(RULE.code, &domain.span, "handed on")
                .related(span, "stored here")
                .detail(format!(
                    "`{}` is one of `domains`: its mail is delivered here and never handed on.",
                    domain.value
                ))
                .fix("take it out of `domains` or out of `backup_for`");
            out.push(finding);
        }
        let Some(hop) = settings.value.as_ref().and_then(|s| s.next_hop.as_ref()) else { continue };
        let name = &hop.value.0;
        if name == meaning.host() {
            let finding = Finding::at(RULE.code, &hop.span, "this is us")
                .related(&meaning.config.host.name.span, "the host itself")
                .detail(format!("Mail for `{}` would be handed from this server to itself.", domain.value))
                .fix("next_hop: the domain's own server, or nothing, for the MX hosts that are better than this one");
            out.push(finding);
        }
    }
}
