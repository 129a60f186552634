//! DKIM selectors: published before they sign, kept for mail on its way (RFC 6376 §3.6.1).
//!
//! A selector that no longer signs is withdrawn, not revoked: an empty `p=` says that the key was stolen, and a
//! verifier fails the signature either way. To revoke one at once, the plan gives its name that record, and the plan
//! wins.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Stages;
use super::sight::Observed;
use super::target::{SetKey, Target};
use crate::ground::clock::Timestamp;
use crate::plan::Plan;
use crate::plan::document::DkimSelector;
use crate::vocabulary::mail::Domain;

/// One selector that does not sign yet, or does no more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SelectorStage {
    /// As in the plan that had it last. The path of a key file starts where that plan's did.
    pub planned: DkimSelector,
    /// Whether it is to sign now.
    pub signs: bool,
    /// Since when it is known not to sign, after it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped: Option<Timestamp>,
    /// Whether it ever signed, and its key is needed for what it signed.
    pub used: bool,
    /// The longest that a message could wait in the queue since it signed.
    pub lifetime_seconds: u64,
    /// When this step began.
    pub since: Timestamp,
}

impl SelectorStage {
    /// When mail that it has signed is no longer on its way: the queue's lifetime, and a quarter of it for the last
    /// attempt and for a secondary MX on the other side. `None` while it signs, or nobody knows that it does not.
    pub fn unneeded_from(&self) -> Option<Timestamp> {
        let on_its_way = Duration::from_secs(self.lifetime_seconds.saturating_add(self.lifetime_seconds / 4));
        self.stopped.filter(|_| !self.signs).map(|stopped| stopped.after(on_its_way))
    }
}

impl Stages {
    /// The selectors that are to sign for a domain now.
    pub fn signers(&self, plan: &Plan, domain: &Domain) -> BTreeSet<String> {
        let stages = self.selectors.get(domain);
        let stage = |name: &str| stages.and_then(|stages| stages.get(name));
        let wanted = plan.domains.get(domain).into_iter().flat_map(|settings| &settings.dkim);
        let wanted = wanted.map(|s| s.selector.clone()).filter(|name| stage(name).is_none_or(|stage| stage.signs));
        let others = stages.into_iter().flatten().filter(|(_, stage)| stage.signs).map(|(name, _)| name.clone());
        wanted.chain(others).collect()
    }

    /// Whether everybody who looks finds the selector's key.
    pub(super) fn everybody_finds(&self, domain: &Domain, selector: &str, target: &Target) -> bool {
        let key = SetKey::selector(domain.as_str(), selector);
        let Some(lineage) = self.sets.get(&key) else { return target.contains_key(&key) };
        match target.get(&key) {
            Some(set) => lineage.everybody_sees(&set.data),
            None => false,
        }
    }

    /// Whether the key of a selector must stay published although the plan does not name it.
    pub(super) fn selector_needed(&self, key: &SetKey) -> bool {
        let Some((selector, domain)) = key.name.split_once("._domainkey.") else { return false };
        let stages = domain.parse::<Domain>().ok().and_then(|domain| self.selectors.get(&domain));
        stages.and_then(|stages| stages.get(selector)).is_some_and(|stage| stage.used || stage.signs)
    }

    /// Moves the selectors of every domain as far as they may go now.
    pub(super) fn move_selectors(&mut self, plan: &Plan, target: &Target, observed: &Observed, now: Timestamp) {
        let domains: Vec<Domain> = self.selectors.keys().cloned().collect();
        for domain in domains {
            let Some(mut stages) = self.selectors.remove(&domain) else { continue };
            let wanted: &[DkimSelector] = plan.domains.get(&domain).map_or(&[], |settings| &settings.dkim);
            let is_wanted = |name: &str| wanted.iter().any(|s| s.selector == name);
            let ready = |name: &str| self.everybody_finds(&domain, name, target);
            let all_ready = wanted.iter().all(|s| ready(&s.selector));
            for (name, stage) in &mut stages {
                // Who signs goes on until all that follow are ready: no message may leave without a signature.
                let signs = if is_wanted(name) { stage.signs || ready(name) } else { stage.signs && !all_ready };
                if signs != stage.signs {
                    (stage.signs, stage.since, stage.stopped) = (signs, now, None);
                }
                stage.used |= signs;
                stage.lifetime_seconds = stage.lifetime_seconds.max(plan.outbound.lifetime_seconds);
                if observed.running && observed.asked >= stage.since && !stage.signs && stage.used {
                    let signing = observed.signing.get(&domain).is_some_and(|names| names.contains(name));
                    stage.stopped = if signing { None } else { stage.stopped.or(Some(now)) };
                }
            }
            let settled = all_ready && wanted.iter().all(|s| stages.get(&s.selector).is_none_or(|stage| stage.signs));
            stages.retain(|name, stage| {
                let over = stage.unneeded_from().is_some_and(|end| end <= now) || !stage.used;
                if is_wanted(name) { !settled } else { !over }
            });
            if !stages.is_empty() {
                self.selectors.insert(domain, stages);
            }
        }
    }
}
