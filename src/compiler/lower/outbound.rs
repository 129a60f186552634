//! Mail for others: relays, routes, TLS policies, schedule, and for whom this server relays.

use std::collections::{BTreeMap, BTreeSet};

use crate::compiler::config::meaning::Meaning;
use crate::compiler::config::section::dns::Resolver;
use crate::compiler::config::section::leaf::AddressPattern as WrittenPattern;
use crate::compiler::config::section::listeners::TlsWord;
use crate::compiler::config::section::outbound::OutboundTls as Written;
use crate::compiler::config::section::relay::RelayAuth;
use crate::compiler::config::spanned::Spanned;
use crate::compiler::config::ways::{Hop, Smarthost, Way, Ways};
use crate::plan::document::{
    BackupHop, BackupMx, BackupRecipients, Fallback, NextHop, Outbound, OutboundTls, Relay, RelayCredentials, RelayTls,
    Relaying, ResolverSource, Route, TlsPolicy, Validation,
};
use crate::vocabulary::mail::{AddressPattern, DomainPattern};

/// Seconds. RFC 5321 §4.5.4.1: at least 30 minutes in the long run, sooner in the first hour.
const RETRY_AFTER: [u64; 6] = [5 * 60, 15 * 60, 30 * 60, 3_600, 2 * 3_600, 4 * 3_600];
/// Seconds. RFC 5321 §4.5.4.1: at least four to five days.
const LIFETIME: u64 = 5 * 86_400;
/// Seconds. By then a person wants to know; sooner would be noise during an ordinary outage.
const DELAY_NOTICE: u64 = 86_400;
const MX_PORT: u16 = 25;

pub fn outbound(meaning: &Meaning<'_>) -> Outbound {
    let set = meaning.config.outbound.as_ref().map(|o| &o.value);
    let retry = set.and_then(|o| o.retry.as_ref());
    let ways = &meaning.ways;
    let used: BTreeSet<&str> = ways.hops().filter(|h| !h.is_direct()).map(|h| h.name).collect();
    let relays = ways.relays.iter().filter(|r| used.contains(r.name));
    let policies = set.and_then(|o| o.policies.as_ref()).into_iter().flat_map(|p| p.iter());
    let mut source_addresses: Vec<_> =
        set.and_then(|o| o.source_addresses.as_ref()).into_iter().flatten().map(|a| a.value.0).collect();
    source_addresses.sort_unstable();
    source_addresses.dedup();
    Outbound {
        relays: relays.map(|r| (r.name.to_owned(), relay(r))).collect(),
        routes: ways.routes.iter().filter_map(|way| route(way, ways)).collect(),
        default: next_hop(ways.rest.via),
        default_fallback: fallback(&ways.rest),
        source_addresses,
        tls: match set.and_then(|o| o.tls.as_ref()).map(|t| t.value) {
            Some(Written::Required) => OutboundTls::Required,
            // `none` for everybody is refused (TLS-007).
            Some(Written::None | Written::Opportunistic) | None => OutboundTls::Opportunistic,
        },
        tls_policies: policies
            .map(|(domain, policy)| (DomainPattern::Exact(domain.value.clone()), tls_policy(policy.tls.value)))
            .collect::<BTreeMap<_, _>>(),
        authority: set.and_then(|o| o.authority.as_ref()).map(|a| a.value.0.clone()),
        retry_after_seconds: retry
            .map_or_else(|| RETRY_AFTER.to_vec(), |r| r.iter().map(|p| p.value.0.as_secs()).collect()),
        delay_notice_seconds: Some(
            set.and_then(|o| o.delay_notice.as_ref()).map_or(DELAY_NOTICE, |d| d.value.0.as_secs()),
        ),
        lifetime_seconds: set.and_then(|o| o.lifetime.as_ref()).map_or(LIFETIME, |l| l.value.0.as_secs()),
        resolver: resolver(meaning),
        validation: validation(meaning),
        mx_port: set.and_then(|o| o.mx_port.as_ref()).map_or(MX_PORT, |p| p.value),
    }
}

