//! octoDNS: one YAML file a zone, for its `YamlProvider`.
//!
//! Keys stand in the natural order that `enforce_order` demands. Semicolons of TXT are escaped, as
//! `escaped_semicolons: true` (the default of version 1) reads them. What octoDNS calls unusual and DNS allows
//! (octets beyond ASCII, a backslash before a semicolon) is marked `lenient`.
//!
//! Known limit: a text that holds `" "` cannot be written; octoDNS takes it for the seam of two strings.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use super::PENDING;
use super::presentation::{absolute, relative};
use super::sets::{Set, Zone, zones};
use crate::plan::document::{DnsData, DnsRecord};

/// The files by zone; octoDNS wants each as `ZONE.yaml`.
pub fn octodns(records: &[DnsRecord]) -> BTreeMap<String, String> {
    zones(records).into_iter().map(|(name, zone)| (name.to_owned(), file(name, &zone))).collect()
}

fn file(zone: &str, wanted: &Zone<'_>) -> String {
    let mut text = format!("---\n# Records of the mail server in {zone}; escaped_semicolons: true.\n");
    for record in &wanted.pending {
        text.push_str(&format!("# {} {}: {PENDING}\n", record.name, record.data.kind()));
    }
    let mut names: Vec<(&str, Vec<&Set<'_>>)> = Vec::new();
    for set in &wanted.sets {
        let name = if set.name == zone { "" } else { relative(set.name, zone) };
        // They are sorted by name.
        match names.last_mut() {
            Some((known, sets)) if *known == name => sets.push(set),
            _ => names.push((name, vec![set])),
        }
    }
    names.sort_by(|a, b| natural(a.0, b.0));
    if names.is_empty() {
        text.push_str("{}\n");
    }
    for (name, sets) in names {
        text.push_str(&format!("{}:\n", string(name)));
        for set in sets {
            record(set, &mut text);
        }
    }
    text
}

/// A set, as one entry of the list of its name's sets.
fn record(set: &Set<'_>, text: &mut String) {
    let lenient = set.data.iter().any(|data| matches!(data, DnsData::Txt(t) if !t.is_ascii() || t.contains("\\;")));
    text.push_str("- ");
    if lenient {
        text.push_str("octodns:\n    lenient: true\n  ");
    }
    text.push_str(&format!("ttl: {}\n  type: {}\n", set.ttl_seconds, set.kind));
    // RFC 2181 §10.1: a name has one canonical name.
    if let [DnsData::Cname(target)] = set.data.as_slice() {
        text.push_str(&format!("  value: {}\n", string(&absolute(target))));
        return;
    }
    text.push_str("  values:\n");
    for data in &set.data {
        let fields: Vec<(&str, String)> = fields(data);
        for (at, (key, value)) in fields.iter().enumerate() {
            let lead = if at == 0 { "  - " } else { "    " };
            let key = if key.is_empty() { String::new() } else { format!("{key}: ") };
            text.push_str(&format!("{lead}{key}{value}\n"));
        }
    }
}

/// Keys, sorted, and values; one without a key for plain values.
fn fields(data: &DnsData) -> Vec<(&'static str, String)> {
    match data {
        DnsData::A(address) => vec![("", string(&address.to_string()))],
        DnsData::Aaaa(address) => vec![("", string(&address.to_string()))],
        DnsData::Caa { flags, tag, value } => {
            vec![("flags", flags.to_string()), ("tag", string(tag)), ("value", string(value))]
        }
        DnsData::Cname(target) => vec![("", string(&absolute(target)))],
        DnsData::DkimGenerated { .. } | DnsData::TlsaGenerated { .. } => Vec::new(),
        DnsData::Mx { preference, exchange } => {
            vec![("exchange", string(&absolute(exchange))), ("preference", preference.to_string())]
        }
        DnsData::Srv { priority, weight, port, target } => vec![
            ("port", port.to_string()),
            ("priority", priority.to_string()),
            ("target", string(&absolute(target))),
            ("weight", weight.to_string()),
        ],
        DnsData::Tlsa { usage, selector, matching, association } => vec![
            ("certificate_association_data", string(association)),
            ("certificate_usage", usage.to_string()),
            ("matching_type", matching.to_string()),
            ("selector", selector.to_string()),
        ],
        DnsData::Txt(text) => vec![("", string(&text.replace(';', "\\;")))],
    }
}

/// A double-quoted scalar: JSON's strings are YAML's.
fn string(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Texts and the numbers between them, compared in turn.
fn natural(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (a, b);
    while !a.is_empty() || !b.is_empty() {
        let (text_a, rest_a) = a.split_at(a.find(|c: char| c.is_ascii_digit()).unwrap_or(a.len()));
        let (text_b, rest_b) = b.split_at(b.find(|c: char| c.is_ascii_digit()).unwrap_or(b.len()));
        let (number_a, next_a) = number(rest_a);
        let (number_b, next_b) = number(rest_b);
        let order = text_a.cmp(text_b).then_with(|| number_a.len().cmp(&number_b.len()).then(number_a.cmp(number_b)));
        if order != Ordering::Equal {
            return order;
        }
        // Here both have a number or neither has: what has none is at its end.
        match (rest_a.is_empty(), rest_b.is_empty()) {
            (false, true) => return Ordering::Greater,
            (true, false) => return Ordering::Less,
            _ => (a, b) = (next_a, next_b),
        }
    }
    Ordering::Equal
}

/// The digits in front without leading zeros, and what follows them.
fn number(text: &str) -> (&str, &str) {
    let (digits, rest) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
    (digits.trim_start_matches('0'), rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_is_natural() {
        let mut names = ["mail", "", "_25._tcp.mail", "_143._tcp.mail", "s9._domainkey", "s10._domainkey", "*", "0a"];
        names.sort_by(|a, b| natural(a, b));
        assert_eq!(
            names,
            ["", "0a", "*", "_25._tcp.mail", "_143._tcp.mail", "mail", "s9._domainkey", "s10._domainkey"]
        );
    }
}
