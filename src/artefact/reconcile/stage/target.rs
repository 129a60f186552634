//! Where the stages lead: the record sets of a plan that caches make dangerous to change.
//!
//! MX, TLSA, addresses, DKIM keys, DMARC policies, and the announcements of MTA-STS policies. All other records (SPF,
//! CAA, SRV ...) change at once: whoever sees an old version of them loses no mail.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::Data;
use crate::artefact::render::dns::{Known, records};
use crate::plan::Plan;
use crate::plan::document::{Certificate, CertificateSource, DnsData, DnsRecord, mta_sts_matches};

/// Name (absolute, no final dot) and type of a record set. As text: `mail.example.org MX`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SetKey {
    pub name: String,
    pub kind: String,
}

impl SetKey {
    pub fn new(name: impl Into<String>, kind: &str) -> Self {
        Self { name: name.into(), kind: kind.to_owned() }
    }

    pub fn of(record: &DnsRecord) -> Self {
        Self::new(&record.name, record.data.kind())
    }

    pub fn mx(domain: &str) -> Self {
        Self::new(domain, "MX")
    }

    pub fn selector(domain: &str, selector: &str) -> Self {
        Self::new(format!("{selector}._domainkey.{domain}"), "TXT")
    }

    /// The domain whose DMARC policy this is.
    pub fn dmarc_domain(&self) -> Option<&str> {
        self.name.strip_prefix("_dmarc.").filter(|_| self.kind == "TXT")
    }

    /// The domain whose MTA-STS policy this announces.
    pub fn policy_domain(&self) -> Option<&str> {
        self.name.strip_prefix("_mta-sts.").filter(|_| self.kind == "TXT")
    }

    /// The domain whose MTA-STS policy is served at this name.
    pub fn policy_host(&self) -> Option<&str> {
        self.name.strip_prefix("mta-sts.").filter(|_| matches!(self.kind.as_str(), "A" | "AAAA" | "CNAME"))
    }

    /// The host that a TLSA record is about (RFC 6698 §3): `_25._tcp.HOST`.
    pub fn tlsa_host(&self) -> Option<&str> {
        let mut labels = self.name.splitn(3, '.');
        let (port, protocol) = (labels.next()?, labels.next()?);
        labels.next().filter(|_| self.kind == "TLSA" && port.starts_with('_') && protocol.starts_with('_'))
    }

    /// The host that this set is needed for as long as mail goes there.
    pub fn host(&self) -> Option<&str> {
        match self.kind.as_str() {
            "A" | "AAAA" => Some(&self.name),
            _ => self.tlsa_host(),
        }
    }

    fn staged(&self) -> bool {
        let selector = self.kind == "TXT" && self.name.contains("._domainkey.");
        selector
            || matches!(self.kind.as_str(), "A" | "AAAA" | "MX" | "TLSA")
            || self.dmarc_domain().is_some()
            || self.policy_domain().is_some()
            || self.policy_host().is_some()
    }
}

impl fmt::Display for SetKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.name, self.kind)
    }
}

/// A text without a space between name and type.
#[derive(Debug, thiserror::Error)]
#[error("a record set is written `NAME TYPE`")]
pub struct SetKeyError;

impl FromStr for SetKey {
    type Err = SetKeyError;
    fn from_str(text: &str) -> Result<Self, SetKeyError> {
        text.split_once(' ').map(|(name, kind)| Self::new(name, kind)).ok_or(SetKeyError)
    }
}

impl TryFrom<String> for SetKey {
    type Error = SetKeyError;
    fn try_from(text: String) -> Result<Self, SetKeyError> {
        text.parse()
    }
}

impl From<SetKey> for String {
    fn from(key: SetKey) -> Self {
        key.to_string()
    }
}

/// A record set as the plan wants it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Set {
    pub zone: String,
    pub ttl_seconds: u32,
    pub data: Data,
}

pub type Target = BTreeMap<SetKey, Set>;

