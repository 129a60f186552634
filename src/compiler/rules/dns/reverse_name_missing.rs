//! DNS-006: An address has no matching reverse name.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::section::host::Role;
use crate::compiler::observed::{Kind, reverse};
use crate::compiler::rules::Sight;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "DNS-006",
    name: "reverse-name-missing",
    severity: Severity::Warning,
    summary: "An address has no matching reverse name.",
    check: Check::Online(check),
    explanation: Explanation {
        what: "Asks DNS for the PTR record of every address of the host, and whether the name that it gives leads \
            back to the address.",
        why: "Large receivers refuse or junk mail from an address whose reverse name is missing, generic, or does \
            not lead back. It is the most frequent reason why mail from a new server does not arrive.",
        example: "host: { name: mail.example.org, addresses: [192.0.2.10] }",
        instead: "host: { name: mail.example.org, addresses: [192.0.2.10] }   # and its PTR record set at the provider",
        ignore: "When the host never sends from that address, or a relay takes everything: `allow: [{ code: DNS-006, \
            reason: ... }]`.",
    },
    references: &["RFC 1912 §2.1", "mail-in-a-box/mailinabox#1746", "mailcow/mailcow#238"],
};

fn check(sight: &Sight<'_>, out: &mut Vec<Finding>) {
    let host = sight.meaning.host().as_str();
    if !sight.meaning.role().submits() && sight.meaning.role() != Role::BackupMx {
        return;
    }
    // Every resolver calls the loopback address `localhost` (RFC 6761 §6.3); nobody receives mail from it.
    for address in sight.meaning.config.host.addresses.iter().filter(|a| !a.value.0.is_loopback()) {
        let ip = address.value.0;
        let Some(names) = sight.observed.records(&reverse(ip), Kind::Ptr) else { continue };
        let declared = sight.meaning.config.host.ptr.iter().flat_map(|p| p.iter()).find(|(a, _)| a.value == ip);
        let wanted = declared.map_or(host, |(_, name)| name.value.0.as_str());
        let bare = |name: &String| name.trim_end_matches('.').to_ascii_lowercase();
        let detail = if names.is_empty() {
            format!("`{ip}` has no reverse name.")
        } else if !names.iter().any(|n| bare(n) == wanted) {
            format!("The reverse name of `{ip}` is `{}`, and `{wanted}` is wanted.", bare(&names[0]))
        } else if sight.observed.addresses(wanted).is_some_and(|a| !a.contains(&ip)) {
            format!("The reverse name `{wanted}` of `{ip}` does not lead back to it.")
        } else {
            continue;
        };
        let finding = Finding::at(RULE.code, &address.span, "reverse name does not match")
            .related(&sight.meaning.config.host.name.span, "the name that the server greets with")
            .detail(format!("{detail} Only who gave you the address can set it."))
            .fix(format!("ask the provider of the address for: {}. PTR {wanted}.", reverse(ip)));
        out.push(finding);
    }
}
