//! DNS-043: Resolvers refuse a zone, because its signatures do not fit.

use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "DNS-043",
    name: "zone-is-bogus",
    severity: Severity::Error,
    summary: "Resolvers refuse a zone, because its signatures do not fit.",
    check: Check::Live,
    explanation: Explanation {
        what: "Asks for each zone through a resolver that validates, and its servers directly. Servers \
            that answer while the resolver refuses mean broken DNSSEC: signatures that have ended, \
            or a DS record of another key.",
        why: "For most of the world the domain does not exist: no mail comes in, and what leaves is \
            refused.",
        example: "domains: { example.org: { dnssec: signed } }",
        instead: "domains: { example.org: { dnssec: signed } }   # and the zone signed anew, or the DS record corrected",
        ignore: "Never: mail for the domain waits at its senders, and then bounces.",
    },
    references: &["RFC 4035 §5.3", "RFC 6781 §4.1"],
};
