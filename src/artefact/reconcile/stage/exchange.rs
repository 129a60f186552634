//! MX hosts: a new one is ready before it is named, an old one is named until everybody knows the new one.

use super::Data;
use super::Stages;
use super::sight::Observed;
use super::target::{SetKey, Target, exchanges};
use crate::plan::Plan;
use crate::plan::document::{DnsData, MtaStsMode, mta_sts_matches};
use crate::vocabulary::mail::Domain;

impl Stages {
    /// What the MX set of a domain may be now, on the way from `current` to `wanted`.
    pub(super) fn next_exchanges(
        &self,
        domain: &Domain,
        current: &Data,
        wanted: &Data,
        plan: &Plan,
        target: &Target,
        observed: &Observed,
    ) -> Data {
        let named = |data: &Data, host: &str| exchanges(data).any(|h| h == host);
        // Nothing was named before, or nothing will be: there is no way in between (RFC 7505 §3: a null MX stands alone).
        if exchanges(current).next().is_none() || exchanges(wanted).next().is_none() {
            return wanted.clone();
        }
        let ready = |host: &&str| named(current, host) || self.host_ready(domain, host, plan, target, observed);
        if !exchanges(wanted).all(|host| ready(&host)) {
            return current.clone();
        }
        let key = SetKey::mx(domain.as_str());
        let everybody_knows = self.remembered(&key, target).iter().all(|v| exchanges(wanted).all(|h| named(v, h)));
        let everybody_allows = exchanges(wanted).all(|host| self.allowed(domain, host, plan));
        if everybody_knows && everybody_allows {
            return wanted.clone();
        }
        let old = current.iter().filter(|data| match data {
            DnsData::Mx { exchange, .. } => exchange != "." && !named(wanted, exchange),
            _ => false,
        });
        wanted.iter().chain(old).cloned().collect()
    }

    /// Whether mail may be sent to a host that was no MX of the domain before.
    fn host_ready(&self, domain: &Domain, host: &str, plan: &Plan, target: &Target, observed: &Observed) -> bool {
        let ours = plan.host.name.as_str() == host;
        let addresses = ["A", "AAAA"].map(|kind| SetKey::new(host, kind));
        let reachable = addresses.iter().filter(|key| target.contains_key(key)).all(|key| {
            self.sets.get(key).is_none_or(|lineage| lineage.remembered().all(|version| !version.is_empty()))
        });
        let tlsa = self.sets.iter().filter(|(key, _)| key.tlsa_host() == Some(host)).all(|(_, l)| l.seen.is_some())
            && self.tlsa_fits(host, plan, target, observed);
        let policies = self.policies_of(domain, plan);
        let enforced = policies.iter().any(|p| p.mode() == MtaStsMode::Enforce);
        let listed = match self.policies.get(domain) {
            None => true,
            Some(stage) => {
                let lists = |m: &str| mta_sts_matches(m, host);
                let current =
                    stage.current.as_ref().is_some_and(|p| p.mode() != MtaStsMode::Enforce || p.mx().any(lists));
                current && stage.seen.is_some()
            }
        };
        reachable && tlsa && (!enforced || (listed && (!ours || observed.hosts.get(host) == Some(&true))))
    }
}
