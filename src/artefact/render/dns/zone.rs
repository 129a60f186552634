//! A master file (RFC 1035 §5.1) with absolute names, to be included in or merged with a zone.

use super::PENDING;
use crate::plan::document::{DnsData, DnsRecord};

/// RFC 1035 §3.3: a character-string has at most 255 octets.
const STRING_OCTETS_MAX: usize = 255;

/// One record a line; records of several zones stand under a comment each.
pub fn zone(records: &[DnsRecord]) -> String {
    let mut text = String::new();
    let mut zone = None;
    for record in records {
        if zone != Some(&record.zone) {
            if zone.is_some() {
                text.push('\n');
            }
            text.push_str(&format!("; zone {}.\n", record.zone));
            zone = Some(&record.zone);
        }
        let (name, ttl, kind) = (&record.name, record.ttl_seconds, record.data.kind());
        text.push_str(&match data(&record.data) {
            Some(data) => format!("{name}. {ttl} IN {kind} {data}\n"),
            None => format!("; {name}. {ttl} IN {kind}: {PENDING}\n"),
        });
    }
    text
}

/// The record's data; `None` for a key that is not made yet.
fn data(data: &DnsData) -> Option<String> {
    Some(match data {
        DnsData::A(address) => address.to_string(),
        DnsData::Aaaa(address) => address.to_string(),
        // RFC 8659 §4.1.1: the value is one character-string here, and may be longer than 255 octets.
        DnsData::Caa { flags, tag, value } => format!("{flags} {tag} {}", quoted(value.as_bytes())),
        DnsData::Cname(target) => absolute(target),
        DnsData::DkimGenerated { .. } | DnsData::TlsaGenerated { .. } => return None,
        DnsData::Mx { preference, exchange } => format!("{preference} {}", absolute(exchange)),
        DnsData::Srv { priority, weight, port, target } => format!("{priority} {weight} {port} {}", absolute(target)),
        DnsData::Tlsa { usage, selector, matching, association } => {
            format!("{usage} {selector} {matching} {association}")
        }
        DnsData::Txt(text) => {
            let strings: Vec<String> = strings(text).iter().map(|string| quoted(string.as_bytes())).collect();
            strings.join(" ")
        }
    })
}

/// The name with its final dot; the root is one dot alone.
fn absolute(name: &str) -> String {
    if name == "." { name.to_owned() } else { format!("{name}.") }
}

/// The character-strings of a TXT record: each as long as it may be, cut between characters.
pub(super) fn strings(text: &str) -> Vec<&str> {
    let mut strings = Vec::new();
    let mut rest = text;
    while rest.len() > STRING_OCTETS_MAX {
        let (head, tail) = rest.split_at(rest.floor_char_boundary(STRING_OCTETS_MAX));
        strings.push(head);
        rest = tail;
    }
    strings.push(rest);
    strings
}

/// RFC 1035 §5.1: `\` before a quote or itself, `\DDD` for what is not printable ASCII.
fn quoted(octets: &[u8]) -> String {
    let mut text = String::from("\"");
    for &octet in octets {
        match octet {
            b'"' | b'\\' => text.extend(['\\', char::from(octet)]),
            b' '..=b'~' => text.push(char::from(octet)),
            octet => text.push_str(&format!("\\{octet:03}")),
        }
    }
    text.push('"');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc1035_3_3_strings_have_at_most_255_octets() {
        let text = format!("{}é{}", "a".repeat(254), "b".repeat(300));
        let strings = strings(&text);
        assert_eq!(strings.iter().map(|s| s.len()).collect::<Vec<_>>(), [254, 255, 47]);
        assert_eq!(strings.concat(), text);
        assert_eq!(super::strings(""), [""]);
    }

    #[test]
    fn rfc1035_5_1_what_would_end_the_string_or_the_line_is_escaped() {
        assert_eq!(quoted("a\"; \\ \n\u{e9}".as_bytes()), r#""a\"; \\ \010\195\169""#);
    }
}
