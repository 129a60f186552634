//! DNS-046: A name server of the zone does not serve it.

use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "DNS-046",
    name: "lame-name-server",
    severity: Severity::Warning,
    summary: "A name server of the zone does not serve it.",
    check: Check::Live,
    explanation: Explanation {
        what: "Asks every server that the zone or its parent names, whether it holds the zone.",
        why: "Resolvers that come there wait and try again; if the others are away too, the domain is \
            gone.",
        example: "domains: { example.org: {} }",
        instead: "domains: { example.org: {} }   # and the NS records corrected",
        ignore: "While name servers are being moved, for as long as the old NS records are remembered.",
    },
    references: &["RFC 1912 §2.8", "RFC 1034 §4.2.2"],
};
