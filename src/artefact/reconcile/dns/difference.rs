//! What to add to a zone and what to take away, so that it holds the wanted records.
//!
//! Invariants: a record that is not ours (see [`ownership`](super::ownership)) is taken away only if its owner was told
//! and said so ([`Foreign::Replace`]); doing it twice changes nothing the second time. A foreign record that already is
//! what we want becomes ours. Several hosts may push into one zone: what another has marked is foreign, and what two want
//! stays until neither does.
//!
//! Where a foreign record may stand beside ours, it stays: a TXT set holds strings of many owners, and CAA records add
//! up. Elsewhere it contradicts ours: a second MX takes mail away, a second SPF record makes both void (RFC 7208 §4.5).

use std::collections::{BTreeMap, BTreeSet};

use super::ownership::{Owner, Ownership, SetName};
use super::{Expectation, FoundRecord, RecordChange, RrSet};
use crate::plan::document::{DnsData, DnsRecord};

/// A marker changes with every push; nobody but us reads it.
const MARKER_TTL_SECONDS: u32 = 300;
/// Types that are looked for where an alias is wanted: it can have no other record beside it.
const BESIDE_ALIAS: [&str; 5] = ["A", "AAAA", "CNAME", "MX", "TXT"];

/// What is done about foreign records that contradict ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Foreign {
    /// The sets that they stand in are left alone.
    Keep,
    /// They go.
    Replace,
}

/// A foreign record in the way of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    pub name: String,
    pub kind: String,
    pub foreign: String,
    /// What we want there.
    pub wanted: String,
}

/// All that is to do in one zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ZoneDifference {
    pub zone: String,
    /// Sorted by name and type; the marker's own change is the last.
    pub changes: Vec<RecordChange>,
    pub conflicts: Vec<Conflict>,
    /// Foreign records that stay beside ours: name, type, data.
    pub kept: Vec<(String, String, String)>,
    /// Sets whose keys are not made yet.
    pub waiting: BTreeSet<SetName>,
    pub expected: Vec<Expectation>,
}

/// The sets to look at before [`difference`] can be told, the marker apart.
pub fn questions(wanted: &[DnsRecord], ownership: &Ownership) -> BTreeSet<SetName> {
    let mut sets: BTreeSet<SetName> = ownership.sets().cloned().collect();
    for record in wanted {
        sets.insert((record.name.clone(), record.data.kind().to_owned()));
        if matches!(record.data, DnsData::Cname(_)) {
            sets.extend(BESIDE_ALIAS.map(|kind| (record.name.clone(), kind.to_owned())));
        }
    }
    sets
}

/// `wanted`: the records of this zone. `found`: the marker and what [`questions`] named, as the primary has it.
pub fn difference(
    zone: &str,
    wanted: &[DnsRecord],
    found: &BTreeMap<SetName, RrSet>,
    foreign: Foreign,
    owner: &Owner,
) -> ZoneDifference {
    let marker = (Ownership::place(zone), "TXT".to_owned());
    let before = ownership(zone, found, owner);
    let mut goal = Goal { zone, before: &before, after: Ownership::none(&owner.host), foreign, out: empty(zone) };
    goal.out.waiting = waiting(wanted);
    let mut sets: BTreeMap<SetName, (u32, Vec<&DnsData>)> = BTreeMap::new();
    for set in before.sets() {
        sets.insert(set.clone(), (0, Vec::new()));
    }
    for record in wanted.iter().filter(|record| !record.data.is_generated()) {
        let set = (record.name.clone(), record.data.kind().to_owned());
        let (ttl, data) = sets.entry(set).or_insert((record.ttl_seconds, Vec::new()));
        *ttl = record.ttl_seconds;
        data.push(&record.data);
    }
    let nothing = RrSet::default();
    for (set, (ttl, data)) in &sets {
        let here = found.get(set).unwrap_or(&nothing);
        let beside: Vec<(&SetName, &RrSet)> = found.iter().filter(|((name, _), _)| *name == set.0).collect();
        goal.set(set, *ttl, data, here, &beside);
    }
    goal.mark(&marker, found.get(&marker).unwrap_or(&nothing));
    goal.out
}

