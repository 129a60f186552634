//! DNS-031: An MX record leads to this host, which takes no mail.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "DNS-031",
    name: "mx-at-host-that-receives-nothing",
    severity: Severity::Error,
    summary: "An MX record leads to this host, which takes no mail.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Compares `mx` with `host.role`: `send-only` and `submission-only` hosts take no mail from other \
            servers.",
        why: "Senders would find the door shut and try for days before they give the mail back.",
        example: "host: { name: mail.example.org, addresses: [192.0.2.10], role: send-only }
domains:
  example.org: { mx: [{ host: mail.example.org }] }",
        instead: "host: { name: mail.example.org, addresses: [192.0.2.10], role: send-only }
domains:
  example.org: { mx: [{ host: mx.example.net }] }",
        ignore: "Never: remove the host from `mx`, or give it a role that receives.",
    },
    references: &["RFC 5321 §5.1"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    let Some(role) = meaning.config.host.role.as_ref().filter(|r| !r.value.receives()) else { return };
    for domain in &meaning.publication.domains {
        for (exchange, span) in domain.written_mx() {
            if exchange.host() != Some(meaning.host()) {
                continue;
            }
            let finding = Finding::at(RULE.code, span, "takes no mail")
                .related(&role.span, "its role")
                .detail(format!("Mail for `{}` would come to this host, which only sends.", domain.name))
                .fix("name the host that receives, or remove `mx`");
            out.push(finding);
        }
    }
}
