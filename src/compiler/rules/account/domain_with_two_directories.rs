//! ACC-011: A domain has accounts in two places.

use std::collections::BTreeMap;

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::{Mailbox, Meaning};
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;
use crate::vocabulary::mail::Domain;

pub const RULE: Rule = Rule {
    code: "ACC-011",
    name: "domain-with-two-directories",
    severity: Severity::Warning,
    summary: "A domain has accounts in two places.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Compares `directory.ldap.domains` with the domains of the accounts in this file.",
        why: "Two sources own the domain: when both have an address, one password works and the other does not, and \
            who leaves the directory keeps the account that the file still has.",
        example: "directory:
  ldap: { url: \"ldaps://ldap.example.org\", base: \"dc=example,dc=org\", domains: [example.org] }
accounts:
  hello@example.org: { password: { file: /run/secrets/hello } }",
        instead: "accounts:
  hello@example.org: { password: { file: /run/secrets/hello } }",
        ignore: "For accounts of machines that no directory knows, in a domain of people that it does: \
            `allow: [{ code: ACC-011, reason: ... }]`. A domain of their own is clearer.",
    },
    references: &["simple-nixos-mailserver, assertions of its LDAP module", "Stalwart 0.16 release notes"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    let ldap = meaning.config.directory.as_ref().and_then(|d| d.ldap.as_ref());
    let mut first: BTreeMap<&Domain, &Mailbox<'_>> = BTreeMap::new();
    for mailbox in &meaning.mailboxes {
        first.entry(&mailbox.address.domain).or_insert(mailbox);
    }
    for domain in ldap.and_then(|l| l.domains.as_ref()).into_iter().flatten() {
        if let Some(mailbox) = first.get(&domain.value.0) {
            let finding = Finding::at(RULE.code, &domain.span, "also has accounts in this file")
                .related(mailbox.span, "an account of this file")
                .detail(format!(
                    "All accounts of `{}` are said to be in the directory, and `{}` stands in this file.",
                    domain.value.0, mailbox.address
                ))
                .fix("keep the domain's accounts in one place");
            out.push(finding);
        }
    }
}
