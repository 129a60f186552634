//! RLY-011: Mail goes out on port 25, which the provider is known to block.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::config::section::host::Provider;
use crate::compiler::config::ways::Hop;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "RLY-011",
    name: "port-25-blocked-by-provider",
    severity: Severity::Note,
    summary: "Mail goes out on port 25, which the provider is known to block.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Notes direct delivery while `host.provider` is `aws`, `azure`, `digitalocean`, `gcp`, `vultr` or \
            `home`.",
        why: "These networks drop outgoing connections to port 25 unless somebody asks to open it, and some \
            never open it. Mail then waits for days and bounces, with nothing to see but time-outs.",
        example: "host: { name: mail.example.org, addresses: [192.0.2.10], provider: gcp }",
        instead: "host: { name: mail.example.org, addresses: [192.0.2.10], provider: gcp }
relay:
  default: { host: smtp.relay.net, user: me, password: { file: /run/secrets/relay }, spf: [_spf.relay.net] }",
        ignore: "When the provider has opened the port for this machine: `allow: [{ code: RLY-011, reason: ... \
            }]`, or `provider: other`.",
    },
    references: &["docker-mailserver documentation, debugging", "mail-in-a-box/mailinabox#1815", "Mailu/Mailu#712"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    let Some(provider) = meaning.config.host.provider.as_ref().filter(|_| !meaning.lab()) else { return };
    let (network, way_out) = match provider.value {
        Provider::Aws => ("AWS", "ask for the removal of the email sending limitation"),
        Provider::Azure => ("Azure", "use a relay; most subscriptions are never opened"),
        Provider::Digitalocean => ("DigitalOcean", "use a relay; new accounts are not opened"),
        Provider::Gcp => ("Google Cloud", "use a relay; the port is never opened"),
        Provider::Home => ("A home connection", "use the relay of the provider, or another"),
        Provider::Vultr => ("Vultr", "ask support to open the port"),
        Provider::Other => return,
    };
    let Some(hop) = meaning.ways.hops().find(Hop::is_direct) else { return };
    let mut finding = Finding::at(RULE.code, &provider.span, "port 25 is usually blocked")
        .detail(format!("{network} blocks outgoing connections to port 25 by default, and mail is delivered directly."))
        .fix(format!("{way_out}: relay: {{ default: {{ host: ..., user: ..., password: ... }} }}"));
    if let Some(span) = hop.span {
        finding = finding.related(span, "delivers to port 25 of other servers");
    }
    out.push(finding);
}
