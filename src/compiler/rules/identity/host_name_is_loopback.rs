//! ID-006: The host name leads to a loopback address.

use std::net::IpAddr;

use crate::compiler::config::finding::Finding;
use crate::compiler::rules::{Check, Explanation, Rule, Sight};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "ID-006",
    name: "host-name-is-loopback",
    severity: Severity::Warning,
    summary: "The host name leads to a loopback address.",
    check: Check::Online(check),
    explanation: Explanation {
        what: "Looks whether an A or AAAA record of `host.name` is a loopback address, when DNS is asked \
            (`mailctl plan --online`). `profile: lab` expects it.",
        why: "Distributions put the host's own name on `127.0.1.1` in `/etc/hosts`, and some resolvers answer \
            from there. Whatever looks the name up here then believes that mail for it stays on this machine; in \
            public DNS it sends everybody to themselves.",
        example: "host: { name: mail.example.org, addresses: [192.0.2.10] }",
        instead: "host: { name: mail.example.org, addresses: [192.0.2.10] }",
        ignore: "When only this machine sees it, and nothing else here uses the name: `allow: [{ code: ID-006, \
            reason: ... }]`.",
    },
    references: &["RFC 1122 §3.2.1.3", "Debian Reference, The hostname resolution", "mjl-/mox, webadmin checks"],
};

fn check(sight: &Sight<'_>, out: &mut Vec<Finding>) {
    if sight.meaning.lab() {
        return;
    }
    let host = &sight.plan.host;
    let Some(seen) = sight.observed.addresses(host.name.as_str()) else { return };
    let Some(address) = seen.into_iter().find(IpAddr::is_loopback) else { return };
    let written = &sight.meaning.config.host;
    let finding = Finding::at(RULE.code, &written.name.span, format!("leads to {address}"))
        .related(&written.addresses.span, "should be what it leads to")
        .detail(format!("`{}` resolves to `{address}`, where only this machine itself can be reached.", host.name))
        .fix("take the name out of the line with 127.0.1.1 in /etc/hosts, or put the public address there");
    out.push(finding);
}