fn resolver(meaning: &Meaning<'_>) -> ResolverSource {
    match meaning.config.dns.as_ref().and_then(|d| d.resolver.as_ref()).map(|r| &r.value) {
        Some(Resolver::Addresses(servers)) => ResolverSource::Addresses(servers.iter().map(|s| s.value.0).collect()),
        Some(Resolver::System) | None => ResolverSource::System,
    }
}

fn validation(meaning: &Meaning<'_>) -> Validation {
    let dns = meaning.config.dns.as_ref();
    match dns.and_then(|d| d.trust_anchor.as_ref()) {
        _ if dns.and_then(|d| d.validate.as_ref()).is_some_and(|v| !v.value) => Validation::None,
        Some(anchor) => Validation::Anchor(anchor.value.0.clone()),
        None => Validation::Internet,
    }
}

fn tls_policy(written: Written) -> TlsPolicy {
    match written {
        Written::None => TlsPolicy::None,
        Written::Opportunistic => TlsPolicy::Opportunistic,
        Written::Required => TlsPolicy::Required,
    }
}

fn next_hop(hop: Hop<'_>) -> NextHop {
    if hop.is_direct() { NextHop::Direct } else { NextHop::Relay(hop.name.to_owned()) }
}

fn fallback(way: &Way<'_>) -> Option<Fallback> {
    Some(Fallback { via: next_hop(way.fallback?), after_attempts: way.fallback_after })
}

/// `None` for a route to a relay that does not exist, which RLY-006 has reported.
fn route(way: &Way<'_>, ways: &Ways<'_>) -> Option<Route> {
    let written = &way.route?.value;
    if !way.via.is_direct() {
        ways.relay(way.via.name)?;
    }
    Some(Route {
        senders: patterns(written.senders.as_ref()),
        recipients: patterns(written.recipients.as_ref()),
        via: next_hop(way.via),
        fallback: fallback(way),
    })
}

fn patterns(written: Option<&Spanned<Vec<Spanned<WrittenPattern>>>>) -> Vec<AddressPattern> {
    written.into_iter().flat_map(|list| list.iter().map(|p| p.value.0.clone())).collect()
}

fn relay(relay: &Smarthost<'_>) -> Relay {
    let settings = relay.settings;
    let credentials = settings.user.as_ref().zip(settings.password.as_ref());
    Relay {
        host: settings.host.value.0.clone(),
        port: relay.port,
        tls: if relay.tls == TlsWord::Implicit { RelayTls::Implicit } else { RelayTls::StarttlsRequired },
        credentials: credentials
            .filter(|_| relay.auth == RelayAuth::Password)
            .map(|(user, password)| RelayCredentials { user: user.value.clone(), password: password.reference() }),
        authority: settings.authority.as_ref().map(|a| a.value.0.clone()),
        sign: settings.sign.as_ref().is_none_or(|s| s.value),
    }
}

pub fn relaying(meaning: &Meaning<'_>) -> Relaying {
    let section = meaning.config.relay.as_ref().map(|r| &r.value);
    let mut accept_from: Vec<_> = section
        .and_then(|s| s.accept_from.as_ref())
        .into_iter()
        .flat_map(|networks| networks.iter().map(|n| n.value.0))
        .collect();
    accept_from.sort_unstable();
    accept_from.dedup();
    let domains = section.and_then(|s| s.backup_for.as_ref()).into_iter().flat_map(|b| b.iter());
    let backup = domains.map(|(domain, settings)| {
        let settings = settings.value.as_ref();
        let next_hop = match settings.and_then(|s| s.next_hop.as_ref()) {
            None => BackupHop::Mx,
            Some(host) => BackupHop::Host {
                host: host.value.0.clone(),
                port: settings.and_then(|s| s.port.as_ref()).map_or(MX_PORT, |p| p.value),
            },
        };
        let recipients = match settings.and_then(|s| s.recipients.as_ref()) {
            None => BackupRecipients::Any,
            Some(list) => BackupRecipients::Listed(list.iter().map(|a| a.value.0.canonical()).collect()),
        };
        (domain.value.clone(), BackupMx { next_hop, recipients })
    });
    Relaying { accept_from, backup: backup.collect() }
}
