//! The key that a certificate is served with, and the TLSA records that name it (RFC 7671 §8.1, RFC 7672 §8.1).
//!
//! A new key waits: first its TLSA record stands beside the old one's, then it is served, then the old record goes. A
//! certificate that the plan no longer has is kept as long as somebody may come for one of its names.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Data;
use super::Stages;
use super::lineage::Lineage;
use super::sight::{Keys, Observed};
use super::target::{self, SetKey, Target, covers, exchanges, tlsa};
use crate::artefact::render::dns::Known;
use crate::ground::clock::Timestamp;
use crate::plan::Plan;
use crate::plan::document::{Certificate, DnsData};

/// One certificate whose key changes, or that only mail on its way still needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyStage {
    /// As in the plan that had it last.
    pub certificate: Certificate,
    /// The key to serve, as SHA-256 over its SubjectPublicKeyInfo (hex). Absent: not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serving: Option<String>,
    /// Announced, to be served next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// Served before, still announced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old: Option<Old>,
    /// When this step began.
    pub since: Timestamp,
    /// The plan does not have it any more.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub kept: bool,
    /// Names for which a former plan served it and for which it goes on, in place of the plan's own.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub also: BTreeSet<String>,
}

/// The key before the one that is served.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Old {
    pub key: String,
    /// Since when the new key is known to be served instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaced: Option<Timestamp>,
}

impl KeyStage {
    /// A certificate that a plan had, with the key that is served.
    pub fn former(certificate: Certificate, known: &Known, now: Timestamp) -> Self {
        let serving = known.spki.get(target::name(&certificate)).and_then(|keys| keys.first()).cloned();
        Self { certificate, serving, next: None, old: None, since: now, kept: false, also: BTreeSet::new() }
    }

    /// Whether the certificate is, or is going to be, served for a host.
    pub(super) fn serves(&self, host: &str) -> bool {
        self.also.contains(host) || (!self.kept && covers(&self.certificate, host))
    }

    /// Every key that must be announced.
    fn announced(&self) -> impl Iterator<Item = &String> {
        self.serving.iter().chain(&self.next).chain(self.old.as_ref().map(|old| &old.key))
    }

    /// Takes in what is really served. A key that nobody announced is served all the same if it is.
    fn see(&mut self, keys: &Keys, now: Timestamp) {
        let still_old = self.old.as_ref().is_some_and(|old| old.key == keys.served);
        if self.serving.as_ref() == Some(&keys.served) {
            if let Some(old) = self.old.as_mut() {
                old.replaced = old.replaced.or(Some(now));
            }
        } else if still_old && keys.waiting == self.serving {
            // Allowed and not done yet.
            return;
        } else {
            // The key that was to be served is gone again, or nobody waited for the stages.
            let before = self.serving.replace(keys.served.clone());
            self.old = before.filter(|_| !still_old).map(|key| Old { key, replaced: Some(now) });
            self.since = now;
        }
        let waiting = keys.waiting.clone().filter(|key| *key != keys.served);
        if waiting != self.next {
            self.next = waiting;
            self.since = now;
        }
    }
}

impl Stages {
    /// Whether a certificate may be served with that key now: everybody who finds TLSA records finds it there. The
    /// shelf asks before it takes a key that nobody has announced.
    pub fn may_serve(&self, plan: &Plan, known: &Known, certificate: &Certificate, spki: &str) -> bool {
        let target = target::target(plan, known);
        self.everybody_knows(certificate, spki, plan, &target)
    }

    /// Certificates, by first name, whose TLSA records somebody may see now.
    pub fn announced(&self, plan: &Plan, known: &Known) -> BTreeSet<String> {
        let target = target::target(plan, known);
        let former = self.keys.values().map(|stage| &stage.certificate);
        let seen = |certificate: &&Certificate| {
            let sets = self.tlsa_sets(certificate, plan, &target);
            sets.iter().any(|key| self.remembered(key, &target).iter().any(|version| !version.is_empty()))
        };
        plan.certificates.iter().chain(former).filter(seen).map(|c| target::name(c).to_owned()).collect()
    }