/// What the marker among `found` says.
pub fn ownership(zone: &str, found: &BTreeMap<SetName, RrSet>, owner: &Owner) -> Ownership {
    let marker = found.get(&(Ownership::place(zone), "TXT".to_owned()));
    let texts = marker.into_iter().flat_map(|set| &set.data).filter_map(|data| match data {
        DnsData::Txt(text) => Some(text.as_str()),
        _ => None,
    });
    Ownership::read(zone, owner, texts)
}

fn empty(zone: &str) -> ZoneDifference {
    ZoneDifference {
        zone: zone.to_owned(),
        changes: Vec::new(),
        conflicts: Vec::new(),
        kept: Vec::new(),
        waiting: BTreeSet::new(),
        expected: Vec::new(),
    }
}

fn waiting(wanted: &[DnsRecord]) -> BTreeSet<SetName> {
    let set = |record: &DnsRecord| (record.name.clone(), record.data.kind().to_owned());
    wanted.iter().filter(|record| record.data.is_generated()).map(set).collect()
}

struct Goal<'g> {
    zone: &'g str,
    before: &'g Ownership,
    after: Ownership,
    foreign: Foreign,
    out: ZoneDifference,
}

impl Goal<'_> {
    fn set(&mut self, set: &SetName, ttl: u32, wanted: &[&DnsData], here: &RrSet, beside: &[(&SetName, &RrSet)]) {
        let (mut ours, mut others, mut right) = (Vec::new(), Vec::new(), Vec::new());
        for record in &here.records {
            match &record.data {
                Some(data) if wanted.contains(&data) => right.push(record.clone()),
                // Another host's plan wants it still.
                Some(data) if self.before.is_shared(set, data) => others.push(record.clone()),
                Some(data) if self.before.owns(set, data) => ours.push(record.clone()),
                _ => others.push(record.clone()),
            }
        }
        // While a key is not made, what was pushed for it stays.
        if self.out.waiting.contains(set) {
            for data in ours.drain(..).filter_map(|record| record.data) {
                self.after.take(set, &data);
            }
        }
        let (rivals, neighbours): (Vec<_>, Vec<_>) = others.into_iter().partition(|other| contradicts(wanted, other));
        let aliases = self.aliases(set, wanted, beside);
        if !rivals.is_empty() || !aliases.is_empty() {
            let of = |(kind, record): (&str, &FoundRecord)| Conflict {
                name: set.0.clone(),
                kind: kind.to_owned(),
                foreign: shown(record),
                wanted: wanted.iter().map(|data| data.to_string()).collect::<Vec<_>>().join(", "),
            };
            let all = rivals.iter().map(|r| (set.1.as_str(), r)).chain(aliases.iter().map(|(k, r)| (k.as_str(), r)));
            self.out.conflicts.extend(all.map(of));
            if self.foreign == Foreign::Keep {
                for data in right.iter().chain(&ours).filter_map(|record| record.data.as_ref()) {
                    if self.before.owns(set, data) {
                        self.after.take(set, data);
                    }
                }
                return;
            }
        }
        for (kind, record) in aliases {
            self.change(&set.0, &kind, 0, Vec::new(), vec![record]);
        }
        let kept = neighbours.iter().map(|record| (set.0.clone(), set.1.clone(), shown(record)));
        self.out.kept.extend(kept);
        // RFC 2181 §5.2: one TTL for the whole set; where others keep records in it, theirs.
        let with_another = |record: &FoundRecord| record.data.as_ref().is_some_and(|d| self.before.is_shared(set, d));
        let shared = !neighbours.is_empty() || right.iter().any(with_another);
        let ttl = if shared { here.ttl_seconds } else { ttl };
        let mut add: Vec<DnsData> = Vec::new();
        let mut remove: Vec<FoundRecord> = ours.into_iter().chain(rivals).collect();
        let renew = !shared && !right.is_empty() && here.ttl_seconds != ttl;
        for data in wanted {
            self.after.take(set, data);
            if renew || !right.iter().any(|record| record.data.as_ref() == Some(data)) {
                add.push((*data).clone());
            }
        }
        if renew {
            remove.extend(right);
        }
        self.change(&set.0, &set.1, ttl, add, remove);
    }

    /// Foreign records at the same name that cannot be there: an alias beside ours, anything beside our alias.
    fn aliases(&self, set: &SetName, wanted: &[&DnsData], beside: &[(&SetName, &RrSet)]) -> Vec<(String, FoundRecord)> {
        if wanted.is_empty() {
            return Vec::new();
        }
        let wants_alias = set.1 == "CNAME";
        let mut found = Vec::new();
        for (other, here) in beside.iter().filter(|(other, _)| other.1 != set.1) {
            let at_odds = wants_alias || other.1 == "CNAME";
            let foreign =
                |record: &&FoundRecord| !record.data.as_ref().is_some_and(|data| self.before.owns(other, data));
            if at_odds {
                found.extend(here.records.iter().filter(foreign).map(|record| (other.1.clone(), record.clone())));
            }
        }
        found
    }

    fn change(&mut self, name: &str, kind: &str, ttl_seconds: u32, add: Vec<DnsData>, remove: Vec<FoundRecord>) {
        if !add.is_empty() || !remove.is_empty() {
            let (name, kind) = (name.to_owned(), kind.to_owned());
            self.out.changes.push(RecordChange { name, kind, ttl_seconds, add, remove });
        }
    }

    /// The marker last; strings of other hosts stay in it.
    fn mark(&mut self, marker: &SetName, here: &RrSet) {
        // Removals come first, lest a name holds an alias and something else for a moment.
        self.out.changes.sort_by_key(|change| !change.add.is_empty());
        let texts = self.after.texts(self.zone);
        let is = |record: &FoundRecord, text: &String| record.data == Some(DnsData::Txt(text.clone()));
        let add = texts.iter().filter(|text| !here.records.iter().any(|record| is(record, text)));
        let add: Vec<DnsData> = add.cloned().map(DnsData::Txt).collect();
        let ours = |record: &&FoundRecord| matches!(&record.data, Some(DnsData::Txt(text)) if self.before.wrote(text));
        let stale = here.records.iter().filter(ours).filter(|record| !texts.iter().any(|text| is(record, text)));
        let remove: Vec<FoundRecord> = stale.cloned().collect();
        self.change(&marker.0, &marker.1, MARKER_TTL_SECONDS, add, remove);
        let (name, kind) = marker.clone();
        self.out.expected.push(if here.records.is_empty() {
            Expectation::Absent { name, kind }
        } else {
            Expectation::Exactly { name, kind, records: here.records.clone() }
        });
    }
}

