//! What was seen of us from outside, as values.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};

use super::ownership::SetName;
use super::{AuthorityError, RrSet};
use crate::vocabulary::dns::Verdict;

/// One look. What could not be asked is absent, and nothing is said about it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sight {
    /// When, in seconds since the epoch.
    pub seconds: i64,
    /// By the zone's name as name servers have it.
    pub zones: BTreeMap<String, ZoneSight>,
    pub sets: BTreeMap<SetName, SetSight>,
    /// What SPF says of a sender domain for each address of ours.
    pub spf: BTreeMap<String, SpfSight>,
    pub doors: Vec<DoorSight>,
    /// The MTA-STS policy of a domain as senders fetch it, or why they cannot.
    pub policies: BTreeMap<String, Result<String, String>>,
    pub listings: Vec<Listing>,
    /// Sockets that another machine tried, and why it could not reach them.
    pub outside: BTreeMap<SocketAddr, Result<(), String>>,
    /// Sockets that took a recipient elsewhere from a stranger.
    pub relaying: Vec<SocketAddr>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ZoneSight {
    pub servers: BTreeMap<SocketAddr, ServerSight>,
    /// Name servers without an address.
    pub nowhere: BTreeSet<String>,
    pub trust: Trust,
    /// Types that a name answers which nobody can have made, with the data.
    pub wildcards: BTreeMap<String, String>,
}

/// One authoritative server of a zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerSight {
    pub name: String,
    pub serial: Result<u32, AuthorityError>,
    /// When the signature of its SOA record ends, in seconds since the epoch.
    pub signed_until: Option<u32>,
}

/// What a resolver that validates says of a zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trust {
    /// Signatures do not fit, or are missing where the parent promises them.
    Bogus(String),
    Insecure,
    Secure,
    Unknown(String),
}

/// A record set at all authoritative servers, and at the resolver.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SetSight {
    /// The zone; absent for names of others.
    pub zone: Option<String>,
    pub servers: BTreeMap<SocketAddr, Result<RrSet, AuthorityError>>,
    pub resolved: Option<Resolved>,
}

/// Each record as in a zone file, names in lower case without the final dot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved {
    pub records: Vec<String>,
    pub name_exists: bool,
    pub verdict: Verdict,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SpfSight {
    /// RFC 7208 §2.6, for each address.
    pub results: BTreeMap<IpAddr, String>,
    /// RFC 7208 §4.6.4: terms that ask DNS.
    pub look_ups: usize,
}

/// One socket of ours as a client meets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DoorSight {
    pub listener: String,
    pub address: SocketAddr,
    /// Absent: it speaks, without TLS.
    pub met: Result<Option<TlsSight>, String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsSight {
    /// SHA-256 over the leaf's SubjectPublicKeyInfo, hex.
    pub spki: String,
    /// SHA-256 over the leaf, hex.
    pub leaf: String,
    pub names: BTreeSet<String>,
    /// Seconds since the epoch.
    pub ends: i64,
    /// `1.2`, `1.3`.
    pub version: String,
    pub cipher: String,
}

/// What a block list says of an address of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    pub address: IpAddr,
    pub list: String,
    pub verdict: ListVerdict,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListVerdict {
    Clean,
    Listed(String),
    /// The list refuses to answer (127.255.255.0/24 by convention), or nobody does.
    Unknown(String),
}

impl Sight {
    /// A set as the authoritative server with the newest zone has it.
    pub fn set(&self, name: &str, kind: &str) -> Option<&RrSet> {
        let sight = self.sets.get(&(name.to_ascii_lowercase(), kind.to_owned()))?;
        let zone = self.zones.get(sight.zone.as_deref()?)?;
        let serial = |address: &SocketAddr| zone.servers.get(address).and_then(|s| s.serial.as_ref().ok());
        let answers = sight.servers.iter().filter_map(|(address, set)| Some((serial(address)?, set.as_ref().ok()?)));
        answers.max_by_key(|(serial, _)| **serial).map(|(_, set)| set)
    }

    /// What the resolver says.
    pub fn resolved(&self, name: &str, kind: &str) -> Option<&Resolved> {
        self.sets.get(&(name.to_ascii_lowercase(), kind.to_owned()))?.resolved.as_ref()
    }

    /// The addresses of a name as the resolver has them, if both families are known.
    pub fn addresses(&self, name: &str) -> Option<BTreeSet<IpAddr>> {
        let both = self.resolved(name, "A")?.records.iter().chain(&self.resolved(name, "AAAA")?.records);
        Some(both.filter_map(|text| text.parse().ok()).collect())
    }
}
