//! CERT-006: The authority's challenge cannot reach this server.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::config::records::caa::challenge_word;
use crate::compiler::config::section::certificates::Challenge;
use crate::compiler::config::section::listeners::Service;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "CERT-006",
    name: "challenge-cannot-reach-us",
    severity: Severity::Error,
    summary: "The authority's challenge cannot reach this server.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "For `http-01` and `tls-alpn-01`: refuses `existing_webserver: true`, for `tls-alpn-01` an `https` \
            listener that the Internet does not see on port 443, and for `http-01` the absence of an `http` listener \
            that it sees on port 80.",
        why: "The authority connects to port 80 or 443 of the name. What answers there is not this server, and no \
            certificate is issued.",
        example: "certificates: { acme: { challenge: http-01, existing_webserver: true } }",
        instead: "certificates: { acme: { challenge: dns-01, existing_webserver: true } }\ndns: { publish: { rfc2136: { server: 192.0.2.53, key_name: mailctl, key: { file: /run/secrets/hello } } } }",
        ignore: "Never: use `dns-01`, or let the other program get the certificate and name its files.",
    },
    references: &["RFC 8555 §8.3", "RFC 8737 §3", "mjl-/mox#5"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    let Some(acme) = meaning.certificates.acme() else { return };
    let written = acme.challenge.as_ref();
    let challenge = written.map_or(Challenge::TlsAlpn01, |c| c.value);
    if challenge == Challenge::Dns01 {
        return;
    }
    let word = challenge_word(challenge);
    let span = written.map_or(&acme.span, |c| &c.span);
    let finding = Finding::at(RULE.code, span, format!("`{word}` cannot reach us"))
        .fix("challenge: dns-01, or `files` from the program that has the port");
    if let Some(other) = acme.existing_webserver.as_ref().filter(|e| e.value) {
        let detail = format!("Another program answers where the authority looks for `{word}`.");
        out.push(finding.related(&other.span, "it has the ports").detail(detail));
        return;
    }
    let service = if challenge == Challenge::TlsAlpn01 { Service::Https } else { Service::Http };
    let port = service.port();
    match meaning.listeners.iter().find(|d| d.service == Some(service)) {
        Some(door) if !door.public() || door.public_port() != port || meaning.closed().contains(door.name) => {
            let detail = format!("`{word}` is answered on port {port} alone, and `{}` is not seen there.", door.name);
            out.push(finding.related(door.port_span(), format!("not port {port} of the Internet")).detail(detail));
        }
        // Port 443 has a rule of its own (PORT-016). Port 80 is never opened because a challenge was chosen: who
        // names the listeners names all of them.
        None if service == Service::Http => {
            let listeners = meaning.config.listeners.as_ref().map_or(span, |l| &l.span);
            let detail = format!("`{word}` is answered on port {port}, and nothing listens there.");
            let finding = finding.related(listeners, "no `http` here").detail(detail);
            out.push(finding.fix("add the listener `http`, or write `challenge: tls-alpn-01`"));
        }
        _ => {}
    }
}
