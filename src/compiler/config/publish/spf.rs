//! The SPF record of a domain (RFC 7208), term by term, with what each term costs a receiver.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::compiler::config::format::dns_name;
use crate::compiler::config::section::domains::{Spf as Written, SpfAll};
use crate::compiler::config::section::{Config, Profile};
use crate::compiler::config::spanned::Spanned;
use crate::compiler::config::ways::{Hop, Smarthost, Ways};
use crate::ground::diagnostic::Span;

/// An SPF record.
#[derive(Debug, Default)]
pub struct Spf<'c> {
    pub terms: Vec<Term<'c>>,
    pub all: Option<&'c Spanned<SpfAll>>,
    /// Relays that the domain's mail may leave through and whose addresses no term covers, as far as is known.
    pub uncovered: Vec<(&'c str, &'c Span)>,
}

/// A mechanism or modifier.
#[derive(Debug)]
pub struct Term<'c> {
    pub text: String,
    pub kind: Kind,
    /// `None` for those that are always there.
    pub span: Option<&'c Span>,
}

/// RFC 7208 §5 and §6.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    A,
    Exists,
    Exp,
    Include,
    Ip,
    /// Why it is none.
    Malformed(&'static str),
    Mx,
    Ptr,
    Redirect,
}

impl Kind {
    /// RFC 7208 §4.6.4: whether a receiver needs DNS for it, and so one of ten look-ups.
    pub fn looks_up(&self) -> bool {
        matches!(self, Self::A | Self::Exists | Self::Include | Self::Mx | Self::Ptr | Self::Redirect)
    }
}

impl<'c> Spf<'c> {
    pub fn of(
        written: Option<&'c Spanned<Written>>,
        other_hosts: bool,
        addresses: &[IpAddr],
        hops: &[Hop<'c>],
        ways: &Ways<'c>,
    ) -> Self {
        let mut terms = Vec::new();
        // This host's addresses stand in the record themselves: of it alone the term would be a look-up for nothing.
        if other_hosts {
            terms.push(Term { text: "mx".to_owned(), kind: Kind::Mx, span: None });
        }
        for address in addresses {
            let family = if address.is_ipv4() { "ip4" } else { "ip6" };
            terms.push(Term { text: format!("{family}:{address}"), kind: Kind::Ip, span: None });
        }
        let own = written.and_then(|w| w.include.as_ref()).into_iter().flatten();
        let own: Vec<_> = own.map(|i| include(&i.value.0, &i.span)).collect();
        let mechanisms = written.and_then(|w| w.mechanisms.as_ref()).into_iter().flatten();
        let mechanisms: Vec<_> = mechanisms.map(|m| mechanism(m)).collect();
        let says_more = !own.is_empty() || !mechanisms.is_empty();
        let mut uncovered = Vec::new();
        let mut included = own;
        for (relay, span) in relays(hops, ways) {
            let spf = relay.settings.spf.as_ref().filter(|s| !s.is_empty());
            included.extend(spf.into_iter().flatten().map(|s| include(&s.value.0, &s.span)));
            if spf.is_none() && !says_more {
                uncovered.push((relay.name, span));
            }
        }
        terms.extend(included);
        terms.extend(mechanisms);
        let mut seen = BTreeSet::new();
        terms.retain(|term| seen.insert(term.text.clone()));
        Self { terms, all: written.and_then(|w| w.all.as_ref()), uncovered }
    }

    /// The record's text. Malformed terms are left out; a rule has reported them.
    pub fn text(&self) -> String {
        let mut text = "v=spf1".to_owned();
        let sound = |t: &&Term<'_>| !matches!(t.kind, Kind::Malformed(_));
        for term in self.terms.iter().filter(sound) {
            text.push(' ');
            text.push_str(&term.text);
        }
        // RFC 7208 §5.1: `all` hides `redirect`, which is then left to speak.
        if !self.terms.iter().any(|t| t.kind == Kind::Redirect) {
            text.push(' ');
            text.push_str(self.word());
        }
        text
    }

    /// What the record says of everybody else.
    pub fn word(&self) -> &'static str {
        match self.all.map(|a| a.value) {
            Some(SpfAll::Neutral) => "?all",
            Some(SpfAll::Pass) => "+all",
            Some(SpfAll::Softfail) => "~all",
            Some(SpfAll::Fail) | None => "-all",
        }
    }

    /// Terms that cost a receiver a look-up. Those inside an include count too and are not known here.
    pub fn look_ups(&self) -> impl Iterator<Item = &Term<'c>> {
        self.terms.iter().filter(|t| t.kind.looks_up())
    }
}

/// The relays among the hops, each once, with the place that names it.
fn relays<'w, 'c>(hops: &[Hop<'c>], ways: &'w Ways<'c>) -> Vec<(&'w Smarthost<'c>, &'c Span)> {
    let mut seen = BTreeSet::new();
    let named = hops.iter().filter(|h| !h.is_direct() && seen.insert(h.name));
    named.filter_map(|hop| ways.relay(hop.name).map(|relay| (relay, hop.span.unwrap_or(relay.span)))).collect()
}

fn include<'c>(name: &str, span: &'c Span) -> Term<'c> {
    Term { text: format!("include:{name}"), kind: Kind::Include, span: Some(span) }
}

