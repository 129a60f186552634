//! ID-002: The host name is also a mail domain.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "ID-002",
    name: "host-name-is-mail-domain",
    severity: Severity::Warning,
    summary: "The host name is also a mail domain.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Warns when `host.name` is listed in `domains`.",
        why: "It works, but system mail and user mail then share one name, and the host cannot move without the domain.",
        example: "host: { name: example.org, addresses: [192.0.2.10] }
certificates: { self_signed: true }
profile: lab",
        instead: "host: { name: mail.example.org, addresses: [192.0.2.10] }",
        ignore: "When the machine will never serve anything but this domain: `allow: [{ code: ID-002, path: \
            host.name, reason: ... }]`.",
    },
    references: &["docker-mailserver#3679", "docker-mailserver#3048"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    let host = &meaning.config.host.name;
    if let Some(domain) = meaning.domains.iter().find(|d| d.name == meaning.host()) {
        let finding = Finding::at(RULE.code, &host.span, "the host")
            .related(domain.span, "the mail domain")
            .detail(format!(
                "`{}` names the machine and the mail domain. Moving the one later means moving the other.",
                meaning.host()
            ))
            .fix(format!("name: mail.{}", meaning.host()));
        out.push(finding);
    }
}
