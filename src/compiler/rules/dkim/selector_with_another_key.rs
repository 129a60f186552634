//! DKIM-007: A selector would get another key.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::records::dkim;
use crate::compiler::rules::Transition;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;
use crate::plan::document::DnsData;
use std::collections::BTreeMap;

pub const RULE: Rule = Rule {
    code: "DKIM-007",
    name: "selector-with-another-key",
    severity: Severity::Error,
    summary: "A selector would get another key.",
    check: Check::Transition(check),
    explanation: Explanation {
        what: "Compares the key record of each selector with that of the active plan.",
        why: "Mail that was signed with the old key is still on its way, and caches still hold the old record. Both \
            sides of the change fail until everybody has forgotten.",
        example: "domains:
  example.org: { dkim: { s2026: { key: { file: keys/new.pem } } } }",
        instead: "domains:
  example.org: { dkim: { s2026: { key: { file: keys/old.pem } }, s2027: { key: { file: keys/new.pem } } }, sign_with: [s2027] }",
        ignore: "Never: a new key gets a new name. To revoke a key that was stolen, replace it by the record `v=DKIM1; \
            p=` among `records`.",
    },
    references: &["RFC 6376 §3.1", "RFC 6376 §3.6.1", "mailcow#5519"],
};

fn check(transition: &Transition<'_>, out: &mut Vec<Finding>) {
    let mut before: BTreeMap<&str, &DnsData> = BTreeMap::new();
    for record in transition.previous.dns.iter().filter(|r| r.name.contains("._domainkey.")) {
        before.insert(&record.name, &record.data);
    }
    for domain in &transition.meaning.publication.domains {
        let Some(written) = dkim::written(domain.settings) else { continue };
        for (selector, settings) in written.iter() {
            let name = format!("{}._domainkey.{}", selector.value, domain.name);
            let Some(old) = before.get(name.as_str()) else { continue };
            let at = transition
                .next
                .dns
                .binary_search_by(|r| (r.zone.as_str(), r.name.as_str()).cmp(&(domain.name.as_str(), &name)));
            let Some(new) = at.ok().and_then(|i| transition.next.dns.get(i)) else { continue };
            if **old == new.data || matches!(&new.data, DnsData::Txt(text) if text.trim_end().ends_with("p=")) {
                continue;
            }
            // Whether a file holds the key that the server made is not known.
            let known = matches!((old, &new.data), (DnsData::Txt(_), DnsData::Txt(_)));
            let key = settings.value.as_ref().and_then(|s| s.key.as_ref());
            let finding = Finding::at(RULE.code, key.map_or(&selector.span, |k| &k.file.span), "another key")
                .related(&selector.span, "the same selector")
                .severity(if known { Severity::Error } else { Severity::Warning })
                .detail(format!("`{name}` has another key in the active plan."))
                .fix(format!(
                    "give the new key a new selector, keep `{}` published, and name the new one in `sign_with`",
                    selector.value
                ));
            out.push(finding);
        }
    }
}
