//! Writes them down, one after the other.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::dkim::{Keys, PublishedSelector};
use super::{Wanted, caa, dkim, parked, services, tlsa};
use crate::compiler::config::material::Material;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::config::publish::extra::{self, Extra};
use crate::compiler::config::publish::mx::Target;
use crate::compiler::config::publish::{Published, policy, spf};
use crate::compiler::config::section::dns::Phase;
use crate::ground::diagnostic::Span;
use crate::plan::document::{DkimAlgorithm, DkimKey, DnsData, DnsRecord};
use crate::vocabulary::mail::Domain;

/// Long enough for caches, short enough for a mistake to be mended within the hour.
const TTL_SECONDS: u64 = 3_600;
/// While records still change.
const TTL_ROLLOUT_SECONDS: u64 = 300;
/// RFC 2181 §8.
const TTL_SECONDS_MAX: u64 = (1 << 31) - 1;

struct Writer<'m, 'c> {
    meaning: &'m Meaning<'c>,
    ttl: u64,
    wanted: Vec<Wanted<'c>>,
}

/// In the order of the file.
pub fn records<'c>(meaning: &Meaning<'c>, material: &Material<'_>) -> Vec<Wanted<'c>> {
    let dns = meaning.config.dns.as_ref().map(|d| &d.value);
    let rollout = dns.and_then(|d| d.phase.as_ref()).is_some_and(|p| p.value == Phase::Rollout);
    let default = if rollout { TTL_ROLLOUT_SECONDS } else { TTL_SECONDS };
    let ttl = dns.and_then(|d| d.ttl.as_ref()).map_or(default, |t| t.value.0.as_secs());
    let mut writer = Writer { meaning, ttl, wanted: Vec::new() };
    writer.host();
    let keys = Keys::of(material);
    for domain in &meaning.publication.domains {
        writer.domain(domain, &keys);
    }
    writer.discovery(material);
    for (zone, name, data, span) in parked::records(meaning) {
        writer.put(zone, &name, data, span);
    }
    writer.caa();
    for (name, ttl, data, span) in tlsa::records(meaning, material) {
        writer.add(&name, data, span);
        if let (Some(ttl), Some(last)) = (ttl, writer.wanted.last_mut()) {
            last.record.ttl_seconds = bounded(ttl);
        }
    }
    writer.wanted
}

fn bounded(ttl: u64) -> u32 {
    u32::try_from(ttl.min(TTL_SECONDS_MAX)).unwrap_or(u32::MAX)
}

