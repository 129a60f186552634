//! The records that a plan wants published, in the forms that people and name servers take.
//!
//! [`records`] resolves what the plan cannot know (the public half of a DKIM key that was made at
//! activation); each form then is one file: [`table`] for people, [`zone`] a master file (RFC 1035 §5)
//! with absolute names, [`json`] for programs.
//!
//! Invariants: names are absolute; every character-string of a TXT record has at most 255 octets
//! (RFC 1035 §3.3); a key that is not made yet is shown as missing, never as an empty `p=`, which would
//! revoke it (RFC 6376 §3.6.1).
//!
//! Not here: asking what is published, and pushing records to a provider.

mod json;
mod table;
mod zone;

use std::collections::BTreeMap;

use crate::plan::Plan;
use crate::plan::document::{DkimAlgorithm, DnsData};

pub use json::json;
pub use table::table;
pub use zone::zone;

/// Public halves of the DKIM keys made at activation, as `p=` wants them (base64): by domain (A-labels)
/// and selector.
pub type PublicKeys = BTreeMap<(String, String), String>;

/// A record as it is to be published. Names are absolute, without the trailing dot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The zone it belongs to as far as the plan knows.
    pub zone: String,
    pub name: String,
    pub ttl_seconds: u32,
    pub data: Data,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Data {
    A(std::net::Ipv4Addr),
    Aaaa(std::net::Ipv6Addr),
    Caa {
        flags: u8,
        tag: String,
        value: String,
    },
    Cname(String),
    /// A DKIM key that is made when the plan is activated for the first time.
    DkimPending {
        selector: String,
    },
    Mx {
        preference: u16,
        exchange: String,
    },
    Srv {
        priority: u16,
        weight: u16,
        port: u16,
        target: String,
    },
    Tlsa {
        usage: u8,
        selector: u8,
        matching: u8,
        association: String,
    },
    /// The whole text.
    Txt(String),
}

impl Data {
    /// The record's type, e.g. `TXT`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::A(_) => "A",
            Self::Aaaa(_) => "AAAA",
            Self::Caa { .. } => "CAA",
            Self::Cname(_) => "CNAME",
            Self::DkimPending { .. } | Self::Txt(_) => "TXT",
            Self::Mx { .. } => "MX",
            Self::Srv { .. } => "SRV",
            Self::Tlsa { .. } => "TLSA",
        }
    }
}

/// The plan's records with `keys` filled in, in the plan's order.
pub fn records(plan: &Plan, keys: &PublicKeys) -> Vec<Record> {
    let resolve = |data: &DnsData| match data {
        DnsData::A(address) => Data::A(*address),
        DnsData::Aaaa(address) => Data::Aaaa(*address),
        DnsData::DkimGenerated { domain, selector, algorithm } => {
            match keys.get(&(domain.clone(), selector.clone())).filter(|key| !key.is_empty()) {
                Some(key) => Data::Txt(key_record(*algorithm, key)),
                None => Data::DkimPending { selector: selector.clone() },
            }
        }
        DnsData::Caa { flags, tag, value } => Data::Caa { flags: *flags, tag: tag.clone(), value: value.clone() },
        DnsData::Cname(target) => Data::Cname(target.clone()),
        DnsData::Srv { priority, weight, port, target } => {
            Data::Srv { priority: *priority, weight: *weight, port: *port, target: target.clone() }
        }
        DnsData::Tlsa { usage, selector, matching, association } => {
            Data::Tlsa { usage: *usage, selector: *selector, matching: *matching, association: association.clone() }
        }
        DnsData::Mx { preference, exchange } => Data::Mx { preference: *preference, exchange: exchange.clone() },
        DnsData::Txt(text) => Data::Txt(text.clone()),
    };
    let record = |record: &crate::plan::document::DnsRecord| Record {
        zone: record.zone.clone(),
        name: record.name.clone(),
        ttl_seconds: record.ttl_seconds,
        data: resolve(&record.data),
    };
    plan.dns.iter().map(record).collect()
}

/// RFC 6376 §3.6.1; `k=ed25519` of RFC 8463 §4.
fn key_record(algorithm: DkimAlgorithm, key: &str) -> String {
    match algorithm {
        DkimAlgorithm::Ed25519Sha256 => format!("v=DKIM1; k=ed25519; p={key}"),
        DkimAlgorithm::RsaSha256 => format!("v=DKIM1; k=rsa; p={key}"),
    }
}

/// What the reader of a form is told of a key that is not there.
const PENDING: &str = "the key is made when the plan is activated; run this command again then";
