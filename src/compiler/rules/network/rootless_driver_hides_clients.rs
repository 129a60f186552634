//! NET-011: The rootless engine hides the clients' addresses.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::config::section::host::PortDriver;
use crate::compiler::config::topology;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "NET-011",
    name: "rootless-driver-hides-clients",
    severity: Severity::Warning,
    summary: "The rootless engine hides the clients' addresses.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Warns of `host.runtime.rootless: rootlesskit` with published ports, unless every listener wants a \
            PROXY header.",
        why: "This port driver opens a connection of its own into the container. All clients have one address, \
            so SPF, block lists and bans cannot work, and nothing may be trusted by address.",
        example: "host: { name: mail.example.org, addresses: [192.0.2.10], runtime: { kind: docker, rootless: rootlesskit } }",
        instead: "host: { name: mail.example.org, addresses: [192.0.2.10], runtime: { kind: docker, rootless: slirp4netns } }",
        ignore: "When incoming mail comes from one relay of your own that has judged it already: `allow: [{ \
            code: NET-011, reason: ... }]`.",
    },
    references: &[
        "docker-mailserver documentation, Fail2Ban with rootless containers",
        "crazy-max/docker-fail2ban#108",
    ],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    let Some(runtime) = topology::bridged(meaning.config) else { return };
    let Some(driver) = runtime.rootless.as_ref().filter(|d| d.value == PortDriver::Rootlesskit) else { return };
    if meaning.lab() || meaning.listeners.iter().all(|d| d.proxied().is_some()) {
        return;
    }
    let finding = Finding::at(RULE.code, &driver.span, "one address for all clients")
        .detail("RootlessKit's own port driver replaces the address of every client by one of the container network.")
        .fix("rootless: slirp4netns (or pasta), as the engine is then set up, or network: host");
    out.push(finding);
}
