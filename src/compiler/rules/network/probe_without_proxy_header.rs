//! NET-004: A probe of the ports sends no PROXY header.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::config::topology::Disguises;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "NET-004",
    name: "probe-without-proxy-header",
    severity: Severity::Warning,
    summary: "A probe of the ports sends no PROXY header.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Warns when `metrics.probes_from` names a host that is no load balancer while a listener wants a \
            PROXY header.",
        why: "The probe connects, sends nothing that the server knows, and counts the listener as down; the log \
            fills with refusals that are nobody's attack.",
        example: r#"host: { name: mail.example.org, addresses: [192.0.2.10], nat: true, proxy_protocol: { trusted: [10.0.0.5] } }
listeners: { smtp: { proxy_protocol: true }, submissions: {}, imaps: {} }
metrics: { address: "127.0.0.1:9090", probes_from: [10.0.0.9] }"#,
        instead: r#"host: { name: mail.example.org, addresses: [192.0.2.10], nat: true, proxy_protocol: { trusted: [10.0.0.5, 10.0.0.9] } }
listeners: { smtp: { proxy_protocol: true }, submissions: {}, imaps: {} }
metrics: { address: "127.0.0.1:9090", probes_from: [10.0.0.9] }"#,
        ignore: "When the probe goes through the load balancer, or to a listener without the header: `allow: [{ \
            code: NET-004, reason: ... }]`.",
    },
    references: &["The PROXY protocol, HAProxy Technologies, §2", "bokysan/docker-postfix#226"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    let Some(door) = meaning.listeners.iter().find(|d| d.proxied().is_some()) else { return };
    let proxies = Disguises::of(meaning.config);
    for probe in meaning.config.metrics.iter().flat_map(|m| m.probes_from.iter().flatten()) {
        if proxies.within(probe.value.0).is_some_and(|p| p.network.covers(&probe.value.0)) {
            continue;
        }
        let finding = Finding::at(RULE.code, &probe.span, "no load balancer")
            .related(door.port_span(), "wants a PROXY header")
            .detail(format!(
                "Probes from `{}` are refused on `{}` unless they begin with a PROXY header and their host is trusted.",
                probe.value.0, door.name
            ))
            .fix(
                "probe with the header (`check-send-proxy` in HAProxy) and add the host to `trusted`, or probe a \
                 listener without `proxy_protocol`",
            );
        out.push(finding);
    }
}
