//! FILT-016: Every message would cross the Internet in clear on its way to a filter.

use std::net::{IpAddr, SocketAddr};

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;
use crate::ground::diagnostic::Span;

pub const RULE: Rule = Rule {
    code: "FILT-016",
    name: "scanner-across-the-internet",
    severity: Severity::Warning,
    summary: "Every message would cross the Internet in clear on its way to a filter.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Looks for public addresses of `clamd`, `rspamd` (with `http://`) and milters.",
        why: "These protocols know neither encryption nor a login. Whoever is on the way reads all mail, and may \
            answer in the filter's place.",
        example: "filter: { clamd: { address: \"198.51.100.7:3310\" } }",
        instead: "filter: { clamd: { address: \"127.0.0.1:3310\" } }",
        ignore: "Where the address is reached through a tunnel (WireGuard, IPsec) although it looks public: \
            `allow: [{ code: FILT-016, path: filter.clamd, reason: ... }]`.",
    },
    references: &["clamd(8)", "RFC 3552 §3.2", "RFC 3552 §3.3"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    let Some(filter) = &meaning.config.filter else { return };
    let clamd = filter.clamd.iter().map(|c| (c.address.value.0.as_str(), &c.address.span, "ClamAV"));
    let milters = filter
        .milters
        .iter()
        .flat_map(|m| m.iter())
        .map(|m| (m.address.value.0.as_str(), &m.address.span, "the milter"));
    let rspamd = filter.rspamd.iter().filter_map(|r| {
        let server = r.url.value.0.strip_prefix("http://")?;
        Some((server.split('/').next().unwrap_or(server), &r.url.span, "Rspamd"))
    });
    for (server, span, what) in clamd.chain(milters).chain(rspamd) {
        out.extend(address(server).filter(|a| !near(*a)).map(|address| judge(address, span, what)));
    }
}

/// Of `192.0.2.1:3310`, `[2001:db8::1]:80` or `192.0.2.1`; names are not looked up.
fn address(server: &str) -> Option<IpAddr> {
    server.parse::<SocketAddr>().map(|s| s.ip()).or_else(|_| server.trim_matches(['[', ']']).parse()).ok()
}

/// This machine, or a private network: RFC 1918, RFC 4193, RFC 6598 and link-local ones.
fn near(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let [a, b, ..] = v4.octets();
            v4.is_loopback() || v4.is_private() || v4.is_link_local() || (a == 100 && (64..128).contains(&b))
        }
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local(),
    }
}

fn judge(address: IpAddr, span: &Span, what: &str) -> Finding {
    Finding::at(RULE.code, span, "a public address")
        .detail(format!("`{address}` is on the Internet, and mail goes to {what} there as it is, in clear."))
        .fix("run it on this machine or in a private network, or give its address inside a tunnel")
}
