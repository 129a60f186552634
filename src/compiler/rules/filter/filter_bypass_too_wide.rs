//! FILT-011: The filter would be bypassed by strangers.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::config::section::leaf::NetworkBlock;
use crate::compiler::config::spanned::Spanned;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;
use crate::ground::diagnostic::Span;
use crate::vocabulary::network::Network;

pub const RULE: Rule = Rule {
    code: "FILT-011",
    name: "filter-bypass-too-wide",
    severity: Severity::Error,
    summary: "The filter would be bypassed by strangers.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Wants single hosts in `filter.bypass`, and none that connections of others seem to come from: load \
            balancers of `host.proxy_protocol.trusted`, and gateways and subnets of `host.runtime`.",
        why: "Behind NAT, a container engine or a load balancer every client may carry the address of the device \
            between. Exempt that one address, and nobody is filtered any more.",
        example: "host:
  name: mail.example.org
  addresses: [192.0.2.10]
  runtime: { kind: docker, gateways: [172.18.0.1] }
filter: { bypass: [172.18.0.1] }",
        instead: "host:
  name: mail.example.org
  addresses: [192.0.2.10]
  runtime: { kind: docker, gateways: [172.18.0.1] }
filter: { bypass: [198.51.100.7] }",
        ignore: "Never: name each host of your own by its address. A network of them still belongs in single \
            lines, so that a reader sees whom it lets through.",
    },
    references: &["docker-mailserver#4484"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    let bypass = meaning.config.filter.as_ref().and_then(|f| f.bypass.as_ref());
    let shared = shared(meaning);
    for entry in bypass.into_iter().flat_map(|b| b.iter()) {
        out.extend(judge(entry, &shared));
    }
}

/// Networks from which others' connections may seem to come, with what they are.
fn shared<'c>(meaning: &Meaning<'c>) -> Vec<(Network, &'c Span, &'static str)> {
    let host = &meaning.config.host;
    let mut shared = Vec::new();
    for trusted in host.proxy_protocol.iter().flat_map(|p| p.trusted.iter()) {
        shared.push((trusted.value.0, &trusted.span, "a load balancer"));
    }
    let Some(runtime) = &host.runtime else { return shared };
    for subnet in runtime.subnets.iter().flatten() {
        shared.push((subnet.value.0, &subnet.span, "the container network"));
    }
    for gateway in runtime.gateways.iter().flatten() {
        let address = gateway.value.0;
        if let Ok(network) = Network::around(address, if address.is_ipv4() { 32 } else { 128 }) {
            shared.push((network, &gateway.span, "a gateway"));
        }
    }
    shared
}

fn judge(entry: &Spanned<NetworkBlock>, shared: &[(Network, &Span, &'static str)]) -> Option<Finding> {
    let network = entry.value.0;
    let shown = entry.value.0.to_string();
    let shown = shown.strip_suffix("/32").or_else(|| shown.strip_suffix("/128")).unwrap_or(&shown);
    let whole = if network.address().is_ipv4() { 32 } else { 128 };
    if let Some((_, span, what)) = shared.iter().find(|(other, _, _)| other.overlaps(&network)) {
        let finding = Finding::at(RULE.code, &entry.span, "an address that many share")
            .related(span, *what)
            .detail(format!("Mail of strangers may seem to come from `{}`, and none of it would be judged.", shown));
        return Some(finding.fix("name the host that sends, by the address that the server sees"));
    }
    (network.prefix() < whole).then(|| {
        Finding::at(RULE.code, &entry.span, "more than one host")
            .detail(format!("`{network}` is a network; whoever gets an address in it is not judged."))
            .fix("name each host by its own address")
    })
}
