//! RLY-005: A SASL mechanism for a relay is unknown, or named twice.

use std::collections::BTreeMap;

use crate::compiler::config::finding::{Finding, nearest, shortened};
use crate::compiler::config::meaning::Meaning;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::{Severity, Span};

pub const RULE: Rule = Rule {
    code: "RLY-005",
    name: "relay-mechanism-unknown",
    severity: Severity::Error,
    summary: "A SASL mechanism for a relay is unknown, or named twice.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Knows `plain`, `login` and `scram-sha-256` in `mechanisms` of a relay, in any case, each once.",
        why: "A mechanism that this client does not speak is never used; if it is the only one, no mail reaches \
            the relay.",
        example: "relay:
  default: { host: smtp.relay.net, user: me, password: { file: /run/secrets/relay }, mechanisms: [kerberos] }",
        instead: "relay:
  default: { host: smtp.relay.net, user: me, password: { file: /run/secrets/relay }, mechanisms: [scram-sha-256, plain] }",
        ignore: "Never: leave `mechanisms` out, and the strongest that the relay offers is used.",
    },
    references: &["RFC 4422 §3.1", "RFC 4954 §4", "mjl-/mox, transport checks"],
};

/// What the client speaks, strongest first (RFC 7677, RFC 4616, and LOGIN, which no RFC describes).
const KNOWN: [&str; 3] = ["scram-sha-256", "plain", "login"];

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    for list in meaning.ways.relays.iter().filter_map(|r| r.settings.mechanisms.as_ref()) {
        if list.is_empty() {
            let finding = Finding::at(RULE.code, &list.span, "no mechanism")
                .detail("With none of them nobody can log in.")
                .fix("remove `mechanisms`");
            out.push(finding);
        }
        let mut seen: BTreeMap<String, &Span> = BTreeMap::new();
        for name in list.iter() {
            let lower = name.value.to_ascii_lowercase();
            let finding = if !KNOWN.contains(&lower.as_str()) {
                let near = nearest(&lower, KNOWN);
                Finding::at(
                    RULE.code,
                    &name.span,
                    near.map_or("unknown".to_owned(), |n| format!("did you mean `{n}`?")),
                )
                .detail(format!("`{}` is no mechanism that this client speaks.", shortened(&name.value)))
                .fix(format!("mechanisms: [{}]", KNOWN.join(", ")))
            } else if let Some(first) = seen.get(&lower) {
                Finding::at(RULE.code, &name.span, "again")
                    .related(first, "named here")
                    .detail(format!("`{lower}` is named twice; the order decides, so one of the two is wrong."))
                    .fix("remove one of the two")
            } else {
                seen.insert(lower, &name.span);
                continue;
            };
            out.push(finding);
        }
    }
}
