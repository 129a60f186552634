//! Which records are ours: a TXT set at `_mailctl.ZONE` says so, one string for each record set.
//!
//! ```text
//! v=mailctl1 MX @ 5d41402abc4b2a76
//! v=mailctl1 TXT mail._domainkey 7d793037a0760186
//! ```
//!
//! Type, name (`@` is the zone itself), and the first 64 bits of the SHA-256 of each record that was pushed. Single
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

/// What the marker of one zone says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ownership {
    digests: BTreeMap<SetName, BTreeSet<String>>,
}

impl Ownership {
    /// Reads a marker. What is no string of ours is left out.
    pub fn read<'t>(zone: &str, texts: impl IntoIterator<Item = &'t str>) -> Self {
        let mut ownership = Self::default();
        for text in texts {
            let mut words = text.split(' ');
            if words.next() != Some(VERSION) {
                continue;
            }
            if let (Some(kind), Some(name)) = (words.next(), words.next()) {
                let name = if name == "@" { zone.to_owned() } else { format!("{name}.{zone}") };
                let digests = ownership.digests.entry((name, kind.to_owned())).or_default();
                digests.extend(words.filter(|word| !word.is_empty()).map(str::to_owned));
            }
        }
        ownership
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
            format!("{VERSION} {kind} {} {}", relative(name), digests.join(" "))
        };
        self.digests.iter().filter(|(_, digests)| !digests.is_empty()).map(text).collect()
    }

    pub fn owns(&self, set: &SetName, data: &DnsData) -> bool {
        self.digests.get(set).is_some_and(|digests| digests.contains(&digest(data)))
    }

    pub fn take(&mut self, set: &SetName, data: &DnsData) {
        self.digests.entry(set.clone()).or_default().insert(digest(data));
    }

    /// The sets of which something is ours.
    pub fn sets(&self) -> impl Iterator<Item = &SetName> {
        self.digests.keys()
    }
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
        let mut ownership = Ownership::default();
        let apex = ("example.org".to_owned(), "TXT".to_owned());
        let spf = DnsData::Txt("v=spf1 mx -all".into());
        ownership.take(&apex, &spf);
        ownership.take(&("mail.example.org".into(), "A".into()), &DnsData::A("192.0.2.1".parse().unwrap()));
        let texts = ownership.texts("example.org");
        assert!(texts[0].starts_with("v=mailctl1 TXT @ ") && texts[1].starts_with("v=mailctl1 A mail "), "{texts:?}");
        let read = Ownership::read("example.org", texts.iter().map(String::as_str).chain(["something else"]));
        assert_eq!(read, ownership);
        assert!(read.owns(&apex, &spf));
        assert!(!read.owns(&apex, &DnsData::Txt("v=spf1 -all".into())), "somebody has changed it");
    }
}
