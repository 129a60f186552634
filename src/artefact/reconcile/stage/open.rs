//! Another plan becomes the active one.

use std::collections::BTreeSet;

use super::Stages;
use super::key::KeyStage;
use super::lineage::Lineage;
use super::policy::PolicyStage;
use super::selector::SelectorStage;
use super::sight::Observed;
use super::target::{self, Set, SetKey, Target};
use crate::artefact::render::dns::Known;
use crate::ground::clock::Timestamp;
use crate::plan::Plan;
use crate::plan::document::{DkimSelector, MtaStsMode, MtaStsPolicy};
use crate::vocabulary::mail::Domain;

impl Stages {
    /// The stages of the way from `before` to `after`. With no plan before nothing waits, except that a policy is
    /// tested before it is enforced. `known` is about the keys of both plans.
    #[must_use]
    pub fn open(mut self, before: Option<&Plan>, after: &Plan, known: &Known, now: Timestamp) -> Self {
        match before {
            None => {
                let target = target::target(after, known);
                let enforced = |policy: &MtaStsPolicy| policy.mode() == MtaStsMode::Enforce;
                for (domain, _) in after.domains.iter().filter(|(_, d)| d.mta_sts.as_ref().is_some_and(enforced)) {
                    self.policies.entry(domain.clone()).or_insert_with(|| PolicyStage::new(None, now));
                    let key = SetKey::new(format!("_mta-sts.{domain}"), "TXT");
                    if let Some(set) = target.get(&key) {
                        let nothing = Lineage::new(&set.zone, set.ttl_seconds, BTreeSet::new(), now);
                        self.sets.entry(key).or_insert(nothing);
                    }
                }
            }
            Some(before) => {
                // A key that waits may be known here and not be announced yet.
                let served =
                    known.spki.iter().map(|(name, keys)| (name.clone(), keys.iter().take(1).cloned().collect()));
                let served = Known { spki: served.collect(), ..known.clone() };
                self.open_sets(&target::target(before, &served), &target::target(after, known), now);
                self.open_keys(before, after, known, now);
                let domains: BTreeSet<&Domain> = before.domains.keys().chain(after.domains.keys()).collect();
                for domain in domains {
                    self.open_policy(domain, before, after, now);
                    self.open_selectors(domain, before, after, now);
                }
            }
        }
        self.advance(after, known, &Observed::nothing(now), now)
    }

    fn open_sets(&mut self, was: &Target, will: &Target, now: Timestamp) {
        let keys: BTreeSet<&SetKey> = was.keys().chain(will.keys()).collect();
        let nothing = Set::default();
        for key in keys {
            let (old, new) = (was.get(key).unwrap_or(&nothing), will.get(key).unwrap_or(&nothing));
            let same = old.data == new.data && old.ttl_seconds <= new.ttl_seconds;
            if same || self.sets.contains_key(key) {
                continue;
            }
            let (zone, ttl) =
                if was.contains_key(key) { (&old.zone, old.ttl_seconds) } else { (&new.zone, new.ttl_seconds) };
            self.sets.insert(key.clone(), Lineage::new(zone, ttl, old.data.clone(), now));
        }
    }

    /// Names that another certificate would be served for from now on: they stay with the former one until everybody
    /// who comes knows the key of the new one.
    fn open_keys(&mut self, before: &Plan, after: &Plan, known: &Known, now: Timestamp) {
        let (was, will) = (target::target(before, known), target::target(after, known));
        let mut names = self.hosts_in_use(&was);
        names.extend(self.policy_hosts(&was));
        names.extend(self.sets.keys().chain(was.keys()).filter_map(SetKey::tlsa_host).map(str::to_owned));
        for host in names {
            let Some(holder) = self.holder(&host, before, &was).map(str::to_owned) else { continue };
            if self.holder(&host, after, &will) == Some(holder.as_str()) {
                continue;
            }
            let Some(certificate) = before.certificates.iter().find(|c| target::name(c) == holder) else { continue };
            let stage = self.keys.entry(holder).or_insert_with(|| KeyStage::former(certificate.clone(), known, now));
            stage.also.insert(host);
        }
    }

    fn open_policy(&mut self, domain: &Domain, before: &Plan, after: &Plan, now: Timestamp) {
        let policy = |plan: &Plan| plan.domains.get(domain).and_then(|settings| settings.mta_sts.clone());
        let (old, new) = (policy(before), policy(after));
        if old != new && !self.policies.contains_key(domain) {
            self.policies.insert(domain.clone(), PolicyStage::new(old, now));
        }
    }

    fn open_selectors(&mut self, domain: &Domain, before: &Plan, after: &Plan, now: Timestamp) {
        let of = |plan: &Plan| -> Vec<DkimSelector> {
            plan.domains.get(domain).map(|settings| settings.dkim.clone()).unwrap_or_default()
        };
        if !before.domains.contains_key(domain) {
            // Mail of a new domain is no worse off with a signature that nobody can verify yet than with none.
            return;
        }
        let (old, new) = (of(before), of(after));
        let signed = self.signers(before, domain);
        let same = new.len() == signed.len() && new.iter().all(|s| signed.contains(&s.selector));
        if same && !self.selectors.contains_key(domain) {
            return;
        }
        let lifetime_seconds = before.outbound.lifetime_seconds.max(after.outbound.lifetime_seconds);
        let stages = self.selectors.entry(domain.clone()).or_default();
        for planned in old.iter().chain(&new) {
            let signs = signed.contains(&planned.selector);
            let stage = SelectorStage {
                planned: planned.clone(),
                signs,
                stopped: None,
                used: signs,
                lifetime_seconds,
                since: now,
            };
            stages.entry(planned.selector.clone()).or_insert(stage);
        }
    }
}
