//! The packet filter that follows from the plan: mail ports that no public listener uses are refused.
//!
//! It filters in `prerouting` at priority `mangle`, before any destination NAT, so that it holds for
//! ports that a container engine publishes too; an `input` chain would never see those. Only connections
//! to this machine's own addresses are looked at, so containers and networks behind it may still reach
//! the mail ports of others.

use std::collections::BTreeSet;

use serde::Serialize;

use super::template::{Format, render};
use crate::plan::Plan;
use crate::plan::document::{Family, FirewallRule};

/// The ports of mail in the registry of service names: smtp, pop3, imap, submissions, submission, imaps,
/// pop3s, sieve.
pub const MAIL_PORTS: [u16; 8] = [25, 110, 143, 465, 587, 993, 995, 4190];

const TEMPLATE: &str = include_str!("firewall.nft.j2");

#[derive(Serialize)]
struct Values {
    mail_ports: String,
    refused: String,
    rules: Vec<Rule>,
    others: Vec<Rule>,
}

#[derive(Serialize)]
struct Rule {
    /// `meta nfproto ipv4`, or the destinations.
    matches: String,
    port: u16,
    listener: String,
}

/// A file for `nft -f`: one transaction that replaces the table `inet mailctl` and touches no other.
pub fn nftables(plan: &Plan) -> String {
    let (rules, others) = plan.firewall.iter().map(rule).partition(|rule| MAIL_PORTS.contains(&rule.port));
    let open: BTreeSet<u16> = plan.firewall.iter().map(|rule| rule.port).collect();
    let refused: Vec<String> = MAIL_PORTS.iter().filter(|port| !open.contains(port)).map(ToString::to_string).collect();
    let values = Values {
        mail_ports: MAIL_PORTS.map(|port| port.to_string()).join(", "),
        refused: if refused.is_empty() { "none".to_owned() } else { refused.join(", ") },
        rules,
        others,
    };
    render(TEMPLATE, Format::OneLine, &values)
}

fn rule(rule: &FirewallRule) -> Rule {
    let (family, keyword) = match rule.family {
        Family::Ipv4 => ("meta nfproto ipv4", "ip daddr"),
        Family::Ipv6 => ("meta nfproto ipv6", "ip6 daddr"),
    };
    let addresses: Vec<String> = rule.addresses.iter().map(ToString::to_string).collect();
    let matches = match addresses.is_empty() {
        true => family.to_owned(),
        false => format!("{keyword} {{ {} }}", addresses.join(", ")),
    };
    Rule { matches, port: rule.port, listener: quotable(&rule.listener) }
}

/// A listener's name stands in a quoted comment, and nft has no escape for a quote.
fn quotable(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_graphic() && c != '"' && c != '\\' { c } else { '_' }).take(64).collect()
}
