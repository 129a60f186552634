//! MTA-STS policies (RFC 8461): tested before they are enforced, remembered by senders for `max_age`, withdrawn through
//! `mode: none`.
//!
//! A sender need not look for a new policy before the one that it has is over: whoever blocks its look-ups is the very
//! attacker that the policy is against. So an old policy counts for its whole `max_age` after it was last served.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Stages;
use super::sight::Observed;
use super::target::{SetKey, Target, exchanges};
use crate::ground::clock::Timestamp;
use crate::ground::limits::STAGE_FORMERS_MAX;
use crate::plan::Plan;
use crate::plan::digest::Digest;
use crate::plan::document::{MtaStsMode, MtaStsPolicy, mta_sts_matches};
use crate::vocabulary::mail::Domain;

/// RFC 8461 §8.3: a small `max_age` for a policy that says that there is none; one day.
const LEAVING_MAX_AGE_SECONDS: u64 = 86_400;

/// The policy of one domain on its way from one to another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyStage {
    /// What is to be served now. Absent: nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current: Option<MtaStsPolicy>,
    pub since: Timestamp,
    /// When it was first seen to be served.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen: Option<Timestamp>,
    /// What senders may still remember, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub former: Vec<FormerPolicy>,
    /// Since when a policy in `testing` is announced and every check of the MX hosts was clean.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clean: Option<Timestamp>,
    /// Whether it may be enforced.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub tested: bool,
}

/// A policy that was served.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FormerPolicy {
    pub policy: MtaStsPolicy,
    /// When the last sender has forgotten it. Absent: not before the current one is seen to be served.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

impl PolicyStage {
    pub fn new(current: Option<MtaStsPolicy>, now: Timestamp) -> Self {
        Self { current, since: now, seen: None, former: Vec::new(), clean: None, tested: false }
    }

    /// Every policy that a sender may act on now.
    pub fn remembered(&self) -> impl Iterator<Item = &MtaStsPolicy> {
        self.current.iter().chain(self.former.iter().map(|f| &f.policy))
    }

    fn mode(&self) -> MtaStsMode {
        self.current.as_ref().map_or(MtaStsMode::None, MtaStsPolicy::mode)
    }

    fn change(&mut self, policy: Option<MtaStsPolicy>, now: Timestamp) {
        let text = |policy: &Option<MtaStsPolicy>| policy.as_ref().map(|p| p.text.clone());
        if text(&policy) == text(&self.current) {
            self.current = policy;
            return;
        }
        if self.former.len() >= STAGE_FORMERS_MAX {
            return;
        }
        let tested =
            self.mode() == MtaStsMode::Testing && policy.as_ref().is_some_and(|p| p.mode() == MtaStsMode::Testing);
        if !tested {
            (self.clean, self.tested) = (None, false);
        }
        self.former.retain(|f| Some(&f.policy.text) != policy.as_ref().map(|p| &p.text));
        if let Some(former) = std::mem::replace(&mut self.current, policy)
            && former.mode() != MtaStsMode::None
        {
            self.former.push(FormerPolicy { policy: former, until: None });
        }
        (self.since, self.seen) = (now, None);
    }

    fn see(&mut self, served: Option<&str>, now: Timestamp) {
        if served == self.current.as_ref().map(|p| p.text.as_str()) {
            self.seen = self.seen.or(Some(now));
            for former in self.former.iter_mut().filter(|f| f.until.is_none()) {
                former.until = Some(now.after(Duration::from_secs(former.policy.max_age_seconds())));
            }
            return;
        }
        if let Some(former) = self.former.iter_mut().find(|f| Some(f.policy.text.as_str()) == served) {
            (former.until, self.seen) = (None, None);
        }
    }
}

impl Stages {
    /// Every policy of a domain that a sender may act on now.
    pub(super) fn policies_of(&self, domain: &Domain, plan: &Plan) -> Vec<MtaStsPolicy> {
        match self.policies.get(domain) {
            Some(stage) => stage.remembered().cloned().collect(),
            None => plan.domains.get(domain).and_then(|d| d.mta_sts.clone()).into_iter().collect(),
        }
    }

    /// Whether every enforced policy that a sender may act on allows the host.
    pub(super) fn allowed(&self, domain: &Domain, host: &str, plan: &Plan) -> bool {
        let policies = self.policies_of(domain, plan);
        policies.iter().filter(|p| p.mode() == MtaStsMode::Enforce).all(|p| p.mx().any(|m| mta_sts_matches(m, host)))
    }

    /// Names at which policies are served.
    pub(super) fn policy_hosts(&self, target: &Target) -> BTreeSet<String> {
        let planned = target.keys().filter_map(|key| key.policy_host().map(|_| key.name.clone()));
        let staged = self.policies.iter().filter(|(_, stage)| stage.current.as_ref().is_some_and(|p| p.served_here));
        planned.chain(staged.map(|(domain, _)| format!("mta-sts.{domain}"))).collect()
    }

