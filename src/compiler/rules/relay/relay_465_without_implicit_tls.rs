//! RLY-001: A relay on port 465 is not spoken to with implicit TLS.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::config::section::listeners::TlsWord;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "RLY-001",
    name: "relay-465-without-implicit-tls",
    severity: Severity::Error,
    summary: "A relay on port 465 is not spoken to with implicit TLS.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Wants `tls: implicit` for a relay on port 465.",
        why: "Port 465 begins with the TLS handshake. A client that waits for a greeting there waits until it times \
            out, and all outgoing mail queues up.",
        example: "relay:
  default: { host: smtp.relay.net, port: 465, tls: starttls-required, user: me, password: { file: /run/secrets/relay } }",
        instead: "relay:
  default: { host: smtp.relay.net, port: 465, tls: implicit, user: me, password: { file: /run/secrets/relay } }",
        ignore: "Never: it is an error, and no plan is made with it.",
    },
    references: &["RFC 8314 §3.3", "docker-mailserver#1018", "docker-mailserver#4136"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    const SUBMISSIONS_PORT: u16 = 465;
    for relay in &meaning.ways.relays {
        if let Some(tls) =
            relay.settings.tls.as_ref().filter(|t| relay.port == SUBMISSIONS_PORT && t.value != TlsWord::Implicit)
        {
            let finding = Finding::at(RULE.code, &tls.span, "465 begins with TLS")
                .detail(format!(
                    "`{}` expects the TLS handshake on port 465 and says nothing before it.",
                    relay.settings.host.value.0
                ))
                .fix("tls: implicit, or port: 587 with tls: starttls-required");
            out.push(finding);
        }
    }
}
