//! CERT-015: A name for a certificate is no name.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::finding::shortened;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;
use crate::vocabulary::mail::Domain;
use std::net::IpAddr;

pub const RULE: Rule = Rule {
    code: "CERT-015",
    name: "acme-name-malformed",
    severity: Severity::Error,
    summary: "A name for a certificate is no name.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Wants names of hosts in `acme.names`, with `*.` in front of a whole name at most; no addresses, no \
            URLs.",
        why: "The authority refuses the whole order because of one bad name.",
        example: "certificates: { acme: { names: [\"https://example.org\"] } }",
        instead: "certificates: { acme: { names: [imap.example.org] } }",
        ignore: "Never: the authority would refuse, and nothing would be issued.",
    },
    references: &["RFC 8555 §7.1.4", "RFC 9525 §6.3"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    let Some(acme) = meaning.certificates.acme() else { return };
    for name in acme.names.iter().flatten() {
        let bare = name.value.strip_prefix("*.").unwrap_or(&name.value);
        let address = bare.trim_matches(['[', ']']).parse::<IpAddr>().is_ok();
        if !address && bare.contains('.') && bare.parse::<Domain>().is_ok_and(|d| d.literal().is_none()) {
            continue;
        }
        let finding = Finding::at(RULE.code, &name.span, "no name of a host")
            .detail(format!("No certificate can be issued for `{}`.", shortened(&name.value)))
            .fix("a name such as imap.example.org, or *.example.org");
        out.push(finding);
    }
}
