//! RLY-007: The relay is this server itself.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "RLY-007",
    name: "relay-is-this-host",
    severity: Severity::Error,
    summary: "The relay is this server itself.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Compares the name of the relay with the name of the host.",
        why: "Mail would be handed to ourselves until it has gone round a hundred times and bounces.",
        example: "relay:
  default: { host: mail.example.org }",
        instead: "relay:
  default: { host: smtp.relay.net }",
        ignore: "Never: it is an error, and no plan is made with it.",
    },
    references: &["RFC 5321 §6.3", "mailcow/mailcow-dockerized#2051"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    for relay in &meaning.ways.relays {
        let host = &relay.settings.host;
        if host.value.0 == *meaning.host() {
            let finding = Finding::at(RULE.code, &host.span, "this is us")
                .related(&meaning.config.host.name.span, "the host itself")
                .detail("Mail for others would come back to this server and loop.")
                .fix("name the provider's server, or remove `relay` to deliver directly");
            out.push(finding);
        }
    }
}
