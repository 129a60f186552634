//! NET-015: A load balancer is named and no listener reads its header.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "NET-015",
    name: "proxy-named-and-not-used",
    severity: Severity::Warning,
    summary: "A load balancer is named and no listener reads its header.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Warns of `host.proxy_protocol` while no listener has `proxy_protocol: true`.",
        why: "Without the header every client that comes through the load balancer has its address. If it does \
            send the header, the listener takes it for a broken command and ends the session.",
        example: "host: { name: mail.example.org, addresses: [192.0.2.10], nat: true, proxy_protocol: { trusted: [10.0.0.5] } }",
        instead: "host: { name: mail.example.org, addresses: [192.0.2.10], nat: true, proxy_protocol: { trusted: [10.0.0.5] } }
listeners:
  smtp: { proxy_protocol: true }
  submissions: { proxy_protocol: true }
  imaps: { proxy_protocol: true }",
        ignore: "While you prepare the load balancer: `allow: [{ code: NET-015, reason: ... }]`.",
    },
    references: &["The PROXY protocol, HAProxy Technologies, §2"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    let Some(section) = &meaning.config.host.proxy_protocol else { return };
    if meaning.listeners.iter().any(|d| d.proxied().is_some()) {
        return;
    }
    let finding = Finding::at(RULE.code, &section.span, "read by no listener")
        .detail("The PROXY header is read only where a listener says so; elsewhere it looks like a broken command.")
        .fix("listeners: { smtp: { proxy_protocol: true }, ... } for each one that the load balancer connects to");
    out.push(finding);
}
