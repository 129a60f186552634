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
use crate::plan::document::{Certificate, DnsData, DnsRecord, mta_sts_matches};

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

/// The sets of `plan` that are changed in stages. Keys that are not made yet are left out.
pub fn target(plan: &Plan, known: &Known) -> Target {
    let mut sets = Target::new();
    for record in records(plan, known) {
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
