//! DNS-041: SPF does not pass mail from our own addresses.

use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "DNS-041",
    name: "spf-refuses-our-address",
    severity: Severity::Error,
    summary: "SPF does not pass mail from our own addresses.",
    check: Check::Live,
    explanation: Explanation {
        what: "Evaluates the published SPF record of every mail domain for every address of the host, \
            as a receiver does.",
        why: "Mail of the domain from that address counts as forged, and DMARC has only DKIM left.",
        example: "host: { name: mail.example.org, addresses: [192.0.2.10] }",
        instead: "host: { name: mail.example.org, addresses: [192.0.2.10] }   # and the record that `mailctl dns records` prints",
        ignore: "When mail of the domain never leaves from here.",
    },
    references: &["RFC 7208 §2.6", "RFC 7208 §4.6"],
};