/// The records of the plan that is active. Files may have been renewed with another key since it was made: the records
/// then name the keys that are known of the certificate in place of the one that the plan found.
pub fn active_records(plan: &Plan, known: &Known) -> Vec<DnsRecord> {
    let mut active = Vec::new();
    for record in records(plan, known) {
        match renewed(&record.data, plan, known) {
            Some(keys) => {
                active.extend(keys.iter().map(|spki| DnsRecord { data: tlsa(spki), ..record.clone() }));
            }
            None => active.push(record),
        }
    }
    active.sort();
    active.dedup();
    active
}

/// The keys of a certificate in files whose own key, which `data` names, is served no more and waits no more.
fn renewed<'k>(data: &DnsData, plan: &Plan, known: &'k Known) -> Option<&'k Vec<String>> {
    let DnsData::Tlsa { usage: 3, selector: 1, matching: 1, association } = data else { return None };
    if known.spki.values().flatten().any(|spki| spki == association) {
        return None;
    }
    let found = plan.certificates.iter().filter(|certificate| match &certificate.source {
        CertificateSource::Files { spki_sha256, .. } => spki_sha256 == association,
        CertificateSource::Acme { .. } | CertificateSource::SelfSigned {} => false,
    });
    found.filter_map(|certificate| known.spki.get(name(certificate))).find(|keys| !keys.is_empty())
}

/// The sets of `plan` that are changed in stages. Keys that are not made yet are left out.
pub fn target(plan: &Plan, known: &Known) -> Target {
    let mut sets = Target::new();
    for record in active_records(plan, known) {
        let key = SetKey::of(&record);
        if !key.staged() || record.data.is_generated() {
            continue;
        }
        let set = sets.entry(key).or_default();
        set.zone = record.zone;
        set.ttl_seconds = set.ttl_seconds.max(record.ttl_seconds);
        set.data.insert(record.data);
    }
    sets
}

/// The MX hosts in a set; the null MX (RFC 7505) is none.
pub fn exchanges(data: &Data) -> impl Iterator<Item = &str> {
    data.iter().filter_map(|data| match data {
        DnsData::Mx { exchange, .. } if exchange != "." => Some(exchange.as_str()),
        _ => None,
    })
}

/// `3 1 1` of a key.
pub fn tlsa(spki: &str) -> DnsData {
    DnsData::Tlsa { usage: 3, selector: 1, matching: 1, association: spki.to_owned() }
}

/// Whether a certificate is valid for a host (RFC 6125 §6.4.3: a wildcard stands for one label).
pub fn covers(certificate: &Certificate, host: &str) -> bool {
    certificate.names.iter().any(|name| mta_sts_matches(name, host))
}

/// What a certificate is known by.
pub fn name(certificate: &Certificate) -> &str {
    certificate.names.first().map_or("", String::as_str)
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::plan::example;

    #[test]
    fn a_renewed_file_takes_the_place_of_the_key_that_the_plan_found() {
        let source = CertificateSource::Files {
            chain: PathBuf::from("chain.pem"),
            key: PathBuf::from("key.pem"),
            spki_sha256: "aa".to_owned(),
        };
        let certificate = Certificate { names: vec!["mx.a.test".to_owned()], source };
        let record = DnsRecord {
            zone: "a.test".to_owned(),
            name: "_25._tcp.mx.a.test".to_owned(),
            ttl_seconds: 60,
            data: tlsa("aa"),
        };
        let plan = Plan { certificates: vec![certificate], dns: vec![record], ..example::full() };
        let with = |keys: &[&str]| {
            let keys = keys.iter().map(|key| (*key).to_owned()).collect();
            let known = Known { spki: BTreeMap::from([("mx.a.test".to_owned(), keys)]), ..Known::default() };
            active_records(&plan, &known).into_iter().map(|record| record.data).collect::<Vec<_>>()
        };
        // Served still: whoever rolls it over says what stands beside it.
        assert_eq!(with(&["aa", "bb"]), [tlsa("aa")]);
        assert_eq!(with(&["bb"]), [tlsa("bb")]);
        // Nothing is known of what is served.
        assert_eq!(with(&[]), [tlsa("aa")]);
    }
}