    fn everybody_knows(&self, certificate: &Certificate, spki: &str, plan: &Plan, target: &Target) -> bool {
        let wanted = tlsa(spki);
        let known = |key: &SetKey| {
            self.remembered(key, target).iter().all(|version| version.is_empty() || version.contains(&wanted))
        };
        self.tlsa_sets(certificate, plan, target).iter().all(known)
    }

    /// The TLSA sets that name the certificate's key.
    pub(super) fn tlsa_sets(&self, certificate: &Certificate, plan: &Plan, target: &Target) -> BTreeSet<SetKey> {
        let name = target::name(certificate);
        let of = |host: &str| {
            covers(certificate, host)
                || self.keys.get(name).is_some_and(|stage| stage.also.contains(host))
                || self.holder(host, plan, target) == Some(name)
        };
        let sets = self.sets.keys().chain(target.keys());
        sets.filter(|key| key.tlsa_host().is_some_and(of)).cloned().collect()
    }

    /// The certificate that is served for a host, by its first name. The host of a former plan that no certificate
    /// names any more has the first one, which then gets that name too
    /// ([`World::names`](crate::artefact::reconcile::world::World::names)).
    pub(super) fn holder<'s>(&'s self, host: &str, plan: &'s Plan, target: &Target) -> Option<&'s str> {
        let former = self.keys.iter().find(|(_, stage)| stage.also.contains(host)).map(|(name, _)| name.as_str());
        let planned = || plan.certificates.iter().find(|c| covers(c, host)).map(target::name);
        // Names that the plan gives TLSA records by hand are not ours.
        let ours = self.sets.keys().any(|key| key.host() == Some(host) && !target.contains_key(key));
        former.or_else(planned).or_else(|| plan.certificates.first().filter(|_| ours).map(target::name))
    }

    /// Whether every TLSA set of a host that anybody may see names the key that is served there.
    pub(super) fn tlsa_fits(&self, host: &str, plan: &Plan, target: &Target, observed: &Observed) -> bool {
        let holder = self.holder(host, plan, target);
        let staged = holder.and_then(|name| self.keys.get(name)).and_then(|stage| stage.serving.clone());
        let served = staged.or_else(|| holder.and_then(|name| observed.keys.get(name)).map(|keys| keys.served.clone()));
        let wanted = served.map(|key| tlsa(&key));
        let sets = self.sets.keys().chain(target.keys()).filter(|key| key.tlsa_host() == Some(host));
        let mut versions = sets.flat_map(|key| self.remembered(key, target));
        versions.all(|version| version.is_empty() || wanted.as_ref().is_some_and(|key| version.contains(key)))
    }

    /// Moves every certificate one step, as far as it may go now.
    pub(super) fn move_keys(&mut self, plan: &Plan, target: &Target, observed: &Observed, now: Timestamp) {
        for (name, stage) in &mut self.keys {
            stage.kept = !plan.certificates.iter().any(|c| target::name(c) == name);
        }
        for certificate in &plan.certificates {
            let name = target::name(certificate);
            if let Some(stage) = self.keys.get_mut(name) {
                stage.certificate = certificate.clone();
            } else if let Some(keys) = observed.keys.get(name)
                && keys.waiting.is_some()
            {
                self.begin(certificate, keys, plan, target, now);
            }
        }
        for (name, stage) in &mut self.keys {
            if let Some(keys) = observed.keys.get(name) {
                stage.see(keys, now);
            }
        }
        let names: Vec<String> = self.keys.keys().cloned().collect();
        for name in names {
            let Some(mut stage) = self.keys.get(&name).cloned() else { continue };
            self.move_key(&mut stage, plan, target, now);
            self.keys.remove(&name);
            // Looked at without this stage, as if its names were served by whoever comes after it.
            let also = std::mem::take(&mut stage.also);
            stage.also = also.into_iter().filter(|host| self.needs_former(host, plan, target, observed)).collect();
            let rolls = stage.next.is_some() || stage.old.is_some();
            if !stage.also.is_empty() || (rolls && !stage.kept) {
                self.keys.insert(name, stage);
            }
        }
    }

