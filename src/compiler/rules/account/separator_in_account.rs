//! ACC-008: An account's name holds the character that begins a subaddress.

use std::collections::BTreeMap;

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::{LocalDomain, Meaning};
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;
use crate::vocabulary::mail::Domain;

pub const RULE: Rule = Rule {
    code: "ACC-008",
    name: "separator-in-account",
    severity: Severity::Warning,
    summary: "An account's name holds the character that begins a subaddress.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Compares the name of every account with `subaddress` of its domain, `+` unless said otherwise.",
        why: "`anna-maria+news@` is cut at the first separator. If that is `-`, its user is `anna`: subaddresses of the \
            account reach somebody else, and when the account is removed one day, so does its own mail.",
        example: "accounts:
  anna-maria@example.org: { password: { file: /run/secrets/anna } }
domains: { example.org: { subaddress: \"-\" } }",
        instead: "accounts:
  anna-maria@example.org: { password: { file: /run/secrets/anna } }
domains: { example.org: { subaddress: \"+\" } }",
        ignore: "Where nobody uses subaddresses of that account: \
            `allow: [{ code: ACC-008, path: accounts.anna-maria@example.org, reason: ... }]`. Mail for the account \
            itself arrives.",
    },
    references: &["RFC 5233 §4", "docker-mailserver documentation, SPOOF_PROTECTION"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    let domains: BTreeMap<&Domain, &LocalDomain<'_>> = meaning.domains.iter().map(|d| (d.name, d)).collect();
    for mailbox in &meaning.mailboxes {
        let Some(domain) = domains.get(&mailbox.address.domain) else { continue };
        let Some(separator) = domain.separator else { continue };
        let local = mailbox.address.local.as_str();
        let Some((user, _)) = local.split_once(separator).filter(|(user, _)| !user.is_empty()) else { continue };
        let finding = Finding::at(RULE.code, mailbox.span, format!("`{separator}` begins a subaddress"));
        let finding = match domain.settings.and_then(|s| s.subaddress.as_ref()) {
            Some(written) => finding.related(&written.span, "the separator of this domain"),
            None => finding,
        };
        out.push(
            finding
                .detail(format!(
                    "`{local}{separator}x@{0}` is a subaddress of `{user}@{0}`, not of this account.",
                    domain.name
                ))
                .fix(format!(
                    "rename the account, or choose another separator: {}: {{ subaddress: ... }}",
                    domain.name
                )),
        );
    }
}
