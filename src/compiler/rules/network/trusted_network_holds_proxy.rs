//! NET-005: A trusted network holds an address that strangers seem to come from.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::config::topology;
use crate::compiler::config::topology::Disguises;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "NET-005",
    name: "trusted-network-holds-proxy",
    severity: Severity::Error,
    summary: "A trusted network holds an address that strangers seem to come from.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Compares `relay.accept_from`, `limits.login_exempt` and `filter.greylisting.exempt` with the load \
            balancers of `host.proxy_protocol.trusted` and with the gateways of the container network: \
            `host.runtime.gateways`, or else the first address of each of its `subnets`. FILT-011 does the same \
            for `filter.bypass`.",
        why: "Behind a load balancer or a container gateway the peer's address is often that of the machine in \
            between. To trust it is to trust everybody who comes through: in `accept_from` that is an open \
            relay, found within hours and on every block list the next day.",
        example: "host:
  name: mail.example.org
  addresses: [192.0.2.10]
  runtime: { kind: docker, userland_proxy: false, subnets: [172.20.0.0/24], gateways: [172.20.0.1] }
relay: { accept_from: [172.20.0.0/24] }",
        instead: "host:
  name: mail.example.org
  addresses: [192.0.2.10]
  runtime: { kind: docker, userland_proxy: false, subnets: [172.20.0.0/24], gateways: [172.20.0.1] }
relay: { accept_from: [172.20.0.7] }",
        ignore: "Never. Name the single hosts that you mean; a program behind the gateway logs in at \
            `submissions` with an account of its own.",
    },
    references: &["RFC 2505 §2.1", "docker-mailserver#1405", "docker-mailserver#3556", "Mailu documentation, faq"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    let disguises = Disguises::of(meaning.config);
    for trust in topology::trusts(meaning.config) {
        let Some(disguise) = disguises.within(trust.network) else { continue };
        let finding = Finding::at(RULE.code, trust.span, "strangers seem to come from here")
            .related(disguise.span, disguise.noun)
            .detail(format!(
                "`{}` in `{}` holds the address of {}: every stranger who arrives through it {}.",
                trust.network, trust.key, disguise.noun, trust.gain
            ))
            .fix("name the single hosts that you mean, e.g. 172.20.0.7, or let them log in at `submissions`");
        out.push(finding);
    }
}
