//! A record's data as master files write it (RFC 1035 §5.1), and its pieces for the forms that want those alone.

use crate::plan::document::DnsData;

/// RFC 1035 §3.3: a character-string has at most 255 octets.
const STRING_OCTETS_MAX: usize = 255;

/// The data on one line, names absolute; `None` for a key that is not made yet.
pub(super) fn rdata(data: &DnsData) -> Option<String> {
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
        DnsData::Txt(text) => quoted_strings(text).join(" "),
    })
}

/// The name with its final dot; the root is one dot alone.
pub(super) fn absolute(name: &str) -> String {
    if name == "." { name.to_owned() } else { format!("{name}.") }
}

/// The name as it is written below its zone: `@` for the zone itself.
pub(super) fn relative<'n>(name: &'n str, zone: &str) -> &'n str {
    if name == zone {
        return "@";
    }
    name.strip_suffix(zone).and_then(|head| head.strip_suffix('.')).unwrap_or(name)
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

/// The same, each quoted.
pub(super) fn quoted_strings(text: &str) -> Vec<String> {
    strings(text).into_iter().map(|string| quoted(string.as_bytes())).collect()
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

    #[test]
    fn names_are_relative_by_label() {
        assert_eq!(relative("example.org", "example.org"), "@");
        assert_eq!(relative("_25._tcp.mail.example.org", "example.org"), "_25._tcp.mail");
        assert_eq!(relative("myexample.org", "example.org"), "myexample.org");
    }
}
