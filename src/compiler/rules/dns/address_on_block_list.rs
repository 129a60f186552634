//! DNS-040: An address of the host is on a block list.

use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "DNS-040",
    name: "address-on-block-list",
    severity: Severity::Error,
    summary: "An address of the host is on a block list.",
    check: Check::Live,
    explanation: Explanation {
        what: "Asks block lists for every address of the host, as receivers do. A list that refuses the \
            resolver (127.255.255.x) or does not answer counts as not known, never as a listing.",
        why: "Receivers that use the list refuse the mail, or file it as junk, whatever else is right.",
        example: "host: { name: mail.example.org, addresses: [192.0.2.10] }",
        instead: "host: { name: mail.example.org, addresses: [192.0.2.10] }   # and the address taken off the list",
        ignore: "Never silently: a list that nobody asks may be left out with `--block-list`.",
    },
    references: &["RFC 5782 §2.1", "RFC 5782 §2.4"],
};
