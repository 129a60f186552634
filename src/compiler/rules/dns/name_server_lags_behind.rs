//! DNS-045: A name server answers with an old zone.

use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "DNS-045",
    name: "name-server-lags-behind",
    severity: Severity::Error,
    summary: "A name server answers with an old zone.",
    check: Check::Live,
    explanation: Explanation {
        what: "Asks every authoritative server of a zone for its serial, several times over a few \
            seconds, and compares.",
        why: "Part of the world sees old records: a key that has been replaced, an MX that is gone. \
            Such faults come and go.",
        example: "domains: { example.org: {} }",
        instead: "domains: { example.org: {} }   # and zone transfer repaired",
        ignore: "For minutes after a change, where secondaries only poll.",
    },
    references: &["RFC 1996 §3", "RFC 1034 §4.3.5"],
};