    /// Moves every policy as far as it may go now.
    pub(super) fn move_policies(&mut self, plan: &Plan, target: &Target, observed: &Observed, now: Timestamp) {
        let with = plan.domains.iter().filter(|(_, settings)| settings.mta_sts.is_some()).map(|(domain, _)| domain);
        let domains: BTreeSet<Domain> = with.chain(self.policies.keys()).cloned().collect();
        for domain in domains {
            let wanted = plan.domains.get(&domain).and_then(|settings| settings.mta_sts.clone());
            let found = self.policies.remove(&domain);
            let staged = found.is_some();
            let mut stage = found.unwrap_or_else(|| PolicyStage::new(wanted.clone(), now));
            if let Some(served) = observed.policies.get(&domain).filter(|_| observed.asked >= stage.since) {
                stage.see(served.as_deref(), now);
            }
            stage.former.retain(|f| f.until.is_none_or(|until| until > now));
            self.test(&domain, &mut stage, wanted.as_ref(), target, observed, now);
            let next = self.next_policy(&domain, &stage, wanted.as_ref(), target);
            stage.change(next, now);
            let tests = stage.mode() == MtaStsMode::Testing;
            let unseen = staged && stage.seen.is_none() && stage.current.is_some();
            if tests || unseen || stage.current != wanted || !stage.former.is_empty() {
                self.policies.insert(domain, stage);
            }
        }
    }

    /// Counts the time in which a policy in `testing` was announced and nothing was found that `enforce` would refuse.
    fn test(
        &self,
        domain: &Domain,
        stage: &mut PolicyStage,
        wanted: Option<&MtaStsPolicy>,
        target: &Target,
        observed: &Observed,
        now: Timestamp,
    ) {
        let announced = self.sets.get(&SetKey::new(format!("_mta-sts.{domain}"), "TXT"));
        let announced = stage.seen.is_some() && announced.is_none_or(|lineage| lineage.seen.is_some());
        if stage.mode() != MtaStsMode::Testing || !announced {
            stage.clean = None;
            return;
        }
        let hosts = target.get(&SetKey::mx(domain.as_str())).map(|set| exchanges(&set.data).collect::<Vec<_>>());
        let results: Vec<bool> =
            hosts.unwrap_or_default().iter().filter_map(|host| observed.hosts.get(*host).copied()).collect();
        if results.contains(&false) {
            (stage.clean, stage.tested) = (None, false);
        } else if !results.is_empty() {
            stage.clean = stage.clean.or(Some(now));
        }
        // A policy is tested for as long as senders will remember it.
        let Some(wanted) = wanted.filter(|wanted| wanted.mode() == MtaStsMode::Enforce) else { return };
        let period = Duration::from_secs(wanted.max_age_seconds());
        stage.tested |= stage.clean.is_some_and(|since| since.after(period) <= now);
    }

    /// What may be served now.
    fn next_policy(
        &self,
        domain: &Domain,
        stage: &PolicyStage,
        wanted: Option<&MtaStsPolicy>,
        target: &Target,
    ) -> Option<MtaStsPolicy> {
        let Some(wanted) = wanted else {
            let remembered = stage.remembered().find(|policy| policy.mode() != MtaStsMode::None)?;
            let text = MtaStsPolicy::write(MtaStsMode::None, LEAVING_MAX_AGE_SECONDS, &[]);
            return Some(MtaStsPolicy { id: id(&text), text, served_here: remembered.served_here });
        };
        let untested = stage.mode() != MtaStsMode::Enforce && !stage.tested;
        let mode = match wanted.mode() {
            MtaStsMode::Enforce if untested => MtaStsMode::Testing,
            mode => mode,
        };
        let mut patterns: Vec<String> = wanted.mx().map(str::to_owned).collect();
        if mode != MtaStsMode::None {
            // Every host that somebody may try must be allowed, before it is an MX and as long as it is remembered.
            let mut hosts = self.exchanges(domain.as_str(), target);
            hosts.extend(
                target
                    .get(&SetKey::mx(domain.as_str()))
                    .into_iter()
                    .flat_map(|s| exchanges(&s.data))
                    .map(str::to_owned),
            );
            hosts.retain(|host| !patterns.iter().any(|pattern| mta_sts_matches(pattern, host)));
            patterns.extend(hosts);
        }
        if mode == wanted.mode() && patterns.len() == wanted.mx().count() {
            return Some(wanted.clone());
        }
        let text = MtaStsPolicy::write(mode, wanted.max_age_seconds(), &patterns);
        // The same policy keeps its id: senders would fetch it again for nothing.
        if let Some(current) = stage.current.as_ref().filter(|current| current.text == text) {
            return Some(MtaStsPolicy { served_here: wanted.served_here, ..current.clone() });
        }
        Some(MtaStsPolicy { id: id(&text), text, served_here: wanted.served_here })
    }

    /// The id to announce: that of a policy which is served.
    pub(super) fn announced_id(&self, key: &SetKey) -> Option<Announcement> {
        let domain = key.policy_domain()?;
        let stage = self.policies.get(&domain.parse::<Domain>().ok()?)?;
        let fresh = self.sets.get(key).is_some_and(|lineage| lineage.remembered().all(BTreeSet::is_empty));
        Some(match &stage.current {
            None => Announcement::Nothing,
            // Where nothing was announced before, an id that comes too early is only looked for in vain.
            Some(policy) if stage.seen.is_some() || fresh => Announcement::Id(policy.id.clone()),
            Some(_) => Announcement::AsBefore,
        })
    }
}

/// What `_mta-sts` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Announcement {
    AsBefore,
    Id(String),
    Nothing,
}

/// RFC 8461 §3.1: at most 32 letters and digits, another one for another policy.
fn id(text: &str) -> String {
    const DIGITS: usize = 32;
    Digest::of(text.as_bytes()).hex().chars().take(DIGITS).collect()
}
