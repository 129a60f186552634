//! The MX hosts of a domain (RFC 5321 §5.1, RFC 7505).

use std::net::IpAddr;

use crate::compiler::config::section::Config;
use crate::compiler::config::section::domains::Exchange as Written;
use crate::compiler::config::spanned::Spanned;
use crate::ground::diagnostic::Span;
use crate::vocabulary::mail::Domain;

/// One of the MX hosts, as it was written or by default.
#[derive(Debug)]
pub struct Exchange<'c> {
    pub target: Target,
    pub preference: u16,
    /// `None`: this host, because nothing was written.
    pub span: Option<&'c Span>,
}

/// What an MX record points at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// DNS-001 refuses it.
    Address(IpAddr),
    Host(Domain),
    /// DNS-030 refuses it.
    Malformed(String),
    /// RFC 7505.
    Null,
}

impl Exchange<'_> {
    pub fn host(&self) -> Option<&Domain> {
        match &self.target {
            Target::Host(host) => Some(host),
            _ => None,
        }
    }
}

/// The first is 10: others then fit before it without a change of it.
const PREFERENCE_STEP: u16 = 10;

pub fn exchanges<'c>(config: &'c Config, written: Option<&'c Spanned<Vec<Spanned<Written>>>>) -> Vec<Exchange<'c>> {
    let Some(written) = written.filter(|w| !w.value.is_empty()) else {
        // Who only sends is no MX host, and those of the domain are not known here.
        if config.host.role.as_ref().is_some_and(|r| !r.value.receives()) {
            return Vec::new();
        }
        let target = Target::Host(config.host.name.value.0.clone());
        return vec![Exchange { target, preference: PREFERENCE_STEP, span: None }];
    };
    let exchange = |(place, exchange): (usize, &'c Spanned<Written>)| {
        let target = target(&exchange.host.value);
        let by_place = u16::try_from(place + 1).unwrap_or(u16::MAX).saturating_mul(PREFERENCE_STEP);
        // RFC 7505 §3: a null MX has preference 0.
        let default = if target == Target::Null { 0 } else { by_place };
        let preference = exchange.preference.as_ref().map_or(default, |p| p.value);
        Exchange { target, preference, span: Some(&exchange.host.span) }
    };
    written.value.iter().enumerate().map(exchange).collect()
}

fn target(text: &str) -> Target {
    if text == "." {
        return Target::Null;
    }
    let bare = text.strip_suffix('.').unwrap_or(text);
    let inner = bare.trim_start_matches('[').trim_end_matches(']');
    if let Ok(address) = inner.parse::<IpAddr>() {
        return Target::Address(address);
    }
    match bare.parse::<Domain>() {
        Ok(host) if host.literal().is_none() => Target::Host(host),
        _ => Target::Malformed(text.to_owned()),
    }
}
