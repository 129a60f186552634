//! PORT-016: Something must be served over HTTPS and no listener does it.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::{LocalDomain, Meaning};
use crate::compiler::config::section::certificates::Challenge;
use crate::compiler::config::section::domains::ServedBy;
use crate::compiler::config::section::listeners::Service;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::{Severity, Span};

pub const RULE: Rule = Rule {
    code: "PORT-016",
    name: "https-not-served",
    severity: Severity::Error,
    summary: "Something must be served over HTTPS and no listener does it.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Wants a listener `https` on public port 443 that the firewall does not shut, for the MTA-STS policy \
            of a domain that this server serves and for the ACME challenge `tls-alpn-01`.",
        why: "Senders that find the MTA-STS record fetch the policy from port 443 of `mta-sts.DOMAIN`, and the \
            certificate authority connects there. Where nothing answers, the policy is never in force, and no \
            certificate is issued or renewed.",
        example: "listeners: { smtp: {}, submissions: {}, imaps: {} }
domains: { example.org: { mta_sts: { mode: testing } } }",
        instead: "listeners: { smtp: {}, submissions: {}, imaps: {}, https: {} }
domains: { example.org: { mta_sts: { mode: testing } } }",
        ignore: "Never, but there are two keys that say who does it instead: `mta_sts: { served_by: external }`, \
            and for certificates another `challenge` or `existing_webserver: true`.",
    },
    references: &["RFC 8461 §3.3", "RFC 8737 §3", "docker-mailserver#3590"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    const HTTPS_PORT: u16 = 443;
    if meaning.lab() {
        return;
    }
    let doors = || meaning.listeners.iter().filter(|d| d.service == Some(Service::Https));
    let right = || doors().filter(|d| d.public() && d.public_port() == HTTPS_PORT);
    let closed = meaning.closed();
    if right().any(|d| !closed.contains(d.name)) {
        return;
    }
    let shut = meaning.config.firewall.as_ref().and_then(|f| f.closed.as_ref());
    let shut = shut.into_iter().flat_map(|names| names.iter()).find(|name| right().any(|d| d.name == name.value));
    // Without the section there is `https`, unless another web server is said to have the port.
    let other = meaning.config.certificates.as_ref().and_then(|c| c.acme.as_ref()?.existing_webserver.as_ref());
    let section = meaning.config.listeners.as_ref().map(|listeners| listeners.span.start..listeners.span.start);
    let place = shut.map(|name| name.span.clone()).or_else(|| doors().next().map(|d| d.port_span().clone()));
    let Some(place) = place.or(section).or(other.map(|o| o.span.clone())) else { return };
    let text = match doors().next() {
        Some(_) if shut.is_some() => "kept from the Internet",
        Some(_) => "not reached on 443",
        None => "no `https` here",
    };
    let mut need = |span: &Span, what: String, fix: &str| {
        let fix = if shut.is_some() { "take it out of `closed`" } else { fix };
        let finding = Finding::at(RULE.code, &place, text).related(span, "needs it").detail(what).fix(fix);
        out.push(finding);
    };
    let ours = |d: &&LocalDomain<'_>| {
        let policy = d.settings.and_then(|s| s.mta_sts.as_ref());
        policy.is_some_and(|p| p.served_by.as_ref().is_none_or(|s| s.value == ServedBy::Mailctl))
    };
    let mut domains = meaning.domains.iter().filter(ours);
    if let Some(first) = domains.next() {
        let others = domains.count();
        let more = if others == 0 { String::new() } else { format!(", and those of {others} more domains") };
        let what =
            format!("https://mta-sts.{}/.well-known/mta-sts.txt must answer on port {HTTPS_PORT}{more}.", first.name);
        need(
            first.span,
            what,
            "add the listener `https`, or write `served_by: external` if a web server of yours has it",
        );
    }
    if let Some(acme) = meaning.certificates.acme() {
        let alpn = acme.challenge.as_ref().is_none_or(|c| c.value == Challenge::TlsAlpn01);
        if alpn && acme.existing_webserver.as_ref().is_none_or(|w| !w.value) {
            let what =
                format!("The authority proves the names by a TLS handshake on port {HTTPS_PORT} (`tls-alpn-01`).");
            need(&acme.span, what, "add the listener `https`, or write `challenge: dns-01`");
        }
    }
}
