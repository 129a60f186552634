//! The ways of mail to other servers: relays with their effective settings, routes with the hops that they name.

use std::collections::BTreeMap;

use super::section::Config;
use super::section::listeners::TlsWord;
use super::section::relay::{Relay, RelayAuth, RelayChoice, Route};
use super::spanned::Spanned;
use crate::ground::diagnostic::Span;

/// The name of the relay that is written in place at `relay.default`.
pub const DEFAULT: &str = "default";
/// The word for delivery to the recipients' MX.
pub const DIRECT: &str = "direct";
/// Two failures may be one outage; after three it is worth another way.
const FALLBACK_AFTER: u32 = 3;

/// A relay with its effective settings.
#[derive(Debug)]
pub struct Smarthost<'c> {
    pub name: &'c str,
    pub settings: &'c Relay,
    pub span: &'c Span,
    pub port: u16,
    pub tls: TlsWord,
    pub auth: RelayAuth,
}

/// Where mail goes next, as it was written.
#[derive(Debug, Clone, Copy)]
pub struct Hop<'c> {
    /// [`DIRECT`], or the name of a relay that may not exist (RLY-006).
    pub name: &'c str,
    /// `None` where nothing was written.
    pub span: Option<&'c Span>,
}

/// A route, or what happens to mail that no route takes.
#[derive(Debug)]
pub struct Way<'c> {
    /// `None` for the last one, which takes everything.
    pub route: Option<&'c Spanned<Route>>,
    pub via: Hop<'c>,
    pub fallback: Option<Hop<'c>>,
    pub fallback_after: u32,
}

/// All relays and ways of a configuration.
#[derive(Debug)]
pub struct Ways<'c> {
    /// In the order of the file, the one in place first.
    pub relays: Vec<Smarthost<'c>>,
    pub routes: Vec<Way<'c>>,
    pub rest: Way<'c>,
    /// Places in `relays`, the first of each name.
    by_name: BTreeMap<&'c str, usize>,
}

impl Hop<'_> {
    pub fn is_direct(&self) -> bool {
        self.name == DIRECT
    }
}

impl<'c> Ways<'c> {
    pub fn of(config: &'c Config) -> Self {
        let section = config.relay.as_ref().map(|r| &r.value);
        let here = section.and_then(|s| s.default.as_ref()).and_then(|d| match &d.value {
            RelayChoice::Here(relay) => Some(smarthost(DEFAULT, relay, &d.span)),
            RelayChoice::Named(_) => None,
        });
        let hosts = section.and_then(|s| s.hosts.as_ref()).into_iter().flat_map(|h| h.iter());
        let named = hosts.map(|(name, relay)| smarthost(&name.value, &relay.value, &name.span));
        let routes = section.and_then(|s| s.routes.as_ref()).into_iter().flat_map(|r| r.iter()).map(|route| Way {
            route: Some(route),
            via: hop(&route.via),
            fallback: route.fallback.as_ref().map(hop),
            fallback_after: route.fallback_after.as_ref().map_or(FALLBACK_AFTER, |n| n.value),
        });
        let via = match section.and_then(|s| s.default.as_ref()) {
            None => Hop { name: DIRECT, span: None },
            Some(Spanned { value: RelayChoice::Here(_), span }) => Hop { name: DEFAULT, span: Some(span) },
            Some(Spanned { value: RelayChoice::Named(name), span }) => Hop { name, span: Some(span) },
        };
        let rest = Way {
            route: None,
            via,
            fallback: section.and_then(|s| s.fallback.as_ref()).map(hop),
            fallback_after: section.and_then(|s| s.fallback_after.as_ref()).map_or(FALLBACK_AFTER, |n| n.value),
        };
        let relays: Vec<Smarthost<'c>> = here.into_iter().chain(named).collect();
        let by_name = relays.iter().enumerate().rev().map(|(at, r)| (r.name, at)).collect();
        Self { relays, routes: routes.collect(), rest, by_name }
    }

    /// The relay of that name.
    pub fn relay(&self, name: &str) -> Option<&Smarthost<'c>> {
        self.relays.get(*self.by_name.get(name)?)
    }

    /// Routes in their order, and the rest.
    pub fn all(&self) -> impl Iterator<Item = &Way<'c>> {
        self.routes.iter().chain(std::iter::once(&self.rest))
    }

    /// Every hop that is named, fallbacks too.
    pub fn hops(&self) -> impl Iterator<Item = Hop<'c>> {
        self.all().flat_map(|way| std::iter::once(way.via).chain(way.fallback))
    }
}

fn hop(name: &Spanned<String>) -> Hop<'_> {
    Hop { name: &name.value, span: Some(&name.span) }
}

fn smarthost<'c>(name: &'c str, relay: &'c Relay, span: &'c Span) -> Smarthost<'c> {
    let port = relay.port.as_ref().map(|p| p.value);
    let tls = relay.tls.as_ref().map_or_else(
        || match port {
            Some(25 | 587 | 2525 | 2587) => TlsWord::StarttlsRequired,
            _ => TlsWord::Implicit,
        },
        |t| t.value,
    );
    let port = port.unwrap_or(if tls == TlsWord::Implicit { 465 } else { 587 });
    let by_user = if relay.user.is_some() { RelayAuth::Password } else { RelayAuth::Address };
    let auth = relay.auth.as_ref().map_or(by_user, |a| a.value);
    Smarthost { name, settings: relay, span, port, tls, auth }
}
