//! What others should see of us at this moment.

use std::collections::{BTreeMap, BTreeSet};

use super::stage::Stages;
use super::stage::target::{self, SetKey, covers};
use crate::artefact::render::dns::Known;
use crate::plan::Plan;
use crate::plan::document::{Certificate, DnsRecord, MtaStsPolicy};
use crate::vocabulary::mail::Domain;

/// SHA-256 over a SubjectPublicKeyInfo, hex in lower case.
pub type SpkiHex = String;

/// The world around the server. Without stages it is the plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct World {
    /// To be published, sorted. Those that [`is_generated`](crate::plan::document::DnsData::is_generated) cannot be yet.
    pub records: Vec<DnsRecord>,
    /// To be served, by domain.
    pub policies: BTreeMap<Domain, MtaStsPolicy>,
    /// Selectors that sign, by domain.
    pub signing: BTreeMap<Domain, BTreeSet<String>>,
    /// The key to serve, by a certificate's first name; missing where none is known yet.
    pub serving: BTreeMap<String, SpkiHex>,
    /// Certificates that are served for names of former plans, in place of the plan's own for those names.
    pub kept: Vec<Kept>,
    /// Names at which something is served and that no certificate of the plan, nor a kept one, is valid for.
    pub names: BTreeSet<String>,
}

/// A certificate that goes on for some names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// As a former plan had it; its first name is the key of [`World::serving`].
    pub certificate: Certificate,
    pub names: BTreeSet<String>,
}

/// The world of `plan` while `stages` are under way.
pub fn world(plan: &Plan, known: &Known, stages: &Stages) -> World {
    let target = target::target(plan, known);
    let staged = stages.sets.iter().flat_map(|(key, lineage)| {
        lineage.current.iter().map(|data| DnsRecord {
            zone: lineage.zone.clone(),
            name: key.name.clone(),
            ttl_seconds: lineage.ttl_seconds,
            data: data.clone(),
        })
    });
    let planned =
        target::active_records(plan, known).into_iter().filter(|record| !stages.sets.contains_key(&SetKey::of(record)));
    let mut records: Vec<DnsRecord> = planned.chain(staged).collect();
    records.sort();
    records.dedup();
    let mut policies: BTreeMap<Domain, MtaStsPolicy> =
        plan.domains.iter().filter_map(|(domain, d)| Some((domain.clone(), d.mta_sts.clone()?))).collect();
    for (domain, stage) in &stages.policies {
        match &stage.current {
            Some(policy) => policies.insert(domain.clone(), policy.clone()),
            None => policies.remove(domain),
        };
    }
    let domains: BTreeSet<&Domain> = plan.domains.keys().chain(stages.selectors.keys()).collect();
    let signing = domains.into_iter().map(|domain| (domain.clone(), stages.signers(plan, domain)));
    let signing = signing.filter(|(_, selectors)| !selectors.is_empty()).collect();
    let first = |keys: &Vec<String>| keys.first().cloned();
    let mut serving: BTreeMap<String, SpkiHex> =
        known.spki.iter().filter_map(|(name, keys)| Some((name.clone(), first(keys)?))).collect();
    serving.extend(stages.keys.iter().filter_map(|(name, stage)| Some((name.clone(), stage.serving.clone()?))));
    let kept = stages.keys.values().filter(|stage| !stage.also.is_empty());
    let kept: Vec<Kept> =
        kept.map(|stage| Kept { certificate: stage.certificate.clone(), names: stage.also.clone() }).collect();
    let served =
        policies.iter().filter(|(_, policy)| policy.served_here).map(|(domain, _)| format!("mta-sts.{domain}"));
    // Hosts of former plans that mail still comes to.
    let hosts = stages.sets.iter().filter(|(key, lineage)| key.kind == "TLSA" && !lineage.current.is_empty());
    let hosts = hosts.chain(
        stages.sets.iter().filter(|(key, l)| matches!(key.kind.as_str(), "A" | "AAAA") && !l.current.is_empty()),
    );
    let hosts = hosts.filter(|(key, _)| !target.contains_key(key)).filter_map(|(key, _)| key.host());
    let served = served.chain(hosts.map(str::to_owned));
    let covered = |name: &String| {
        plan.certificates.iter().any(|c| covers(c, name))
            || kept.iter().any(|k| k.names.contains(name) && covers(&k.certificate, name))
    };
    let names = served.filter(|name| !covered(name)).collect();
    World { records, policies, signing, serving, kept, names }
}

/// The sets of the world that nobody has been seen without, or that are watched: what to ask DNS for.
pub fn questions(plan: &Plan, known: &Known, stages: &Stages) -> Vec<(String, SetKey)> {
    let target = target::target(plan, known);
    let open = stages.sets.iter().filter(|(key, lineage)| {
        !lineage.former.is_empty()
            || lineage.seen.is_none()
            || target.get(key).is_none_or(|set| set.data != lineage.current)
    });
    open.map(|(key, lineage)| (lineage.zone.clone(), key.clone())).collect()
}
