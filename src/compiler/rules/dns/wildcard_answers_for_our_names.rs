//! DNS-047: A wildcard answers for names that nobody has made.

use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "DNS-047",
    name: "wildcard-answers-for-our-names",
    severity: Severity::Warning,
    summary: "A wildcard answers for names that nobody has made.",
    check: Check::Live,
    explanation: Explanation {
        what: "Asks for a name in each zone that does not exist.",
        why: "A record of ours that is missing is not seen to be missing: senders take the wildcard's, \
            a wrong address or a second policy.",
        example: "domains: { example.org: {} }",
        instead: "domains: { example.org: {} }   # and the wildcard removed, or narrowed",
        ignore: "When the wildcard is meant, and every name of ours exists.",
    },
    references: &["RFC 4592 §2.2"],
};
