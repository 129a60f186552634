//! `domains.*.records`: further records, typed.
//!
//! A name in a record's data must end with a dot: without one a zone file reads it below the zone and a web form often
//! does not, and two readings of a name are an error that prints both.

use crate::compiler::config::format::dns_name;
use crate::compiler::config::section::domains::{ExtraRecord, RecordType};
use crate::compiler::config::spanned::Spanned;
use crate::ground::diagnostic::Span;
use crate::plan::document::DnsData;
use crate::vocabulary::mail::Domain;

/// A record that was written, as far as it can be read.
#[derive(Debug)]
pub struct Extra<'c> {
    pub written: &'c ExtraRecord,
    /// Absolute, without the final dot.
    pub name: String,
    pub data: DnsData,
}

/// Why a record cannot be read. `why` continues "The name `x` ..." or "The value `x` ...".
#[derive(Debug)]
pub struct Fault<'c> {
    pub span: &'c Span,
    pub noun: &'static str,
    pub text: &'c str,
    pub why: String,
    pub fix: String,
}

pub fn parse<'c>(record: &'c ExtraRecord, domain: &Domain) -> Result<Extra<'c>, Fault<'c>> {
    let name = owner(&record.name, domain)?;
    let value = &record.value;
    let data = data(record.kind.value, value.value.trim(), domain).map_err(|(why, fix)| Fault {
        span: &value.span,
        noun: "value",
        text: &value.value,
        why,
        fix,
    })?;
    Ok(Extra { written: record, name, data })
}

/// The name of a record: `@`, relative to the domain, or absolute with a final dot.
fn owner<'c>(name: &'c Spanned<String>, domain: &Domain) -> Result<String, Fault<'c>> {
    let text = name.value.trim();
    let absolute = match text.strip_suffix('.') {
        Some(absolute) => absolute.to_owned(),
        None if text == "@" => domain.to_string(),
        None => format!("{text}.{domain}"),
    };
    let (star, rest) = absolute.strip_prefix("*.").map_or(("", absolute.as_str()), |rest| ("*.", rest));
    let bad = || Fault {
        span: &name.span,
        noun: "name",
        text: &name.value,
        why: "is no name of DNS: labels are letters, digits, inner hyphens, and perhaps an underscore in front"
            .to_owned(),
        fix: "name: www, or `@` for the domain itself".to_owned(),
    };
    dns_name(rest).map(|name| format!("{star}{name}")).ok_or_else(bad)
}

type Unread = (String, String);

fn unread(why: &str, fix: &str) -> Unread {
    (why.to_owned(), fix.to_owned())
}

fn data(kind: RecordType, text: &str, domain: &Domain) -> Result<DnsData, Unread> {
    match kind {
        RecordType::A => text.parse().map(DnsData::A).map_err(|_| unread("is no IPv4 address", "value: 192.0.2.10")),
        RecordType::Aaaa => {
            text.parse().map(DnsData::Aaaa).map_err(|_| unread("is no IPv6 address", "value: \"2001:db8::10\""))
        }
        RecordType::Caa => caa(text),
        RecordType::Cname => host(text, domain).map(DnsData::Cname),
        RecordType::Mx => {
            let [preference, exchange] = words(text, "10 mail.example.org.")?;
            Ok(DnsData::Mx {
                preference: number(preference, "10 mail.example.org.")?,
                exchange: host(exchange, domain)?,
            })
        }
        RecordType::Srv => {
            const LIKE: &str = "0 1 5222 chat.example.org.";
            let [priority, weight, port, target] = words(text, LIKE)?;
            Ok(DnsData::Srv {
                priority: number(priority, LIKE)?,
                weight: number(weight, LIKE)?,
                port: number(port, LIKE)?,
                target: host(target, domain)?,
            })
        }
        RecordType::Tlsa => tlsa(text),
        RecordType::Txt => txt(text),
    }
}

fn words<'t, const N: usize>(text: &'t str, like: &str) -> Result<[&'t str; N], Unread> {
    let words: Vec<&str> = text.split_ascii_whitespace().collect();
    words.try_into().map_err(|_| (format!("does not have {N} parts"), format!("value: {like}")))
}

fn number<T: std::str::FromStr>(text: &str, like: &str) -> Result<T, Unread> {
    text.parse().map_err(|_| (format!("has `{text}` where a number stands"), format!("value: {like}")))
}

