//! RLY-007: The relay is this server itself.

use std::collections::BTreeMap;

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::{Door, Meaning};
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "RLY-007",
    name: "relay-is-this-host",
    severity: Severity::Error,
    summary: "The relay is this server itself.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Compares the host of each relay with `host.name`, and with `localhost` where one of our own listeners has the \
            port.",
        why: "Mail would be handed to ourselves until it has gone round a hundred times and bounces.",
        example: "relay:
  default: { host: mail.example.org }",
        instead: "relay:
  default: { host: smtp.relay.net }",
        ignore: "Never. Another mail program on this machine gets a name of its own, with an address of its own.",
    },
    references: &["RFC 5321 §6.3", "mailcow/mailcow-dockerized#2051", "mailcow/mailcow#185"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    let ports: BTreeMap<u16, &Door<'_>> =
        meaning.listeners.iter().flat_map(|d| [(d.port, d), (d.public_port(), d)]).collect();
    for relay in &meaning.ways.relays {
        let host = &relay.settings.host;
        let name = &host.value.0;
        let door = ports.get(&relay.port);
        let here = name.as_str() == "localhost";
        let (span, text) = match door.filter(|_| here) {
            _ if name == meaning.host() => (&meaning.config.host.name.span, "the host itself"),
            Some(door) => (door.port_span(), "our own listener"),
            None => continue,
        };
        let finding = Finding::at(RULE.code, &host.span, "this is us")
            .related(span, text)
            .detail("Mail for others would come back to this server and loop.")
            .fix("name the provider's server, or remove the relay to deliver directly");
        out.push(finding);
    }
}
