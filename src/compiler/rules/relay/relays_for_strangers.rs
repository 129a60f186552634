//! RLY-030: The server takes mail from strangers for strangers.

use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "RLY-030",
    name: "relays-for-strangers",
    severity: Severity::Error,
    summary: "The server takes mail from strangers for strangers.",
    check: Check::Live,
    explanation: Explanation {
        what: "Offers a message from and to nobody (`.invalid`) at every port for other servers, up to \
            the recipient.",
        why: "An open relay is found within hours, sends other people's junk, and is on every block \
            list by the evening.",
        example: "host: { name: mail.example.org, addresses: [192.0.2.10] }",
        instead: "host: { name: mail.example.org, addresses: [192.0.2.10] }   # and nothing else behind port 25",
        ignore: "Never: nobody else's mail is worth your address on every block list.",
    },
    references: &["RFC 5321 §7.9", "RFC 2505 §2.1"],
};
