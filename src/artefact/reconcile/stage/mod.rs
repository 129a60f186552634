//! Roll-overs: how the world around the server gets from what is published to what the plan wants, without a moment at
//! which a correct sender refuses us because of what it remembers.
//!
//! [`Stages`] is everything that has to be known for that besides the plan: record sets and policies that changed, with
//! the versions that somebody may still remember ([`lineage`], [`policy`]); certificates with a key that is announced
//! and not served ([`key`]); DKIM selectors that do not sign yet or are kept for mail on its way ([`selector`]). Where
//! nothing is remembered, nothing is here, and the world is the plan.
//!
//! Three functions move it, all total and deterministic. [`Stages::open`] tells it that another plan is active.
//! [`Stages::advance`] takes in what was seen and lets change what may change now; it is called again and again, and a
//! call too many is harmless. A plan that comes while a roll-over is under way needs no special case: each call asks
//! only what may be done *now* on the way to the plan of *now*.
//!
//! | what changes | may change when |
//! | --- | --- |
//! | the key that a certificate is served with | every TLSA set that anybody may see names it (RFC 7671 §8.1) |
//! | the TLSA record of the former key | the new key has been served for one TTL, so that going back stays possible |
//! | a selector begins to sign | everybody who looks sees its key (RFC 6376 §3.6.1) |
//! | a selector is withdrawn | it has not signed for 1¼ lifetimes of mail in the queue |
//! | an MX host is added | its addresses, TLSA records and place in the policy are seen everywhere |
//! | an MX host is dropped | everybody sees the new ones, and every enforced policy that a sender may remember allows them |
//! | addresses, TLSA and certificate of a host go | nobody sees an MX record that names it |
//! | MTA-STS `enforce` | the policy was `testing`, served and without a failed check, for its `max_age` |
//! | the id of a policy | the policy is served (RFC 8461 §8.1) |
//! | a policy goes | it was `none` until every other one is forgotten (RFC 8461 §8.3) |
//! | DMARC gets stricter | by one step, after 14 days (lab: two TTLs) of the one before |
//!
//! Stages are written before what they allow is done, so a crash in between leaves a stage that promises less than is
//! true. Whatever was not seen holds its stage; nothing is assumed from a push.
//!
//! Known limits: a version that was published by hand on a primary server that nobody is told to ask, and that never
//! reached a server which is asked, is not seen coming. The world is this one server's; a second MX host of ours with keys of its own is a world of its own.
//! Names that people have typed into their mail programs are in no cache and are not waited for.

pub mod advance;
pub mod dmarc;
pub mod exchange;
pub mod key;
pub mod lineage;
pub mod open;
pub mod operator;
pub mod policy;
pub mod selector;
pub mod sight;
pub mod target;
pub mod wait;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::plan::document::DnsData;
use crate::vocabulary::mail::Domain;
use key::KeyStage;
use lineage::Lineage;
use policy::PolicyStage;
use selector::SelectorStage;
use target::{SetKey, Target, exchanges};

/// The data of one record set; empty if there is none.
pub type Data = BTreeSet<DnsData>;

/// Version of the form in `stages.json`.
pub const FORMAT: u32 = 1;

/// What is under way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stages {
    /// Always [`FORMAT`].
    pub format: u32,
    /// Record sets that are not, or not for everybody, what the plan wants.
    pub sets: BTreeMap<SetKey, Lineage>,
    /// MTA-STS policies that are not, or not for everybody, what the plan wants; and all that are tested.
    pub policies: BTreeMap<Domain, PolicyStage>,
    /// By the certificate's first name.
    pub keys: BTreeMap<String, KeyStage>,
    /// By domain and selector.
    pub selectors: BTreeMap<Domain, BTreeMap<String, SelectorStage>>,
}

impl Default for Stages {
    fn default() -> Self {
        Self {
            format: FORMAT,
            sets: BTreeMap::new(),
            policies: BTreeMap::new(),
            keys: BTreeMap::new(),
            selectors: BTreeMap::new(),
        }
    }
}

impl Stages {
    /// Whether nothing is under way: the world is the plan, for everybody.
    pub fn is_empty(&self) -> bool {
        let Self { format: _, sets, policies, keys, selectors } = self;
        sets.is_empty() && policies.is_empty() && keys.is_empty() && selectors.is_empty()
    }

    /// Every version of a set that somebody may see now.
    fn remembered<'s>(&'s self, key: &SetKey, target: &'s Target) -> Vec<&'s Data> {
        match self.sets.get(key) {
            Some(lineage) => lineage.remembered().collect(),
            None => target.get(key).map(|set| &set.data).into_iter().collect(),
        }
    }

    /// The MX hosts that somebody may try for a domain.
    fn exchanges(&self, domain: &str, target: &Target) -> BTreeSet<String> {
        let remembered = self.remembered(&SetKey::mx(domain), target);
        remembered.into_iter().flat_map(exchanges).map(str::to_owned).collect()
    }
}
