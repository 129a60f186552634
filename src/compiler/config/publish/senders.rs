//! Which ways the mail of a sender's domain may take, for SPF and DMARC.
//!
//! Routes are indexed by the domains that they name, so that a thousand domains with a thousand routes cost no million
//! comparisons.

use std::collections::{BTreeMap, BTreeSet};

use crate::compiler::config::ways::{Hop, Way, Ways};
use crate::vocabulary::mail::{AddressPattern, Domain, DomainPattern};

#[derive(Debug)]
pub struct Senders<'w, 'c> {
    ways: &'w Ways<'c>,
    /// Routes for everybody.
    all: Vec<usize>,
    exact: BTreeMap<&'c str, Vec<usize>>,
    below: BTreeMap<&'c str, Vec<usize>>,
}

impl<'w, 'c> Senders<'w, 'c> {
    pub fn of(ways: &'w Ways<'c>) -> Self {
        let mut index = Self { ways, all: Vec::new(), exact: BTreeMap::new(), below: BTreeMap::new() };
        for (i, way) in ways.routes.iter().enumerate() {
            let senders = way.route.and_then(|r| r.value.senders.as_ref());
            let Some(senders) = senders else {
                index.all.push(i);
                continue;
            };
            for pattern in senders.iter() {
                match &pattern.value.0 {
                    AddressPattern::Address(address) => index.exact.entry(address.domain.as_str()).or_default().push(i),
                    AddressPattern::Domain(DomainPattern::Exact(domain)) => {
                        index.exact.entry(domain.as_str()).or_default().push(i);
                    }
                    AddressPattern::Domain(DomainPattern::Below(parent)) => {
                        index.below.entry(parent.as_str()).or_default().push(i);
                    }
                }
            }
        }
        index
    }

    /// The hops that mail from `domain` may take, fallbacks too. A route for the whole domain and every recipient hides
    /// those after it.
    pub fn ways(&self, domain: &Domain) -> Vec<Hop<'c>> {
        let mut candidates: BTreeSet<usize> = self.all.iter().copied().collect();
        candidates.extend(self.exact.get(domain.as_str()).into_iter().flatten());
        let mut rest = domain.as_str();
        while let Some((_, parent)) = rest.split_once('.') {
            candidates.extend(self.below.get(parent).into_iter().flatten());
            rest = parent;
        }
        let mut hops = Vec::new();
        for way in candidates.into_iter().filter_map(|i| self.ways.routes.get(i)) {
            hops.extend(std::iter::once(way.via).chain(way.fallback));
            if takes_all(way, domain) {
                return hops;
            }
        }
        hops.extend(std::iter::once(self.ways.rest.via).chain(self.ways.rest.fallback));
        hops
    }
}

fn takes_all(way: &Way<'_>, domain: &Domain) -> bool {
    let Some(route) = way.route else { return true };
    let whole = |pattern: &AddressPattern| matches!(pattern, AddressPattern::Domain(d) if d.matches(domain));
    let senders = route.senders.as_ref().is_none_or(|s| s.iter().any(|p| whole(&p.value.0)));
    senders && route.recipients.is_none()
}
