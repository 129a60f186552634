//! DNS-044: A zone that the plan calls signed has no chain of trust.

use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "DNS-044",
    name: "zone-without-chain",
    severity: Severity::Error,
    summary: "A zone that the plan calls signed has no chain of trust.",
    check: Check::Live,
    explanation: Explanation {
        what: "Asks for each zone that the plan calls signed through a resolver that validates.",
        why: "Without a DS record at the parent nothing is proved: TLSA records are ignored, and DANE \
            does not protect.",
        example: "domains: { example.org: { dnssec: signed, tls_rpt: {} } }",
        instead: "domains: { example.org: { dnssec: unsigned } }   # or the DS record handed to the parent",
        ignore: "Between signing and the parent's DS record.",
    },
    references: &["RFC 4035 §5.2", "RFC 7672 §2.1"],
};
