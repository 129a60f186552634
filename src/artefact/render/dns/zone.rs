//! A master file (RFC 1035 §5.1) with absolute names, to be included in or merged with a zone.

use super::{Data, PENDING, Record};

/// RFC 1035 §3.3: a character-string has at most 255 octets.
const STRING_OCTETS_MAX: usize = 255;

/// One record a line; records of several zones stand under a comment each.
pub fn zone(records: &[Record]) -> String {
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
        let (name, ttl) = (&record.name, record.ttl_seconds);
        text.push_str(&match &record.data {
            Data::A(address) => format!("{name}. {ttl} IN A {address}\n"),
            Data::Aaaa(address) => format!("{name}. {ttl} IN AAAA {address}\n"),
            Data::DkimPending { .. } => format!("; {name}. {ttl} IN TXT: {PENDING}\n"),
            Data::Mx { preference, exchange } => format!("{name}. {ttl} IN MX {preference} {exchange}.\n"),
            Data::Txt(text) => {
                let strings: Vec<String> = strings(text).iter().map(|string| quoted(string.as_bytes())).collect();
                format!("{name}. {ttl} IN TXT {}\n", strings.join(" "))
            }
        });
    }
    text
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
