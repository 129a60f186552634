//! What was seen of the live world, as values. The runtime looks; the stages judge.

use std::collections::{BTreeMap, BTreeSet};

use super::Data;
use super::target::SetKey;
use crate::ground::clock::Timestamp;
use crate::vocabulary::mail::Domain;

/// What one authoritative server says of a record set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub ttl_seconds: u32,
    /// Empty: there is no such set.
    pub data: Data,
}

/// One answer for each authoritative server of the zone; the text says why there is none.
pub type Sight = Vec<Result<Answer, String>>;

/// The keys of one certificate, as SHA-256 over the SubjectPublicKeyInfo (hex).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Keys {
    pub served: String,
    /// Another key that is there and not served yet.
    pub waiting: Option<String>,
}

/// Everything that was seen at one moment. What was not asked is absent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observed {
    /// When the first question was asked. Answers say nothing about changes after it.
    pub asked: Timestamp,
    pub sets: BTreeMap<SetKey, Sight>,
    /// By zone: for how long others may remember that something is not there, in seconds (RFC 2308 §5).
    pub negative_ttl_seconds: BTreeMap<String, u32>,
    /// The text that is served over HTTPS; `None`: no policy is served.
    pub policies: BTreeMap<Domain, Option<String>>,
    /// The selectors that the running server signs with. A domain that is missing here signs with none.
    pub signing: BTreeMap<Domain, BTreeSet<String>>,
    /// By the certificate's first name.
    pub keys: BTreeMap<String, Keys>,
    /// By name of an MX host of ours: whether STARTTLS works there and its certificate is valid for the name.
    pub hosts: BTreeMap<String, bool>,
    /// Whether a server runs. Without one nothing is signed, served or promoted, and nothing of that is known.
    pub running: bool,
}

impl Observed {
    /// Nothing was seen.
    pub fn nothing(asked: Timestamp) -> Self {
        Self {
            asked,
            sets: BTreeMap::new(),
            negative_ttl_seconds: BTreeMap::new(),
            policies: BTreeMap::new(),
            signing: BTreeMap::new(),
            keys: BTreeMap::new(),
            hosts: BTreeMap::new(),
            running: false,
        }
    }
}
