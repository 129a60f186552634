//! CERT-007: A wildcard name is asked for without the DNS challenge.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::finding::shortened;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::config::section::certificates::Challenge;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "CERT-007",
    name: "wildcard-without-dns-challenge",
    severity: Severity::Error,
    summary: "A wildcard name is asked for without the DNS challenge.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Looks at `acme.names` for names that begin with `*.` while `challenge` is not `dns-01`.",
        why: "Authorities issue wildcards only to who controls the zone; no server under the name could prove it.",
        example: "certificates: { acme: { names: [\"*.example.org\"] } }",
        instead: "certificates: { acme: { names: [\"*.example.org\"], challenge: dns-01 } }\ndns: { publish: { rfc2136: { server: 192.0.2.53, key_name: mailctl, key: { file: /run/secrets/hello } } } }",
        ignore: "Never: use `dns-01`, or list the names one by one.",
    },
    references: &["RFC 8555 §7.1.3", "RFC 8555 §8.4"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    let Some(acme) = meaning.certificates.acme() else { return };
    let challenge = acme.challenge.as_ref();
    if challenge.is_some_and(|c| c.value == Challenge::Dns01) {
        return;
    }
    for name in acme.names.iter().flatten().filter(|n| n.value.starts_with("*.")) {
        let finding = Finding::at(RULE.code, &name.span, "a wildcard")
            .related(challenge.map_or(&acme.span, |c| &c.span), "proves single names only")
            .detail(format!("No authority issues `{}` by this challenge.", shortened(&name.value)))
            .fix("challenge: dns-01");
        out.push(finding);
    }
}
