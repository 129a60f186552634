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
        what: "Wants `tls: implicit` for a relay on port 465, unless `tls_override_reason` says why not.",
        why: "Port 465 begins with the TLS handshake. A client that waits for a greeting there waits until it times \
            out, and all outgoing mail queues up.",
        example: "relay:
  default: { host: smtp.relay.net, port: 465, tls: starttls-required, user: me, password: { file: /run/secrets/relay } }",
        instead: "relay:
  default: { host: smtp.relay.net, port: 465, tls: implicit, user: me, password: { file: /run/secrets/relay } }",
        ignore: "Only where the relay really does otherwise: `tls_override_reason: \"...\"` says it aloud.",
    },
    references: &["RFC 8314 §3.3", "docker-mailserver#1018", "docker-mailserver#4136", "Mailu/Mailu#2245"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    const SUBMISSIONS_PORT: u16 = 465;
    for relay in &meaning.ways.relays {
        let excused = relay.settings.tls_override_reason.is_some();
        // Where TLS is not required at all, RLY-003 speaks.
        let wrong = relay.port == SUBMISSIONS_PORT && relay.tls == TlsWord::StarttlsRequired && !excused;
        if let Some(tls) = relay.settings.tls.as_ref().filter(|_| wrong) {
            let finding = Finding::at(RULE.code, &tls.span, "465 begins with TLS")
                .detail(format!(
                    "`{}` expects the TLS handshake on port 465 and says nothing before it.",
                    relay.settings.host.value.0
                ))
                .fix("tls: implicit, or port: 587 with tls: starttls-required")
                .edit(&tls.span, TlsWord::Implicit.word());
            out.push(finding);
        }
    }
}
