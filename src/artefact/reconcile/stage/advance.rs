//! One turn: take in what was seen, and let change what may change now.

use std::collections::BTreeSet;

use super::Data;
use super::lineage::Lineage;
use super::policy::Announcement;
use super::sight::Observed;
use super::target::{Set, SetKey, Target, target};
use super::{Stages, dmarc};
use crate::artefact::render::dns::Known;
use crate::ground::clock::Timestamp;
use crate::plan::Plan;
use crate::plan::document::DnsData;
use crate::vocabulary::mail::Domain;

/// What every step looks at.
struct View<'v> {
    plan: &'v Plan,
    known: &'v Known,
    target: &'v Target,
    observed: &'v Observed,
    now: Timestamp,
    /// Hosts that somebody may be sent to.
    in_use: BTreeSet<String>,
}

impl Stages {
    /// The stages after `observed`, on the way to `plan`. Without progress they are what they were.
    #[must_use]
    pub fn advance(mut self, plan: &Plan, known: &Known, observed: &Observed, now: Timestamp) -> Self {
        let target = target(plan, known);
        for (key, lineage) in &mut self.sets {
            if let Some(sight) = observed.sets.get(key) {
                let negative = observed.negative_ttl_seconds.get(&lineage.zone).copied();
                lineage.see(sight, negative, observed.asked, now);
            }
            lineage.forget(now);
        }
        self.move_keys(plan, &target, observed, now);
        self.move_selectors(plan, &target, observed, now);
        self.move_policies(plan, &target, observed, now);
        let in_use = self.hosts_in_use(&target);
        let view = View { plan, known, target: &target, observed, now, in_use };
        let keys: BTreeSet<SetKey> = self.sets.keys().chain(target.keys()).cloned().collect();
        for key in keys {
            self.move_set(key, &view);
        }
        self.settle(&target);
        self
    }

    fn move_set(&mut self, key: SetKey, view: &View<'_>) {
        let nothing = Set::default();
        let wanted = view.target.get(&key);
        let implicit = wanted.unwrap_or(&nothing);
        let current = self.sets.get(&key).map_or(&implicit.data, |lineage| &lineage.current);
        let next = self.next_set(&key, current, &implicit.data, view);
        if !self.sets.contains_key(&key) {
            if next == implicit.data {
                return;
            }
            let published = Lineage::new(&implicit.zone, implicit.ttl_seconds, implicit.data.clone(), view.now);
            self.sets.insert(key.clone(), published);
        }
        if let Some(lineage) = self.sets.get_mut(&key) {
            let ttl = wanted.map_or(lineage.ttl_seconds, |set| set.ttl_seconds);
            lineage.change(next, ttl, view.now);
        }
    }

    /// What a set may hold now, on the way from `current` to `wanted`.
    fn next_set(&self, key: &SetKey, current: &Data, wanted: &Data, view: &View<'_>) -> Data {
        let View { plan, known, target, observed, now, in_use } = view;
        let keep = |needed: bool| if wanted.is_empty() && needed { current.clone() } else { wanted.clone() };
        let gone = |host: &str| !["A", "AAAA"].iter().any(|kind| target.contains_key(&SetKey::new(host, kind)));
        if key.kind == "MX" {
            let Ok(domain) = key.name.parse::<Domain>() else { return wanted.clone() };
            return self.next_exchanges(&domain, current, wanted, plan, target, observed);
        }
        if let Some(host) = key.tlsa_host() {
            // A host of a former plan keeps its records while mail goes there; one that only gave DANE up does not.
            let data = keep(in_use.contains(host) && gone(host));
            return if data.is_empty() { data } else { self.with_keys(key, &data, plan, known, target) };
        }
        if key.dmarc_domain().is_some() {
            let lineage = self.sets.get(key);
            return lineage.map_or_else(|| wanted.clone(), |l| dmarc::next(l, wanted, plan.profile, *now));
        }
        match self.announced_id(key) {
            None => {}
            Some(Announcement::AsBefore) => return current.clone(),
            Some(Announcement::Id(id)) => return Data::from([DnsData::Txt(format!("v=STSv1; id={id};"))]),
            Some(Announcement::Nothing) => return Data::new(),
        }
        if let Some(domain) = key.policy_host() {
            let stage = domain.parse::<Domain>().ok().and_then(|domain| self.policies.get(&domain));
            return keep(stage.is_some_and(|stage| stage.current.as_ref().is_some_and(|p| p.served_here)));
        }
        match key.host() {
            Some(host) => keep(in_use.contains(host) && gone(host)),
            None => keep(self.selector_needed(key)),
        }
    }

    /// Drops what is as the plan wants it and was never different for anybody who still remembers.
    fn settle(&mut self, target: &Target) {
        let mut sets = std::mem::take(&mut self.sets);
        sets.retain(|key, lineage| {
            let wanted = target.get(key).map(|set| &set.data);
            let arrived = wanted.map_or(lineage.current.is_empty(), |data| *data == lineage.current);
            let rolls = key.tlsa_host().is_some_and(|host| self.keys.values().any(|stage| stage.serves(host)));
            !(arrived && lineage.former.is_empty()) || rolls
        });
        self.sets = sets;
    }
}
