//! PORT-030: A port of the plan cannot be reached at its public address.

use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "PORT-030",
    name: "port-not-reachable",
    severity: Severity::Error,
    summary: "A port of the plan cannot be reached at its public address.",
    check: Check::Live,
    explanation: Explanation {
        what: "Connects to every listener at the host's public addresses, and takes in what `mailctl \
            probe` saw from another machine.",
        why: "What cannot be reached receives nothing: mail waits at its senders for days, and then \
            bounces.",
        example: "host: { name: mail.example.org, addresses: [192.0.2.10] }",
        instead: "host: { name: mail.example.org, addresses: [192.0.2.10] }   # and the port open in every firewall on the way",
        ignore: "When the machine that looks cannot reach its own public address (NAT): ask from another \
            one.",
    },
    references: &["RFC 5321 §4.5.4.2"],
};