/// Addresses that mail leaves from: those of the host, and source addresses that the Internet can see.
pub fn addresses(config: &Config) -> Vec<IpAddr> {
    let lab = config.profile.as_ref().is_some_and(|p| p.value == Profile::Lab);
    let sources = config.outbound.as_ref().and_then(|o| o.source_addresses.as_ref()).into_iter().flatten();
    let mut addresses: Vec<IpAddr> = config.host.addresses.iter().map(|a| a.value.0).collect();
    addresses.extend(sources.map(|a| a.value.0).filter(|a| lab || !behind_nat(*a)));
    addresses.sort_unstable();
    addresses.dedup();
    addresses
}

/// RFC 1918, RFC 4193 and the like: a router puts another address in its place.
fn behind_nat(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_private() || v4.is_loopback() || v4.is_link_local() || v4.is_unspecified(),
        IpAddr::V6(v6) => v6.is_unique_local() || v6.is_loopback() || v6.is_unicast_link_local() || v6.is_unspecified(),
    }
}

fn mechanism(written: &Spanned<String>) -> Term<'_> {
    let text = written.value.trim();
    Term { text: text.to_owned(), kind: kind(text), span: Some(&written.span) }
}

/// RFC 7208 §12, the grammar of a term. Macros (`%{i}`) are taken as they are.
fn kind(text: &str) -> Kind {
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_graphic()) {
        return Kind::Malformed("is more than one term, or none; each is an entry of its own");
    }
    if let Some((modifier, value)) = text.split_once('=') {
        return match modifier.to_ascii_lowercase().as_str() {
            "redirect" => domain(value, Kind::Redirect),
            "exp" => domain(value, Kind::Exp),
            "v" => Kind::Malformed("begins a record; only what stands behind `v=spf1` is a term"),
            _ => Kind::Malformed("is no modifier of RFC 7208"),
        };
    }
    let bare = text.strip_prefix(['+', '-', '~', '?']).unwrap_or(text);
    let end = bare.find([':', '/']).unwrap_or(bare.len());
    let (name, rest) = bare.split_at(end);
    let value = rest.strip_prefix(':');
    match name.to_ascii_lowercase().as_str() {
        "all" => Kind::Malformed("belongs to the key `all`"),
        "ip4" => network::<Ipv4Addr>(value, 32),
        "ip6" => network::<Ipv6Addr>(value, 128),
        "include" => value.map_or(NEEDS_DOMAIN, |v| domain(v, Kind::Include)),
        "exists" => value.map_or(NEEDS_DOMAIN, |v| domain(v, Kind::Exists)),
        "ptr" => value.map_or(Kind::Ptr, |v| domain(v, Kind::Ptr)),
        "a" => hosts(rest, Kind::A),
        "mx" => hosts(rest, Kind::Mx),
        _ => Kind::Malformed("is no mechanism of RFC 7208"),
    }
}

const NEEDS_DOMAIN: Kind = Kind::Malformed("needs a domain behind a colon");

fn domain(text: &str, kind: Kind) -> Kind {
    let bare = text.strip_suffix('.').unwrap_or(text);
    if text.contains('%') || dns_name(bare).is_some() { kind } else { Kind::Malformed("names no domain") }
}

/// `[:domain][/prefix][//prefix]`
fn hosts(rest: &str, kind: Kind) -> Kind {
    let (name, prefixes) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let digits = |t: &str| t.is_empty() || t.parse::<u8>().is_ok_and(|n| n <= 128);
    if !prefixes.split('/').all(digits) {
        return Kind::Malformed("has a prefix length that is none");
    }
    match name.strip_prefix(':') {
        Some(name) => domain(name, kind),
        None if name.is_empty() => kind,
        None => Kind::Malformed("names no domain"),
    }
}

fn network<A: std::str::FromStr>(value: Option<&str>, prefix_max: u8) -> Kind {
    let value = value.unwrap_or_default();
    let (address, prefix) = value.split_once('/').map_or((value, None), |(a, p)| (a, Some(p)));
    let fits = prefix.is_none_or(|p| p.parse::<u8>().is_ok_and(|n| n <= prefix_max));
    if address.parse::<A>().is_ok() && fits { Kind::Ip } else { Kind::Malformed("holds no address of that family") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc7208_12_terms_are_told_apart() {
        for (text, wanted) in [
            ("ip4:198.51.100.0/24", Kind::Ip),
            ("ip6:2001:db8::/32", Kind::Ip),
            ("~a:mail.example.org/24//64", Kind::A),
            ("mx", Kind::Mx),
            ("?include:_spf.example.net", Kind::Include),
            ("exists:%{i}._spf.example.net", Kind::Exists),
            ("redirect=_spf.example.net", Kind::Redirect),
            ("PTR", Kind::Ptr),
        ] {
            assert_eq!(kind(text), wanted, "{text}");
        }
        for text in
            ["ip4:2001:db8::1", "ip4:192.0.2.1/33", "-all", "include", "ip4:1.2.3.4 mx", "spf1", "mx.example.org"]
        {
            assert!(matches!(kind(text), Kind::Malformed(_)), "{text}");
        }
    }
}
