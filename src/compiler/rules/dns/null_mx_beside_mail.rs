//! DNS-004: A null MX stands beside other hosts, or beside accounts.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::config::publish::mx::Target;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;
use crate::ground::diagnostic::Span;
use crate::vocabulary::mail::Domain;
use std::collections::BTreeMap;

pub const RULE: Rule = Rule {
    code: "DNS-004",
    name: "null-mx-beside-mail",
    severity: Severity::Error,
    summary: "A null MX stands beside other hosts, or beside accounts.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Refuses `host: .` together with another entry of `mx`, with a preference other than 0, or in a domain \
            that has accounts or aliases.",
        why: "A null MX says that the domain takes no mail at all. Beside another MX it has no defined meaning; \
            beside accounts it locks their mail out.",
        example: "domains:
  example.org: { mx: [{ host: . }, { host: mail.example.org }] }",
        instead: "domains:
  example.org: {}
  quiet.example.org: { mx: [{ host: . }] }",
        ignore: "Never: senders that know RFC 7505 bounce at once, others try to connect to the root. Remove the null \
            MX, or the accounts.",
    },
    references: &["RFC 7505 §3", "RFC 7505 §4.1"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    let mut inhabitants: BTreeMap<&Domain, &Span> = BTreeMap::new();
    for mailbox in &meaning.mailboxes {
        inhabitants.entry(&mailbox.address.domain).or_insert(mailbox.span);
    }
    for alias in &meaning.aliases.aliases {
        inhabitants.entry(&alias.address.domain).or_insert(&alias.span);
    }
    for domain in &meaning.publication.domains {
        let Some((null, span)) = domain.written_mx().find(|(e, _)| e.target == Target::Null) else { continue };
        let other = domain.written_mx().find(|(e, _)| e.target != Target::Null);
        let finding =
            Finding::at(RULE.code, span, "no mail is taken").fix("remove `host: .`, or all the rest".to_owned());
        if let Some((_, other)) = other {
            let detail = "A null MX must be the only MX record of its name.";
            out.push(finding.related(other, "a host that takes mail").detail(detail));
        } else if null.preference != 0 {
            let detail = format!("A null MX has preference 0, not {}.", null.preference);
            out.push(finding.detail(detail).fix("preference: 0"));
        } else if let Some(inhabitant) = inhabitants.get(domain.name) {
            let detail = format!("`{}` says that it takes no mail, and has addresses here.", domain.name);
            out.push(finding.related(inhabitant, "it would receive nothing").detail(detail));
        }
    }
}
