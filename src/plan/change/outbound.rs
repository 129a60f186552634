//! The lines about mail for others: relays, routes, policies, and for whom is relayed.

use super::Section;
use super::text::listed;
use crate::plan::document::{
    BackupHop, BackupMx, BackupRecipients, Fallback, NextHop, Outbound, OutboundTls, Relay, RelayTls, Relaying,
    ResolverSource, Route, TlsPolicy,
};

/// Section, key and text of each.
pub(super) fn lines(outbound: &Outbound, relaying: &Relaying) -> Vec<(Section, String, String)> {
    let mut lines = Vec::new();
    let mut put = |key: String, text: String| lines.push((Section::Outbound, key, text));
    let default = way(&outbound.default, outbound.default_fallback.as_ref());
    put("default".to_owned(), default);
    for (name, relay) in &outbound.relays {
        put(format!("relay {name}"), self::relay(relay));
    }
    for (n, route) in outbound.routes.iter().enumerate() {
        // The order decides, so the place in it is the name.
        put(format!("route {:03}", n + 1), self::route(route));
    }
    let resolver = match &outbound.resolver {
        ResolverSource::Addresses(addresses) => listed(addresses),
        ResolverSource::System => "those of the machine".to_owned(),
    };
    if !outbound.source_addresses.is_empty() {
        put("source_addresses".to_owned(), listed(&outbound.source_addresses));
    }
    let tls = match outbound.tls {
        OutboundTls::Opportunistic => policy(TlsPolicy::Opportunistic),
        OutboundTls::Required => policy(TlsPolicy::Required),
    };
    put("tls".to_owned(), tls.to_owned());
    for (pattern, tls) in &outbound.tls_policies {
        put(format!("tls to {pattern}"), policy(*tls).to_owned());
    }
    if let Some(authority) = &outbound.authority {
        put("authority".to_owned(), format!("MX hosts vouched for by {}", authority.display()));
    }
    put("retry_after_seconds".to_owned(), listed(&outbound.retry_after_seconds));
    put("lifetime_seconds".to_owned(), outbound.lifetime_seconds.to_string());
    if let Some(seconds) = outbound.delay_notice_seconds {
        put("delay_notice_seconds".to_owned(), seconds.to_string());
    }
    put("resolver".to_owned(), resolver);
    put("mx_port".to_owned(), outbound.mx_port.to_string());
    if !relaying.accept_from.is_empty() {
        lines.push((Section::Relaying, "accept_from".to_owned(), listed(&relaying.accept_from)));
    }
    for (domain, backup) in &relaying.backup {
        lines.push((Section::Relaying, format!("backup MX of {domain}"), self::backup(backup)));
    }
    lines
}

fn route(route: &Route) -> String {
    let from = if route.senders.is_empty() { "anybody".to_owned() } else { listed(&route.senders) };
    let to = if route.recipients.is_empty() { "anybody".to_owned() } else { listed(&route.recipients) };
    format!("from {from} to {to}: {}", way(&route.via, route.fallback.as_ref()))
}

fn way(via: &NextHop, fallback: Option<&Fallback>) -> String {
    match fallback {
        None => hop(via),
        Some(fallback) => {
            format!("{}, after {} failed attempts {}", hop(via), fallback.after_attempts, hop(&fallback.via))
        }
    }
}

fn hop(via: &NextHop) -> String {
    match via {
        NextHop::Direct => "direct to the MX".to_owned(),
        NextHop::Relay(name) => format!("through relay {name}"),
    }
}

fn policy(tls: TlsPolicy) -> &'static str {
    match tls {
        TlsPolicy::None => "never",
        TlsPolicy::Opportunistic => "when offered",
        TlsPolicy::Required => "required, with a verified certificate",
    }
}

fn relay(relay: &Relay) -> String {
    let tls = match relay.tls {
        RelayTls::Implicit => "implicit TLS",
        RelayTls::StarttlsRequired => "STARTTLS required",
    };
    let mut parts = vec![format!("{} port {}", relay.host, relay.port), tls.to_owned()];
    if let Some(credentials) = &relay.credentials {
        parts.push(format!("as {} with the password from {}", credentials.user, credentials.password));
    }
    if let Some(authority) = &relay.authority {
        parts.push(format!("vouched for by {}", authority.display()));
    }
    if !relay.sign {
        parts.push("without our DKIM signatures".to_owned());
    }
    parts.join(", ")
}

fn backup(backup: &BackupMx) -> String {
    let to = match &backup.next_hop {
        BackupHop::Host { host, port } => format!("{host} port {port}"),
        BackupHop::Mx => "its better MX hosts".to_owned(),
    };
    match &backup.recipients {
        BackupRecipients::Any => format!("any recipient, to {to}"),
        BackupRecipients::Listed(recipients) => format!("for {}, to {to}", listed(recipients)),
    }
}
