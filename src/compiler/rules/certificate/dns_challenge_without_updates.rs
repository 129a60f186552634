//! CERT-017: The DNS challenge is chosen and nothing can answer it.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::config::section::certificates::Challenge;
use crate::compiler::config::section::dns::Publish;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "CERT-017",
    name: "dns-challenge-without-updates",
    severity: Severity::Error,
    summary: "The DNS challenge is chosen and nothing can answer it.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Wants `dns.publish.rfc2136` where `certificates.acme.challenge` is `dns-01`.",
        why: "The authority gives a token of its own for each order, and looks for its record minutes later. Nobody \
            sits there every two months to publish it by hand, and a file for another tool comes too late.",
        example: "certificates: { acme: { challenge: dns-01 } }",
        instead: "certificates: { acme: { challenge: dns-01 } }\n\
            dns: { publish: { rfc2136: { server: 192.0.2.53, key_name: mailctl, key: { file: /run/secrets/hello } } } }",
        ignore: "Never: nothing would be issued. Choose another challenge, or let another program get the certificate \
            and name its files.",
    },
    references: &["RFC 8555 §8.4", "RFC 2136"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    let Some(acme) = meaning.certificates.acme() else { return };
    let Some(challenge) = acme.challenge.as_ref().filter(|c| c.value == Challenge::Dns01) else { return };
    let publish = meaning.config.dns.as_ref().and_then(|dns| dns.publish.as_ref());
    if matches!(publish.map(|p| &p.value), Some(Publish::Rfc2136(_))) {
        return;
    }
    let finding = Finding::at(RULE.code, &challenge.span, "nobody publishes the record");
    let finding = match publish {
        Some(publish) => finding.related(&publish.span, "not by updates"),
        None => finding,
    };
    out.push(
        finding
            .detail("The record of each order must appear in the zone within minutes, by an update (RFC 2136).")
            .fix("dns: { publish: { rfc2136: { server: ..., key_name: ..., key: { file: ... } } } }"),
    );
}
