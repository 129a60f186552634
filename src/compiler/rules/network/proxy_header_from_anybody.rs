//! NET-001: A listener believes PROXY headers and nobody is named who may send them.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "NET-001",
    name: "proxy-header-from-anybody",
    severity: Severity::Error,
    summary: "A listener believes PROXY headers and nobody is named who may send them.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Wants `host.proxy_protocol.trusted` as soon as a listener has `proxy_protocol: true`.",
        why: "The header says who the client is, and the server believes it for relaying, for bans and for SPF. \
            From an unknown sender it is a claim; the addresses of the load balancers are what makes it \
            knowledge.",
        example: "listeners: { smtp: { proxy_protocol: true }, submissions: {}, imaps: {} }",
        instead: "host: { name: mail.example.org, addresses: [192.0.2.10], nat: true, proxy_protocol: { trusted: [10.0.0.5] } }
listeners: { smtp: { proxy_protocol: true }, submissions: {}, imaps: {} }",
        ignore: "Never: without names nobody could connect at all, since a header from an unknown peer is \
            refused.",
    },
    references: &["The PROXY protocol, HAProxy Technologies, §2", "Mailu documentation, REAL_IP_FROM"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    if meaning.config.host.proxy_protocol.is_some() {
        return;
    }
    for door in &meaning.listeners {
        let Some(proxied) = door.proxied() else { continue };
        let finding = Finding::at(RULE.code, proxied, "from whom?")
            .related(&meaning.config.host.span, "names no load balancer")
            .detail(format!(
                "`{}` takes the client's address from a PROXY header, and `host` does not say who may send one.",
                door.name
            ))
            .fix("host: { proxy_protocol: { trusted: [10.0.0.5] }, ... }, with the load balancer's own address");
        out.push(finding);
    }
}
