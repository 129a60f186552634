//! DNS-013: SPF does not cover a relay that the mail leaves through.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::config::publish::Published;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;
use crate::ground::diagnostic::Span;
use std::collections::BTreeMap;

pub const RULE: Rule = Rule {
    code: "DNS-013",
    name: "relay-not-in-spf",
    severity: Severity::Warning,
    summary: "SPF does not cover a relay that the mail leaves through.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Follows `relay.default`, `routes` and fallbacks for each domain, and wants the key `spf` of every \
            relay on its ways, unless the domain names includes or mechanisms of its own.",
        why: "The relay's addresses send for the domain. Receivers that find them not in SPF count that against the \
            message, and DMARC then hangs on the signature alone.",
        example: "relay:
  hosts: { post: { host: smtp.example.net, user: u, password: { env: P } } }
  default: post",
        instead: "relay:
  hosts: { post: { host: smtp.example.net, user: u, password: { env: P }, spf: [_spf.example.net] } }
  default: post",
        ignore: "When the relay rewrites the envelope sender to a domain of its own, so that SPF is checked there.",
    },
    references: &["RFC 7208 §2.4", "mjl-/mox: SPF check"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    if meaning.lab() {
        return;
    }
    // One finding a relay, whatever the number of domains.
    let mut uncovered: BTreeMap<&str, (&Span, Vec<&Published<'_>>)> = BTreeMap::new();
    for domain in &meaning.publication.domains {
        for (relay, span) in &domain.spf.uncovered {
            uncovered.entry(relay).or_insert((span, Vec::new())).1.push(domain);
        }
    }
    for (relay, (span, domains)) in uncovered {
        let Some(first) = domains.first() else { continue };
        let detail = match domains.len() {
            1 => format!("The relay `{relay}` sends for `{}`, whose SPF record does not name it.", first.name),
            n => format!(
                "The relay `{relay}` sends for `{}` and {} more, whose SPF records do not name it.",
                first.name,
                n - 1
            ),
        };
        let finding = Finding::at(RULE.code, span, "not in SPF")
            .related(first.span, "sends through it")
            .detail(detail)
            .fix("spf: [NAME], with the name that the relay tells its customers to include");
        out.push(finding);
    }
}