    /// A key waits. What was published until now did not name it.
    fn begin(&mut self, certificate: &Certificate, keys: &Keys, plan: &Plan, target: &Target, now: Timestamp) {
        let Some(next) = keys.waiting.clone() else { return };
        for key in self.tlsa_sets(certificate, plan, target) {
            let Some(set) = target.get(&key).filter(|_| !self.sets.contains_key(&key)) else { continue };
            let mut before = set.data.clone();
            before.remove(&tlsa(&next));
            self.sets.insert(key, Lineage::new(&set.zone, set.ttl_seconds, before, now));
        }
        let serving = Some(keys.served.clone());
        let stage = KeyStage {
            certificate: certificate.clone(),
            serving,
            next: Some(next),
            old: None,
            since: now,
            kept: false,
            also: BTreeSet::new(),
        };
        self.keys.insert(target::name(certificate).to_owned(), stage);
    }

    fn move_key(&self, stage: &mut KeyStage, plan: &Plan, target: &Target, now: Timestamp) {
        if let Some(next) = stage.next.clone()
            && self.everybody_knows(&stage.certificate, &next, plan, target)
        {
            stage.old = stage.serving.replace(next).map(|key| Old { key, replaced: None });
            stage.next = None;
            stage.since = now;
        }
        let longest = self.tlsa_sets(&stage.certificate, plan, target).iter().map(|key| self.ttl(key, target)).max();
        let served_since = stage.old.as_ref().and_then(|old| old.replaced);
        if served_since.is_some_and(|since| since.after(Duration::from_secs(u64::from(longest.unwrap_or(0)))) <= now) {
            stage.old = None;
            stage.since = now;
        }
    }

    fn ttl(&self, key: &SetKey, target: &Target) -> u32 {
        let longest = self.sets.get(key).map(|lineage| lineage.longest_ttl_seconds);
        longest.or(target.get(key).map(|set| set.ttl_seconds)).unwrap_or(0)
    }

    /// Whether somebody may come for a name and is not served as well by the certificate that holds it from now on.
    fn needs_former(&self, host: &str, plan: &Plan, target: &Target, observed: &Observed) -> bool {
        let used = self.hosts_in_use(target).contains(host) || self.policy_hosts(target).contains(host);
        used && !(plan.certificates.iter().any(|c| covers(c, host)) && self.tlsa_fits(host, plan, target, observed))
    }

    /// Hosts that somebody may be sent to.
    pub(super) fn hosts_in_use(&self, target: &Target) -> BTreeSet<String> {
        let keys: BTreeSet<&SetKey> = self.sets.keys().chain(target.keys()).collect();
        let versions = keys.into_iter().flat_map(|key| self.remembered(key, target));
        let alias = |data: &DnsData| match data {
            DnsData::Cname(host) => Some(host.clone()),
            _ => None,
        };
        versions
            .flat_map(|v| exchanges(v).map(str::to_owned).chain(v.iter().filter_map(alias)).collect::<Vec<_>>())
            .collect()
    }

    /// What a TLSA set holds: what the plan wants, and every key that is served or is going to be.
    pub(super) fn with_keys(&self, key: &SetKey, wanted: &Data, plan: &Plan, known: &Known, target: &Target) -> Data {
        let Some(host) = key.tlsa_host() else { return wanted.clone() };
        let mut data = wanted.clone();
        let stages = self.keys.values().filter(|stage| stage.serves(host));
        data.extend(stages.flat_map(KeyStage::announced).map(|spki| tlsa(spki)));
        let holder = self.holder(host, plan, target);
        let of = |c: &&Certificate| covers(c, host) || holder == Some(target::name(c));
        if let Some(certificate) = plan.certificates.iter().find(of) {
            let staged = self.keys.get(target::name(certificate)).into_iter();
            data.extend(staged.flat_map(KeyStage::announced).map(|spki| tlsa(spki)));
            match known.spki.get(target::name(certificate)).filter(|keys| !keys.is_empty()) {
                Some(keys) => data.extend(keys.iter().map(|spki| tlsa(spki))),
                // Nobody knows which key is served, so none that was announced may go.
                None => data.extend(self.sets.get(key).into_iter().flat_map(|l| l.current.iter().cloned())),
            }
        }
        data
    }
}
