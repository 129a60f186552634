//! Which records are ours: a TXT set at `_mailctl.ZONE` says so, one string for each record set.
//!
//! ```text
//! v=mailctl1 mail.example.org MX @ 5d41402abc4b2a76
//! v=mailctl1 mail.example.org TXT mail._domainkey 7d793037a0760186
//! ```
//!
//! The host that pushed, since several may push into one zone; type, name (`@` is the zone itself), and the first 64 bits of the SHA-256 of each record that was pushed. Single
//! records are marked and not whole sets, because others keep records of theirs beside ours: a site verification stands
//! in the same TXT set as SPF. The digest guards nothing; it tells a record that somebody has changed by hand from the
//! one that was pushed.
//!
//! One place a zone and not one record beside each set: a name with a CNAME can hold nothing else (RFC 2181 §10.1).

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};

use crate::plan::document::DnsData;

/// The label below the zone.
pub const LABEL: &str = "_mailctl";
const VERSION: &str = "v=mailctl1";
/// 64 bits in hex.
const DIGEST_DIGITS: usize = 16;

/// A record set: its name (absolute, without the final dot) and type.
pub type SetName = (String, String);

/// The host that pushes: by its name, and by those that it had before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    pub host: String,
    pub former: BTreeSet<String>,
}

type Digests = BTreeMap<SetName, BTreeSet<String>>;

/// What the marker of one zone says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ownership {
    host: String,
    /// The names under which strings are ours.
    names: BTreeSet<String>,
    digests: Digests,
    /// Of other hosts that push into the same zone.
    others: Digests,
}

impl Ownership {
    /// Nothing is anybody's.
    pub fn none(host: &str) -> Self {
        Self { host: host.to_owned(), names: BTreeSet::from([host.to_owned()]), ..Self::default() }
    }

    /// Reads a marker. What is no string of this program is left out.
    pub fn read<'t>(zone: &str, owner: &Owner, texts: impl IntoIterator<Item = &'t str>) -> Self {
        let lines: Vec<(&str, &str)> = texts.into_iter().filter_map(owned).collect();
        let mut ownership = Self::none(&owner.host);
        // Whoever has pushed under the new name has taken the old strings away; another host may have the old name now.
        if !lines.iter().any(|(host, _)| *host == owner.host) {
            ownership.names.extend(owner.former.iter().cloned());
        }
        for (host, rest) in lines {
            let mut words = rest.split(' ');
            let (Some(kind), Some(name)) = (words.next(), words.next()) else { continue };
            let name = if name == "@" { zone.to_owned() } else { format!("{name}.{zone}") };
            let ours = ownership.names.contains(host);
            let digests = if ours { &mut ownership.digests } else { &mut ownership.others };
            let digests = digests.entry((name, kind.to_owned())).or_default();
            digests.extend(words.filter(|word| !word.is_empty()).map(str::to_owned));
        }
        ownership
    }

    /// Whether a string of the marker is ours to replace.
    pub fn wrote(&self, text: &str) -> bool {
        owned(text).is_some_and(|(host, _)| self.names.contains(host))
    }

    /// The name of a zone's marker.
    pub fn place(zone: &str) -> String {
        format!("{LABEL}.{zone}")
    }

    /// The strings of the marker, sorted.
    pub fn texts(&self, zone: &str) -> Vec<String> {
        let relative = |name: &str| match name.strip_suffix(zone) {
            Some("") => "@".to_owned(),
            Some(rest) => rest.trim_end_matches('.').to_owned(),
            None => name.to_owned(),
        };
        let text = |((name, kind), digests): (&SetName, &BTreeSet<String>)| {
            let digests: Vec<&str> = digests.iter().map(String::as_str).collect();
            format!("{VERSION} {} {kind} {} {}", self.host, relative(name), digests.join(" "))
        };
        self.digests.iter().filter(|(_, digests)| !digests.is_empty()).map(text).collect()
    }

    pub fn owns(&self, set: &SetName, data: &DnsData) -> bool {
        self.digests.get(set).is_some_and(|digests| digests.contains(&digest(data)))
    }

    /// Whether another host has marked it as its own.
    pub fn is_shared(&self, set: &SetName, data: &DnsData) -> bool {
        self.others.get(set).is_some_and(|digests| digests.contains(&digest(data)))
    }

    pub fn take(&mut self, set: &SetName, data: &DnsData) {
        self.digests.entry(set.clone()).or_default().insert(digest(data));
    }

    /// The sets of which something is ours.
    pub fn sets(&self) -> impl Iterator<Item = &SetName> {
        self.digests.keys()
    }
}

/// The host that a string of the marker names, and the rest of the string.
fn owned(text: &str) -> Option<(&str, &str)> {
    text.strip_prefix(VERSION)?.strip_prefix(' ')?.split_once(' ')
}

fn digest(data: &DnsData) -> String {
    let hash = Sha256::digest(data.to_string().as_bytes());
    let mut text: String = hash.iter().map(|octet| format!("{octet:02x}")).collect();
    text.truncate(DIGEST_DIGITS);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_marker_reads_as_it_was_written() {
        let owner = Owner { host: "mail.example.org".into(), former: BTreeSet::new() };
        let mut ownership = Ownership::none(&owner.host);
        let apex = ("example.org".to_owned(), "TXT".to_owned());
        let spf = DnsData::Txt("v=spf1 mx -all".into());
        ownership.take(&apex, &spf);
        ownership.take(&("mail.example.org".into(), "A".into()), &DnsData::A("192.0.2.1".parse().unwrap()));
        let texts = ownership.texts("example.org");
        let [first, second] = ["TXT @ ", "A mail "].map(|rest| format!("v=mailctl1 mail.example.org {rest}"));
        assert!(texts[0].starts_with(&first) && texts[1].starts_with(&second), "{texts:?}");
        let read = Ownership::read("example.org", &owner, texts.iter().map(String::as_str).chain(["something else"]));
        assert_eq!(read, ownership);
        assert!(read.owns(&apex, &spf));
        assert!(!read.owns(&apex, &DnsData::Txt("v=spf1 -all".into())), "somebody has changed it");
        assert!(texts.iter().all(|text| read.wrote(text)) && !read.wrote("something else"));
    }

    #[test]
    fn a_host_knows_its_strings_under_its_former_name_until_it_has_pushed_under_the_new_one() {
        let set = ("example.org".to_owned(), "TXT".to_owned());
        let data = DnsData::Txt("v=spf1 mx -all".into());
        let marked = |host: &str| {
            let mut ownership = Ownership::none(host);
            ownership.take(&set, &data);
            ownership.texts("example.org").remove(0)
        };
        let owner = Owner { host: "new.example.org".into(), former: BTreeSet::from(["old.example.org".to_owned()]) };
        let read = |texts: &[String]| Ownership::read("example.org", &owner, texts.iter().map(String::as_str));
        let (old, new) = (marked("old.example.org"), marked("new.example.org"));
        let renamed = read(std::slice::from_ref(&old));
        assert!(renamed.owns(&set, &data) && renamed.wrote(&old) && !renamed.is_shared(&set, &data));
        // Another host has the old name by now.
        let after = read(&[old.clone(), new.clone()]);
        assert!(after.owns(&set, &data) && after.wrote(&new) && !after.wrote(&old) && after.is_shared(&set, &data));
    }
}
