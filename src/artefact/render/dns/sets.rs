//! Records by zone and by set: what has the same name and type is one answer with one TTL (RFC 2181 §5).

use std::collections::BTreeMap;

use crate::plan::document::{DnsData, DnsRecord};

/// What is wanted of one zone.
#[derive(Debug, Default)]
pub(super) struct Zone<'r> {
    /// By name, then by type.
    pub sets: Vec<Set<'r>>,
    /// Records whose key is not made yet.
    pub pending: Vec<&'r DnsRecord>,
}

/// The records of one name and type.
#[derive(Debug)]
pub(super) struct Set<'r> {
    pub name: &'r str,
    pub kind: &'static str,
    /// The smallest of its records' (RFC 2181 §5.2: they must not differ).
    pub ttl_seconds: u32,
    pub data: Vec<&'r DnsData>,
}

impl Set<'_> {
    /// Whether others may keep records in the same set: TXT and CAA at names that are not for one purpose only
    /// (RFC 8552), e.g. the proof of ownership beside SPF.
    pub fn is_shared(&self) -> bool {
        matches!(self.kind, "CAA" | "TXT") && !self.name.starts_with('_') && !self.name.contains("._domainkey.")
    }
}

/// The zones by name.
pub(super) fn zones(records: &[DnsRecord]) -> BTreeMap<&str, Zone<'_>> {
    let mut sets: BTreeMap<(&str, &str, &'static str), Set<'_>> = BTreeMap::new();
    let mut zones: BTreeMap<&str, Zone<'_>> = BTreeMap::new();
    for record in records {
        let zone = zones.entry(&record.zone).or_default();
        if record.data.is_generated() {
            zone.pending.push(record);
            continue;
        }
        let kind = record.data.kind();
        let set = sets.entry((&record.zone, &record.name, kind)).or_insert_with(|| Set {
            name: &record.name,
            kind,
            ttl_seconds: record.ttl_seconds,
            data: Vec::new(),
        });
        set.ttl_seconds = set.ttl_seconds.min(record.ttl_seconds);
        set.data.push(&record.data);
    }
    for ((zone, ..), set) in sets {
        zones.entry(zone).or_default().sets.push(set);
    }
    zones
}
