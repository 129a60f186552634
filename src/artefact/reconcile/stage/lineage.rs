//! One record set with the versions of it that somebody may still remember.
//!
//! A cache may answer with whatever any authoritative server said less than a TTL ago, and a sender may ask a cache
//! behind that cache. So a former version is remembered for two TTLs (RFC 7671 §8.1), counted from the moment at which
//! *every* authoritative server was seen with the current one; the TTL is the longest that any version had. The
//! absence of a set is remembered like a set, for the zone's negative TTL (RFC 2308 §5).

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Data;
use super::sight::Sight;
use crate::ground::clock::Timestamp;
use crate::ground::limits::STAGE_FORMERS_MAX;

/// A resolver, and a sender's own cache behind it that counts anew. RFC 7671 §8.1: at least two TTLs.
pub const CACHES_IN_A_ROW: u32 = 2;

/// A record set on its way from one value to another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lineage {
    pub zone: String,
    /// With which `current` is published.
    pub ttl_seconds: u32,
    /// The longest of any version, planned or seen.
    pub longest_ttl_seconds: u32,
    /// What is to be published now.
    pub current: Data,
    /// When `current` became so.
    pub since: Timestamp,
    /// When every authoritative server was first seen with `current`, and none without it after.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen: Option<Timestamp>,
    /// What caches may still hold, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub former: Vec<Former>,
}

/// A version that was published, or may have been.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Former {
    pub data: Data,
    /// When the last cache has forgotten it. Absent: not before the current version was seen everywhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

impl Lineage {
    /// A set that is published, with nothing before it.
    pub fn new(zone: &str, ttl_seconds: u32, current: Data, now: Timestamp) -> Self {
        Self {
            zone: zone.to_owned(),
            ttl_seconds,
            longest_ttl_seconds: ttl_seconds,
            current,
            since: now,
            seen: None,
            former: Vec::new(),
        }
    }

    /// Everything that somebody may see now.
    pub fn remembered(&self) -> impl Iterator<Item = &Data> {
        std::iter::once(&self.current).chain(self.former.iter().map(|f| &f.data))
    }

    /// Whether whoever looks sees all of `data`.
    pub fn everybody_sees(&self, data: &Data) -> bool {
        self.remembered().all(|version| version.is_superset(data))
    }

    /// Publishes `data` from now on. With too many versions that may be remembered, the current one stays until some
    /// are forgotten.
    pub fn change(&mut self, data: Data, ttl_seconds: u32, now: Timestamp) {
        let shrinks = ttl_seconds < self.ttl_seconds && !self.current.is_empty();
        if (data == self.current && !shrinks) || self.former.len() >= STAGE_FORMERS_MAX {
            self.ttl_seconds = ttl_seconds.max(self.ttl_seconds);
            self.longest_ttl_seconds = self.longest_ttl_seconds.max(self.ttl_seconds);
            return;
        }
        // The same data with a longer TTL is a former version too: caches keep it longer than they will.
        self.former.retain(|f| f.data != data && f.data != self.current);
        let data = std::mem::replace(&mut self.current, data);
        self.former.push(Former { data, until: None });
        self.ttl_seconds = ttl_seconds;
        self.longest_ttl_seconds = self.longest_ttl_seconds.max(ttl_seconds);
        self.since = now;
        self.seen = None;
    }

    /// Takes in what the authoritative servers answered to questions of `asked`. `negative_ttl_seconds` is the zone's,
    /// if it is known.
    pub fn see(&mut self, sight: &Sight, negative_ttl_seconds: Option<u32>, asked: Timestamp, now: Timestamp) {
        if asked < self.since {
            // Who was asked before the change cannot tell that it has arrived.
            return;
        }
        let ours: Data = self.remembered().flatten().cloned().collect();
        let shrinks = !self.current.is_empty() && self.former.iter().any(|f| f.data == self.current);
        let mut everywhere = !sight.is_empty();
        for answer in sight {
            let Ok(answer) = answer else {
                everywhere = false;
                continue;
            };
            // What others have put there is neither ours to judge nor in the way.
            let found: Data = answer.data.intersection(&ours).cloned().collect();
            if !found.is_empty() {
                self.longest_ttl_seconds = self.longest_ttl_seconds.max(answer.ttl_seconds);
            }
            if found == self.current && !(shrinks && answer.ttl_seconds > self.ttl_seconds) {
                continue;
            }
            everywhere = false;
            self.seen = None;
            if found == self.current {
                continue;
            }
            if let Some(former) = self.former.iter_mut().find(|f| f.data == found) {
                former.until = None;
            } else if self.former.len() < STAGE_FORMERS_MAX {
                self.former.push(Former { data: found, until: None });
            }
        }
        if everywhere {
            self.seen_everywhere(negative_ttl_seconds, now);
        }
    }

    fn seen_everywhere(&mut self, negative_ttl_seconds: Option<u32>, now: Timestamp) {
        self.seen = self.seen.or(Some(now));
        let longest = self.longest_ttl_seconds;
        for former in self.former.iter_mut().filter(|f| f.until.is_none()) {
            let lasts =
                if former.data.is_empty() { negative_ttl_seconds.map(|n| n.max(longest)) } else { Some(longest) };
            former.until = lasts.map(|ttl| now.after(caches(ttl)));
        }
    }

    /// Drops what nobody remembers any more.
    pub fn forget(&mut self, now: Timestamp) {
        self.former.retain(|f| f.until.is_none_or(|until| until > now));
        if self.former.is_empty() {
            self.longest_ttl_seconds = self.longest_ttl_seconds.max(self.ttl_seconds);
        }
    }

    /// When the last former version is forgotten; `None` while that is not known or nothing is to be forgotten.
    pub fn forgotten(&self) -> Option<Timestamp> {
        let untils: Option<Vec<Timestamp>> = self.former.iter().map(|f| f.until).collect();
        untils?.into_iter().max()
    }
}

/// How long an answer of that TTL may be remembered.
pub fn caches(ttl_seconds: u32) -> Duration {
    Duration::from_secs(u64::from(ttl_seconds) * u64::from(CACHES_IN_A_ROW))
}
