//! DNS-042: Receivers cannot read the published DMARC record.

use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "DNS-042",
    name: "dmarc-record-unreadable",
    severity: Severity::Error,
    summary: "Receivers cannot read the published DMARC record.",
    check: Check::Live,
    explanation: Explanation {
        what: "Reads the published DMARC record by the grammar: the version first, then the policy, \
            every tag `name=value`.",
        why: "A record that is not DMARC is ignored: the domain has no policy, and nobody sends \
            reports.",
        example: "domains: { example.org: { dmarc: { policy: reject } } }",
        instead: "domains: { example.org: { dmarc: { policy: reject } } }   # and the record published as printed",
        ignore: "Never: a record that nobody can read does nothing, and hides that.",
    },
    references: &["RFC 7489 §6.3", "RFC 7489 §6.4"],
};
