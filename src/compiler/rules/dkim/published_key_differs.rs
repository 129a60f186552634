//! DKIM-009: The published DKIM key is not ours.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::records::dkim;
use crate::compiler::observed::Kind;
use crate::compiler::rules::Sight;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;
use crate::plan::document::DnsData;

pub const RULE: Rule = Rule {
    code: "DKIM-009",
    name: "published-key-differs",
    severity: Severity::Warning,
    summary: "The published DKIM key is not ours.",
    check: Check::Online(check),
    explanation: Explanation {
        what: "Asks DNS for the key record of every selector and compares it with the plan. For a key that the server \
            makes it sees only whether there is one.",
        why: "Every signature fails at every receiver, although mail leaves without an error.",
        example: "domains:
  example.org: { dkim: { s2026: { key: { file: keys/dkim.pem } } } }",
        instead: "domains:
  example.org: { dkim: { s2026: { key: { file: keys/dkim.pem } } } }   # and its record published",
        ignore: "Right after a change, until caches have forgotten, and for a selector that does not sign yet.",
    },
    references: &["RFC 6376 §3.6.2.1", "RFC 6376 §3.6.1"],
};

fn check(sight: &Sight<'_>, out: &mut Vec<Finding>) {
    for record in sight.plan.dns.iter().filter(|r| r.name.contains("._domainkey.")) {
        let Some(seen) = sight.observed.records(&record.name, Kind::Txt) else { continue };
        let keys: Vec<String> = seen.iter().filter_map(|text| key(text)).collect();
        let wanted = match &record.data {
            DnsData::Txt(text) => key(text),
            _ => None,
        };
        let found = match (&wanted, keys.as_slice()) {
            (_, []) => "no key is published",
            (Some(wanted), keys) if !keys.contains(wanted) => "another key is published",
            (_, keys) if wanted.as_deref() != Some("") && keys.iter().all(String::is_empty) => {
                "the key is revoked there"
            }
            _ => continue,
        };
        let Some((selector, domain)) = record.name.split_once("._domainkey.") else { continue };
        let Some(place) = sight.meaning.publication.domains.iter().find(|d| d.name.as_str() == domain) else {
            continue;
        };
        let written = dkim::written(place.settings).and_then(|w| w.iter().find(|(name, _)| name.value == selector));
        let finding = Finding::at(RULE.code, written.map_or(place.span, |(name, _)| &name.span), found)
            .detail(format!("At `{}` {found}.", record.name))
            .fix("publish what `mailctl dns records` prints");
        out.push(finding);
    }
}

/// The tag `p` of a key record, without white space (RFC 6376 §3.6.1).
fn key(text: &str) -> Option<String> {
    let tag = text.split(';').find_map(|tag| tag.trim().strip_prefix("p=").map(str::to_owned))?;
    Some(tag.chars().filter(|c| !c.is_ascii_whitespace()).collect())
}