impl<'c> Writer<'_, 'c> {
    fn add(&mut self, name: &str, data: DnsData, span: &'c Span) {
        let zone = self.meaning.publication.zones.holding(name);
        self.put(zone, name, data, span);
    }

    fn put(&mut self, zone: String, name: &str, data: DnsData, span: &'c Span) {
        let record = DnsRecord { zone, name: name.to_owned(), ttl_seconds: bounded(self.ttl), data };
        self.wanted.push(Wanted { record, span, written: false });
    }

    fn host(&mut self) {
        let host = &self.meaning.config.host;
        let name = self.meaning.host().as_str();
        for address in host.addresses.iter() {
            let data = match address.value.0 {
                IpAddr::V4(v4) => DnsData::A(v4),
                IpAddr::V6(v6) => DnsData::Aaaa(v6),
            };
            self.add(name, data, &address.span);
        }
        if !self.meaning.domains.iter().any(|d| d.name == self.meaning.host()) {
            // RFC 7208 §2.4: bounces have no sender domain, so receivers check the EHLO name.
            let mut text = "v=spf1 a".to_owned();
            let own: Vec<IpAddr> = self.meaning.host_addresses().collect();
            for other in spf::addresses(self.meaning.config).iter().filter(|a| !own.contains(a)) {
                let family = if other.is_ipv4() { "ip4" } else { "ip6" };
                text += &format!(" {family}:{other}");
            }
            self.add(name, DnsData::Txt(text + " -all"), &host.name.span);
        }
    }

    fn domain(&mut self, domain: &Published<'c>, keys: &Keys<'_>) {
        let name = domain.name.as_str();
        let zone = || name.to_owned();
        for exchange in &domain.mx {
            let target = match &exchange.target {
                Target::Host(host) => host.to_string(),
                Target::Null => ".".to_owned(),
                Target::Address(_) | Target::Malformed(_) => continue,
            };
            let data = DnsData::Mx { preference: exchange.preference, exchange: target };
            self.put(zone(), name, data, exchange.span.unwrap_or(domain.span));
        }
        self.put(zone(), name, DnsData::Txt(domain.spf.text()), domain.span);
        self.dmarc(domain);
        self.policies(domain);
        for selector in dkim::selectors(domain.name, domain.settings, keys) {
            let owner = format!("{}._domainkey.{name}", selector.planned.selector);
            self.put(zone(), &owner, key(domain.name, &selector), selector.span.unwrap_or(domain.span));
        }
        for record in domain.settings.and_then(|s| s.records.as_ref()).into_iter().flat_map(|r| r.value.iter()) {
            let Ok(Extra { name: owner, data, .. }) = extra::parse(&record.value, domain.name) else { continue };
            self.put(zone(), &owner, data, &record.span);
            if let Some(last) = self.wanted.last_mut() {
                last.written = true;
            }
        }
    }

    /// Ours give way to what stands in the file, and to domains of the file that have such a name.
    fn discovery(&mut self, material: &Material<'_>) {
        let taken: BTreeSet<String> = self.wanted.iter().filter(|w| w.written).map(|w| w.record.name.clone()).collect();
        let domains: BTreeSet<&str> = self.meaning.publication.domains.iter().map(|d| d.name.as_str()).collect();
        let offered = services::offered(self.meaning);
        for domain in &self.meaning.publication.domains {
            for (name, data) in services::records(self.meaning, material, &offered, domain) {
                if !taken.contains(&name) && !domains.contains(name.as_str()) {
                    self.put(domain.name.to_string(), &name, data, domain.span);
                }
            }
        }
    }

    /// RFC 8659 §3: who asks for the records of an alias gets those of its target, so that an alias of ours needs none, and
    /// could have none.
    fn caa(&mut self) {
        let host = DnsData::Cname(self.meaning.host().to_string());
        let aliases: BTreeSet<String> =
            self.wanted.iter().filter(|w| !w.written && w.record.data == host).map(|w| w.record.name.clone()).collect();
        for (name, data, span) in caa::records(self.meaning) {
            if !aliases.contains(&name) {
                self.add(&name, data, span);
            }
        }
    }

    fn dmarc(&mut self, domain: &Published<'c>) {
        let name = domain.name.as_str();
        self.put(name.to_owned(), &format!("_dmarc.{name}"), DnsData::Txt(policy::dmarc(domain)), domain.span);
        let Some(dmarc) = domain.effective(|s| s.dmarc.as_ref()) else { return };
        for receiver in policy::report_addresses(&dmarc.value) {
            let other = &receiver.value.0.domain;
            // RFC 7489 §7.1: who receives reports about another organisation's mail says that it wants them.
            let foreign = !other.is_within(domain.name) && !domain.name.is_within(other);
            if foreign && self.meaning.aliases.domains.contains_key(other) {
                let owner = format!("{name}._report._dmarc.{other}");
                self.put(other.to_string(), &owner, DnsData::Txt("v=DMARC1".to_owned()), &receiver.span);
            }
        }
    }

    fn policies(&mut self, domain: &Published<'c>) {
        let name = domain.name.as_str();
        let zone = || name.to_owned();
        if let Some(written) = domain.effective(|s| s.mta_sts.as_ref())
            && let Some(policy) = policy::mta_sts(domain)
        {
            let text = format!("v=STSv1; id={};", policy.id);
            self.put(zone(), &format!("_mta-sts.{name}"), DnsData::Txt(text), &written.span);
            if policy.served_here {
                let target = self.meaning.host().to_string();
                self.put(zone(), &format!("mta-sts.{name}"), DnsData::Cname(target), &written.span);
            }
        }
        if let Some(written) = domain.effective(|s| s.tls_rpt.as_ref())
            && let Some(text) = policy::tls_rpt(domain)
        {
            self.put(zone(), &format!("_smtp._tls.{name}"), DnsData::Txt(text), &written.span);
        }
    }
}

fn key(domain: &Domain, selector: &PublishedSelector<'_>) -> DnsData {
    let planned = &selector.planned;
    match &planned.key {
        DkimKey::File { public_key, .. } => {
            let kind = match planned.algorithm {
                DkimAlgorithm::Ed25519Sha256 => "ed25519",
                DkimAlgorithm::RsaSha256 => "rsa",
            };
            DnsData::Txt(format!("v=DKIM1; k={kind}; p={public_key}"))
        }
        DkimKey::Generated {} => DnsData::DkimGenerated {
            domain: domain.to_string(),
            selector: planned.selector.clone(),
            algorithm: planned.algorithm,
        },
    }
}