/// A name in a record's data.
fn host(text: &str, domain: &Domain) -> Result<String, Unread> {
    if text == "." {
        return Ok(text.to_owned());
    }
    let Some(absolute) = text.strip_suffix('.') else {
        let why = format!(
            "could be `{text}.` or `{text}.{domain}.`: a zone file reads a name without a final dot below the zone"
        );
        return Err((why, format!("write `{text}.`, or `{text}.{domain}.`")));
    };
    dns_name(absolute).ok_or_else(|| unread("is no name of DNS", "a name such as mail.example.org."))
}

fn caa(text: &str) -> Result<DnsData, Unread> {
    const LIKE: &str = "value: 0 issue \"letsencrypt.org\"";
    let mut words = text.splitn(3, ' ');
    let (Some(flags), Some(tag), Some(value)) = (words.next(), words.next(), words.next()) else {
        return Err(unread("does not have flags, tag and value", LIKE));
    };
    let value = value.trim();
    let value = value.strip_prefix('"').and_then(|v| v.strip_suffix('"')).unwrap_or(value);
    // RFC 8659 §4.1: a tag is letters and digits.
    if tag.is_empty() || !tag.bytes().all(|b| b.is_ascii_alphanumeric()) || !printable(value) {
        return Err(unread("has a tag or value that cannot stand in a CAA record", LIKE));
    }
    let flags = flags.parse().map_err(|_| unread("does not begin with flags, 0 or 128", LIKE))?;
    Ok(DnsData::Caa { flags, tag: tag.to_ascii_lowercase(), value: value.to_owned() })
}

fn tlsa(text: &str) -> Result<DnsData, Unread> {
    const LIKE: &str = "3 1 1 <64 hex digits>";
    let [usage, selector, matching, association] = words(text, LIKE)?;
    let matching = number(matching, LIKE)?;
    let association = association.to_ascii_lowercase();
    let digits = association.len();
    // RFC 6698 §2.1.3: SHA-256 and SHA-512 digests have 32 and 64 octets.
    let length = matches!((matching, digits), (1, 64) | (2, 128)) || (matching == 0 && digits.is_multiple_of(2));
    if !length || digits == 0 || !association.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(unread(
            "does not end with the hex digits of its matching type: 64 for 1, 128 for 2",
            "value: 3 1 1 ...",
        ));
    }
    Ok(DnsData::Tlsa { usage: number(usage, LIKE)?, selector: number(selector, LIKE)?, matching, association })
}

fn txt(text: &str) -> Result<DnsData, Unread> {
    /// RFC 1035 §3.2.1: data has at most 65535 octets; a text this long fits into no answer without TCP.
    const OCTETS_MAX: usize = 4_096;
    if text.starts_with('"') {
        return Err(unread(
            "begins with a quote, which would become part of the text",
            "write the text without quotes",
        ));
    }
    if text.len() > OCTETS_MAX || text.chars().any(char::is_control) {
        return Err(unread("is longer than 4096 octets or holds control characters", "write one line of text"));
    }
    Ok(DnsData::Txt(text.to_owned()))
}

fn printable(text: &str) -> bool {
    text.bytes().all(|b| b == b' ' || b.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(kind: RecordType, text: &str) -> Result<DnsData, Unread> {
        data(kind, text, &"example.org".parse().unwrap())
    }

    #[test]
    fn data_is_read_as_in_a_zone_file() {
        assert_eq!(read(RecordType::Cname, "Web.example.net.").unwrap(), DnsData::Cname("web.example.net".to_owned()));
        assert_eq!(
            read(RecordType::Srv, "0 0 0 .").unwrap(),
            DnsData::Srv { priority: 0, weight: 0, port: 0, target: ".".to_owned() }
        );
        assert_eq!(
            read(RecordType::Caa, "0 Issue \"ca.example; x=1\"").unwrap(),
            DnsData::Caa { flags: 0, tag: "issue".to_owned(), value: "ca.example; x=1".to_owned() }
        );
        assert!(read(RecordType::Tlsa, &format!("3 1 1 {}", "Ab".repeat(32))).is_ok());
    }

    #[test]
    fn two_readings_of_a_name_print_both() {
        let (why, _) = read(RecordType::Mx, "10 mail").unwrap_err();
        assert!(why.contains("`mail.`") && why.contains("`mail.example.org.`"), "{why}");
        for (kind, text) in [
            (RecordType::A, "2001:db8::1"),
            (RecordType::Mx, "mail.example.org."),
            (RecordType::Srv, "0 0 x ."),
            (RecordType::Tlsa, "3 1 1 abcd"),
            (RecordType::Txt, "\"quoted\""),
            (RecordType::Caa, "issue letsencrypt.org"),
        ] {
            assert!(read(kind, text).is_err(), "{text}");
        }
    }
}
