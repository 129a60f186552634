//! The DNS records that a configuration wants: A and AAAA of the host, and for each domain MX (RFC 5321 §5.1),
//! SPF (RFC 7208), DKIM (RFC 6376) and DMARC (RFC 7489).

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::IpAddr;

use crate::compiler::config::meaning::{LocalDomain, Meaning};
use crate::compiler::config::section::domains::{DmarcPolicy, SpfAll};
use crate::plan::document::{DkimAlgorithm, DkimKey, DkimSelector, DnsData, DnsRecord, DomainPlan};
use crate::vocabulary::mail::{Address, Domain};

/// Long enough for caches, short enough for a mistake to be mended within the hour.
const TTL_SECONDS: u32 = 3_600;
const MX_PREFERENCE: u16 = 10;

/// Sorted and without repetitions.
pub fn records(meaning: &Meaning<'_>, addresses: &[IpAddr], domains: &BTreeMap<Domain, DomainPlan>) -> Vec<DnsRecord> {
    let host = meaning.host();
    let mut records = Vec::new();
    let host_zone = zone_of(host, domains);
    for address in addresses {
        let data = match address {
            IpAddr::V4(v4) => DnsData::A(*v4),
            IpAddr::V6(v6) => DnsData::Aaaa(*v6),
        };
        records.push(record(&host_zone, host.as_str(), data));
    }
    if !domains.contains_key(host) {
        // RFC 7208 §2.3: bounces have no sender domain, so receivers check the EHLO name.
        records.push(record(&host_zone, host.as_str(), DnsData::Txt("v=spf1 a -all".to_owned())));
    }
    for domain in &meaning.domains {
        let name = domain.name.as_str();
        let exchange = host.to_string();
        records.push(record(name, name, DnsData::Mx { preference: MX_PREFERENCE, exchange }));
        records.push(record(name, name, DnsData::Txt(spf(domain, addresses))));
        records.push(record(name, &format!("_dmarc.{name}"), DnsData::Txt(dmarc(domain))));
        for selector in domains.get(domain.name).into_iter().flat_map(|d| &d.dkim) {
            let data = dkim(name, selector);
            records.push(record(name, &format!("{}._domainkey.{name}", selector.selector), data));
        }
    }
    records.sort();
    records.dedup();
    records
}

fn record(zone: &str, name: &str, data: DnsData) -> DnsRecord {
    DnsRecord { zone: zone.to_owned(), name: name.to_owned(), ttl_seconds: TTL_SECONDS, data }
}

/// The longest mail domain that `host` lies in, or else its parent.
fn zone_of(host: &Domain, domains: &BTreeMap<Domain, DomainPlan>) -> String {
    let zone = domains.keys().filter(|d| host.is_within(d)).max_by_key(|d| d.labels());
    let parent = || host.as_str().split_once('.').map_or(host.as_str(), |(_, parent)| parent);
    zone.map_or_else(parent, Domain::as_str).to_owned()
}

/// RFC 7208 §4.6.4 counts `mx` and every `include` as one of ten look-ups; `ip4` and `ip6` count nothing.
fn spf(domain: &LocalDomain<'_>, addresses: &[IpAddr]) -> String {
    let settings = domain.settings.and_then(|s| s.spf.as_ref());
    let mut text = "v=spf1 mx".to_owned();
    for address in addresses {
        let family = if address.is_ipv4() { "ip4" } else { "ip6" };
        let _ = write!(text, " {family}:{address}");
    }
    for include in settings.and_then(|s| s.include.as_ref()).into_iter().flatten() {
        let _ = write!(text, " include:{}", include.value.0);
    }
    let all = settings.and_then(|s| s.all.as_ref()).map(|a| a.value);
    text.push_str(if all == Some(SpfAll::Softfail) { " ~all" } else { " -all" });
    text
}

fn dmarc(domain: &LocalDomain<'_>) -> String {
    let settings = domain.settings.and_then(|s| s.dmarc.as_ref());
    // RFC 7489 §6.3: `none` asks for reports and changes nothing; the safe first step.
    let policy = settings.and_then(|s| s.policy.as_ref()).map_or(DmarcPolicy::None, |p| p.value);
    let named = settings.and_then(|s| s.reports_to.as_ref()).into_iter().flat_map(|r| &r.value.0);
    let mut reports: Vec<String> = named.map(|a| mailto(&a.value.0)).collect();
    if reports.is_empty() {
        reports.push(format!("mailto:postmaster@{}", domain.name));
    }
    format!("v=DMARC1; p={policy}; rua={}", reports.join(","))
}

/// RFC 6068 §2, and RFC 7489 §6.3 for `,` and `!`: everything unusual in percent form.
fn mailto(address: &Address) -> String {
    let mut text = "mailto:".to_owned();
    for octet in address.to_string().bytes() {
        if octet.is_ascii_alphanumeric() || b"@.-_+".contains(&octet) {
            text.push(char::from(octet));
        } else {
            let _ = write!(text, "%{octet:02X}");
        }
    }
    text
}

fn dkim(domain: &str, selector: &DkimSelector) -> DnsData {
    match &selector.key {
        DkimKey::File { public_key, .. } => {
            let kind = match selector.algorithm {
                DkimAlgorithm::Ed25519Sha256 => "ed25519",
                DkimAlgorithm::RsaSha256 => "rsa",
            };
            DnsData::Txt(format!("v=DKIM1; k={kind}; p={public_key}"))
        }
        DkimKey::Generated {} => DnsData::DkimGenerated {
            domain: domain.to_owned(),
            selector: selector.selector.clone(),
            algorithm: selector.algorithm,
        },
    }
}
