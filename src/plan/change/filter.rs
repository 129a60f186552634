//! The packet filter's lines: the rules of the listeners, and what holds besides.

use super::text::listed;
use crate::plan::Plan;
use crate::plan::document::{Family, FilterBackend, PacketFilter};

/// Key and text.
pub(super) fn lines(plan: &Plan) -> Vec<(String, String)> {
    let rules = plan.firewall.iter().map(|rule| {
        let family = match rule.family {
            Family::Ipv4 => "IPv4",
            Family::Ipv6 => "IPv6",
        };
        let to = if rule.addresses.is_empty() { "any address".to_owned() } else { listed(&rule.addresses) };
        (format!("tcp/{} {family} {}", rule.port, rule.listener), format!("accept from anyone to {to}"))
    });
    let settings = settings(&plan.packet_filter).into_iter().map(|(key, text)| (key.to_owned(), text));
    rules.chain(settings).collect()
}

/// Nothing for what is as it is without a word in the file.
fn settings(filter: &PacketFilter) -> Vec<(&'static str, String)> {
    let mut lines = Vec::new();
    if filter.backend != FilterBackend::default() {
        lines.push(("backend", filter.backend.word().to_owned()));
    }
    if !filter.admin.is_empty() {
        let text = format!("tcp/{} from {} only", listed(&filter.admin_ports), listed(&filter.admin));
        lines.push(("admin", text));
    }
    if let Some(open) = &filter.open {
        let also = if open.is_empty() { String::new() } else { format!(" but {}", listed(open)) };
        lines.push(("other ports", format!("refuse all{also}")));
    }
    if filter.ipv4_only {
        lines.push(("ipv6", "not filtered".to_owned()));
    }
    if filter.abuse_set {
        lines.push(("abuse set", "kept by the server".to_owned()));
    }
    if let Some(max) = filter.connections_per_minute_max {
        lines.push(("connections", format!("at most {max} new ones a minute from one address")));
    }
    if let Some(outgoing) = &filter.outgoing {
        if let Some(ports) = &outgoing.ports {
            lines.push(("outgoing", format!("tcp to ports {} only", listed(ports))));
        }
        if outgoing.server_only {
            let user = outgoing.user.as_ref().map_or_else(|| "the container".to_owned(), |u| format!("the user {u}"));
            lines.push(("outgoing tcp/25", format!("of {user} only")));
        }
    }
    lines
}
