//! RLY-002: A relay on a STARTTLS port is spoken to with implicit TLS.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::config::section::listeners::TlsWord;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "RLY-002",
    name: "relay-starttls-port-with-implicit-tls",
    severity: Severity::Error,
    summary: "A relay on a STARTTLS port is spoken to with implicit TLS.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Refuses `tls: implicit` for a relay on port 25, 587, 2525 or 2587, unless `tls_override_reason` says why. \
            `profile: lab` allows it.",
        why: "These ports begin in clear text nearly everywhere; the handshake would meet a greeting and fail.",
        example: "relay:
  default: { host: smtp.relay.net, port: 587, tls: implicit, user: me, password: { file: /run/secrets/relay } }",
        instead: "relay:
  default: { host: smtp.relay.net, port: 587, tls: starttls-required, user: me, password: { file: /run/secrets/relay } }",
        ignore: "Only where the relay really begins with TLS there: `tls_override_reason: \"...\"` says it \
            aloud.",
    },
    references: &["RFC 6409 §3.1", "RFC 8314 §3.3", "docker-mailserver#3860"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    const CLEAR_PORTS: [u16; 4] = [25, 587, 2525, 2587];
    for relay in &meaning.ways.relays {
        let excused = meaning.lab() || relay.settings.tls_override_reason.is_some();
        if relay.tls == TlsWord::Implicit && CLEAR_PORTS.contains(&relay.port) && !excused {
            let span = relay.settings.tls.as_ref().map_or(relay.span, |t| &t.span);
            let finding = Finding::at(RULE.code, span, format!("port {} begins in clear", relay.port))
            .detail(format!("On port {} a server greets in clear text and upgrades with STARTTLS.", relay.port))
            .fix("tls: starttls-required; if the relay really begins with TLS there, add tls_override_reason: \"...\"");
            out.push(finding);
        }
    }
}