/// Whether a foreign record cannot stand in the same set as ours.
fn contradicts(wanted: &[&DnsData], other: &FoundRecord) -> bool {
    let Some(first) = wanted.first() else { return false };
    match (first, &other.data) {
        (DnsData::Caa { .. }, _) => false,
        (DnsData::Txt(_), Some(DnsData::Txt(text))) => wanted.iter().any(|data| match data {
            DnsData::Txt(ours) => version(ours).is_some_and(|ours| version(text).is_some_and(|v| v == ours)),
            _ => false,
        }),
        (DnsData::Txt(_), _) => false,
        _ => true,
    }
}

/// `v=spf1`, `v=DMARC1`, `v=DKIM1`, ...: two of a kind make both void. A DKIM key may lack it (RFC 6376 §3.6.1).
fn version(text: &str) -> Option<String> {
    let text = text.trim_start();
    if text.starts_with("p=") || text.starts_with("k=") {
        return Some("v=dkim1".to_owned());
    }
    let end = text.find([';', ' ']).unwrap_or(text.len());
    text.get(..end).filter(|word| word.len() > 2 && word[..2].eq_ignore_ascii_case("v=")).map(str::to_ascii_lowercase)
}

/// For people; octets as hex where the type is not known to us.
pub(super) fn shown(record: &FoundRecord) -> String {
    match &record.data {
        Some(data) => data.to_string(),
        None => record.octets.iter().map(|octet| format!("{octet:02x}")).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn txt(text: &str) -> DnsData {
        DnsData::Txt(text.into())
    }

    fn mx(exchange: &str) -> DnsData {
        DnsData::Mx { preference: 10, exchange: exchange.into() }
    }

    fn wanted(name: &str, data: DnsData) -> DnsRecord {
        DnsRecord { zone: "example.org".into(), name: name.into(), ttl_seconds: 3600, data }
    }

    /// A name server that does what it is told.
    #[derive(Default)]
    struct Zone(BTreeMap<SetName, RrSet>);

    impl Zone {
        fn with(mut self, name: &str, data: DnsData) -> Self {
            self.add(name, data.kind(), 3600, data.clone());
            self
        }

        fn add(&mut self, name: &str, kind: &str, ttl: u32, data: DnsData) {
            let set = self.0.entry((name.into(), kind.into())).or_default();
            set.ttl_seconds = ttl;
            set.records.push(FoundRecord { octets: data.to_string().into_bytes(), data: Some(data.clone()) });
            set.data.push(data);
        }

        fn push(&mut self, difference: &ZoneDifference) {
            for change in &difference.changes {
                let set = self.0.entry((change.name.clone(), change.kind.clone())).or_default();
                set.records.retain(|record| !change.remove.contains(record));
                set.data = set.records.iter().filter_map(|record| record.data.clone()).collect();
                for data in &change.add {
                    self.add(&change.name, &change.kind, change.ttl_seconds, data.clone());
                }
            }
        }

        fn difference(&self, wanted: &[DnsRecord], foreign: Foreign) -> ZoneDifference {
            self.difference_of("mail.example.org", wanted, foreign)
        }

        fn difference_of(&self, host: &str, wanted: &[DnsRecord], foreign: Foreign) -> ZoneDifference {
            let owner = Owner { host: host.to_owned(), former: BTreeSet::from([format!("old.{host}")]) };
            difference("example.org", wanted, &self.0, foreign, &owner)
        }

        fn has(&self, name: &str, data: &DnsData) -> bool {
            self.0.get(&(name.to_owned(), data.kind().to_owned())).is_some_and(|set| set.data.contains(data))
        }
    }

    #[test]
    fn several_hosts_push_into_one_zone_and_none_takes_away_what_another_wants() {
        let mut zone = Zone::default();
        let both = wanted("example.org", mx("mail.example.org"));
        let address = |host: &str| wanted(host, DnsData::A("192.0.2.1".parse().unwrap()));
        let (first, second) =
            (["mail.example.org", "mx2.example.org"], [address("mail.example.org"), address("mx2.example.org")]);
        for (host, own) in first.iter().zip(&second) {
            let records = [both.clone(), own.clone()];
            zone.push(&zone.difference_of(host, &records, Foreign::Keep));
        }
        for (host, own) in first.iter().zip(&second) {
            assert!(zone.has(host, &own.data), "{host}");
            let records = [both.clone(), own.clone()];
            let again = zone.difference_of(host, &records, Foreign::Keep);
            assert_eq!((again.changes, again.conflicts), (Vec::new(), Vec::new()), "{host}");
        }
        // One leaves: what it had alone goes, what both want stays.
        zone.push(&zone.difference_of("mx2.example.org", &[], Foreign::Keep));
        assert!(!zone.has("mx2.example.org", &second[1].data) && zone.has("mail.example.org", &second[0].data));
        assert!(zone.has("example.org", &both.data));
        // It may not put another in its place unless told so.
        let other = [wanted("example.org", mx("mx2.example.org"))];
        assert_eq!(zone.difference_of("mx2.example.org", &other, Foreign::Keep).conflicts.len(), 1);
        // The last one leaves.
        zone.push(&zone.difference_of("mail.example.org", &[], Foreign::Keep));
        assert!(!zone.has("example.org", &both.data) && !zone.has("mail.example.org", &second[0].data));
        assert!(zone.0[&("_mailctl.example.org".to_owned(), "TXT".to_owned())].data.is_empty());
    }

    #[test]
    fn a_host_that_is_renamed_keeps_what_it_has_pushed() {
        let mut zone = Zone::default();
        let records = [wanted("example.org", mx("mail.example.org"))];
        zone.push(&zone.difference_of("old.mail.example.org", &records, Foreign::Keep));
        let renamed = [wanted("example.org", mx("new.example.org"))];
        let difference = zone.difference_of("mail.example.org", &renamed, Foreign::Keep);
        assert_eq!(difference.conflicts, []);
        zone.push(&difference);
        assert!(zone.has("example.org", &renamed[0].data) && !zone.has("example.org", &records[0].data));
        assert_eq!(zone.0[&("_mailctl.example.org".to_owned(), "TXT".to_owned())].data.len(), 1);
    }

    #[test]
    fn pushing_twice_changes_nothing_and_what_is_no_longer_wanted_goes() {
        let mut zone = Zone::default().with("example.org", txt("site-verification=1"));
        let first = [wanted("example.org", txt("v=spf1 mx -all")), wanted("example.org", mx("mail.example.org"))];
        zone.push(&zone.difference(&first, Foreign::Keep));
        assert!(zone.has("example.org", &first[0].data) && zone.has("example.org", &txt("site-verification=1")));
        assert_eq!(zone.difference(&first, Foreign::Keep).changes, []);
        let second = [wanted("example.org", txt("v=spf1 a -all"))];
        zone.push(&zone.difference(&second, Foreign::Keep));
        assert!(!zone.has("example.org", &first[0].data) && !zone.has("example.org", &first[1].data));
        assert!(zone.has("example.org", &txt("site-verification=1")));
        assert_eq!(zone.difference(&second, Foreign::Keep).changes, []);
        zone.push(&zone.difference(&[], Foreign::Keep));
        let marker: Vec<_> = zone.0.get(&("_mailctl.example.org".into(), "TXT".into())).unwrap().data.clone();
        assert!(marker.is_empty() && zone.has("example.org", &txt("site-verification=1")), "{marker:?}");
    }

    #[test]
    fn a_foreign_mx_or_spf_record_is_shown_and_stays_until_told_otherwise() {
        for (foreign, ours) in [
            (mx("mx.elsewhere.net"), mx("mail.example.org")),
            (txt("v=spf1 include:elsewhere.net ~all"), txt("v=spf1 mx -all")),
        ] {
            let mut zone = Zone::default().with("example.org", foreign.clone());
            let all = [wanted("example.org", ours.clone())];
            let refused = zone.difference(&all, Foreign::Keep);
            assert_eq!((refused.conflicts.len(), refused.changes.len()), (1, 0), "{refused:?}");
            zone.push(&zone.difference(&all, Foreign::Replace));
            assert!(!zone.has("example.org", &foreign) && zone.has("example.org", &ours));
        }
    }

    #[test]
    fn a_record_of_ours_that_somebody_changed_is_theirs() {
        let mut zone = Zone::default();
        let all = [wanted("example.org", mx("mail.example.org"))];
        zone.push(&zone.difference(&all, Foreign::Keep));
        let set = zone.0.get_mut(&("example.org".into(), "MX".into())).unwrap();
        *set = RrSet::default();
        zone.add("example.org", "MX", 3600, mx("by-hand.example.org"));
        let difference = zone.difference(&all, Foreign::Keep);
        assert_eq!(difference.conflicts.len(), 1, "{difference:?}");
        assert!(difference.changes.iter().all(|change| change.kind == "TXT"), "the marker alone: {difference:?}");
    }

    #[test]
    fn rfc2181_10_1_an_alias_stands_alone() {
        let zone = Zone::default().with("autoconfig.example.org", DnsData::Cname("elsewhere.net".into()));
        let all = [wanted("autoconfig.example.org", DnsData::A("192.0.2.1".parse().unwrap()))];
        // The other way round the name server says so by itself: it answers with the alias.
        assert_eq!(zone.difference(&all, Foreign::Keep).conflicts.len(), 1);
        let replaced = zone.difference(&all, Foreign::Replace);
        assert!(replaced.changes[0].add.is_empty() && replaced.changes[0].kind == "CNAME", "it goes first");
    }

    #[test]
    fn another_ttl_is_a_difference_unless_others_share_the_set() {
        let mut zone = Zone::default();
        zone.push(&zone.difference(&[wanted("example.org", txt("v=spf1 -all"))], Foreign::Keep));
        let slower = DnsRecord { ttl_seconds: 60, ..wanted("example.org", txt("v=spf1 -all")) };
        let difference = zone.difference(std::slice::from_ref(&slower), Foreign::Keep);
        assert_eq!((difference.changes[0].add.len(), difference.changes[0].remove.len()), (1, 1));
        zone.add("example.org", "TXT", 3600, txt("theirs"));
        assert_eq!(zone.difference(&[slower], Foreign::Keep).changes, []);
    }

    #[test]
    fn a_key_that_is_not_made_yet_takes_nothing_away() {
        let mut zone = Zone::default();
        let key = wanted("s._domainkey.example.org", txt("v=DKIM1; p=AAAA"));
        zone.push(&zone.difference(std::slice::from_ref(&key), Foreign::Keep));
        let generated = DnsData::DkimGenerated {
            domain: "example.org".into(),
            selector: "s".into(),
            algorithm: crate::plan::document::DkimAlgorithm::RsaSha256,
        };
        let difference = zone.difference(&[wanted("s._domainkey.example.org", generated)], Foreign::Keep);
        assert_eq!((difference.changes.len(), difference.waiting.len()), (0, 1));
    }
}
