//! What the domains tell the world: MX hosts, SPF, DMARC, policies, and records that are written by hand.
//!
//! Rules judge the same values that become records (`compiler::config::records`). Standards: RFC 5321 §5.1 and RFC 7505
//! (MX), RFC 7208 (SPF), RFC 7489 (DMARC), RFC 8461 (MTA-STS), RFC 8460 (TLS-RPT). Nothing here asks DNS.

pub mod extra;
pub mod mx;
pub mod policy;
pub mod senders;
pub mod spf;
pub mod zones;

use std::collections::BTreeMap;

use super::section::Config;
use super::section::dns::Signed;
use super::section::domains::MailDomain;
use super::ways::Ways;
use crate::ground::diagnostic::Span;
use crate::vocabulary::mail::Domain;
use mx::Exchange;
use senders::Senders;
use spf::Spf;
use zones::Zones;

/// What all domains publish.
#[derive(Debug)]
pub struct Publication<'c> {
    pub zones: Zones<'c>,
    /// In the order of the file.
    pub domains: Vec<Published<'c>>,
}

/// What one domain publishes.
#[derive(Debug)]
pub struct Published<'c> {
    pub name: &'c Domain,
    pub span: &'c Span,
    pub settings: Option<&'c MailDomain>,
    /// The settings of the domain that this one is an alias of.
    origin: Option<&'c MailDomain>,
    pub signed: Signed,
    pub mx: Vec<Exchange<'c>>,
    pub spf: Spf<'c>,
}

impl<'c> Publication<'c> {
    pub fn of(config: &'c Config, ways: &Ways<'c>) -> Self {
        let zones = Zones::of(config);
        let senders = Senders::of(ways);
        let by_name: BTreeMap<&Domain, Option<&'c MailDomain>> =
            config.domains.iter().map(|(name, s)| (&name.value, s.value.as_ref())).collect();
        let addresses = spf::addresses(config);
        let published = config.domains.iter().map(|(name, settings)| {
            let settings = settings.value.as_ref();
            let target = settings.and_then(|s| s.alias_of.as_ref());
            let origin = target.and_then(|t| by_name.get(&t.value.0).copied().flatten());
            let mut published = Published {
                name: &name.value,
                span: &name.span,
                settings,
                origin,
                signed: zones.signed(name.as_str()),
                mx: Vec::new(),
                spf: Spf::default(),
            };
            published.mx = mx::exchanges(config, published.effective(|s| s.mx.as_ref()));
            let written = published.effective(|s| s.spf.as_ref());
            published.spf =
                spf::Spf::of(written, published.has_other_hosts(config), &addresses, &senders.ways(&name.value), ways);
            published
        });
        let domains = published.collect();
        Self { zones, domains }
    }
}

impl<'c> Published<'c> {
    /// A setting of the domain, or of the one that it is an alias of.
    pub fn effective<T>(&self, pick: impl Fn(&'c MailDomain) -> Option<&'c T>) -> Option<&'c T> {
        self.settings.and_then(&pick).or_else(|| self.origin.and_then(&pick))
    }

    /// The MX hosts that are written in the domain itself, with their places.
    pub fn written_mx(&self) -> impl Iterator<Item = (&Exchange<'c>, &'c Span)> {
        let own = self.settings.is_some_and(|s| s.mx.is_some());
        self.mx.iter().filter_map(move |e| Some((e, e.span.filter(|_| own)?)))
    }

    /// Whether others than this host take mail for the domain.
    fn has_other_hosts(&self, config: &Config) -> bool {
        self.mx.iter().filter_map(|e| e.host()).any(|host| *host != config.host.name.value.0)
    }

    /// Whether mail for the domain is to come to this host.
    pub fn comes_here(&self, host: &Domain) -> bool {
        self.mx.iter().any(|e| e.host() == Some(host))
    }
}
