//! DNS-003: Mail for a domain would go to other servers.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::finding::listed;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::config::publish::mx::{Exchange, Target};
use crate::compiler::config::section::host::Role;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;
use crate::vocabulary::mail::Domain;

pub const RULE: Rule = Rule {
    code: "DNS-003",
    name: "mx-elsewhere",
    severity: Severity::Error,
    summary: "Mail for a domain would go to other servers.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Wants this host among the `mx` of every domain that it is the final destination of. A domain with a \
            null MX, and a host whose `role` does not receive, are left out.",
        why: "The accounts of the domain would stay empty: senders follow the MX records and never come here.",
        example: "domains:
  example.org: { mx: [{ host: mx.example.net }] }",
        instead: "domains:
  example.org: { mx: [{ host: mail.example.org }, { host: mx.example.net }] }",
        ignore: "Never with accounts here. If the domain receives elsewhere and only sends through this host, say so \
            with `host: { role: send-only }` or `submission-only`.",
    },
    references: &["RFC 5321 §5.1", "mjl-/mox: \"None of the IPs that mx points to is ours\""],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    let host = meaning.host();
    if !meaning.role().receives() || meaning.role() == Role::BackupMx {
        return;
    }
    for domain in &meaning.publication.domains {
        let Some((_, span)) = domain.written_mx().next() else { continue };
        let broken = |e: &Exchange<'_>| !matches!(e.target, Target::Host(_));
        if domain.comes_here(host) || domain.mx.iter().any(broken) {
            continue;
        }
        let names: Vec<&str> = domain.mx.iter().filter_map(|e| e.host()).map(Domain::as_str).collect();
        let finding = Finding::at(RULE.code, span, "not this host")
            .related(&meaning.config.host.name.span, "this host")
            .detail(format!(
                "Mail for `{}` would go to {} and never to `{host}`.",
                domain.name,
                listed(names.iter().take(SHOWN_MAX).copied(), "or")
            ))
            .fix(format!(
                "mx: [{{ host: {host} }}], or `host: {{ role: send-only }}` if the domain receives elsewhere"
            ));
        out.push(finding);
    }
}

const SHOWN_MAX: usize = 3;
