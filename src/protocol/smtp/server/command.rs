//! The grammar of commands: RFC 5321 §4.1.1 and the parameters of the extensions that we offer.

use super::path::{self, Path};
use super::reply::{Canned, mistake};
use crate::vocabulary::mail::BodyType;

/// The first word of a command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verb {
    Auth,
    Bdat,
    Data,
    Ehlo,
    Expn,
    Helo,
    Help,
    /// Something speaks HTTP to us: a browser that was lured here, never a mail client.
    Http,
    Mail,
    Noop,
    Quit,
    Rcpt,
    Rset,
    Starttls,
    Vrfy,
}

const VERBS: [(&str, Verb); 17] = [
    ("MAIL", Verb::Mail),
    ("RCPT", Verb::Rcpt),
    ("DATA", Verb::Data),
    ("BDAT", Verb::Bdat),
    ("EHLO", Verb::Ehlo),
    ("HELO", Verb::Helo),
    ("RSET", Verb::Rset),
    ("NOOP", Verb::Noop),
    ("QUIT", Verb::Quit),
    ("STARTTLS", Verb::Starttls),
    ("AUTH", Verb::Auth),
    ("VRFY", Verb::Vrfy),
    ("EXPN", Verb::Expn),
    ("HELP", Verb::Help),
    ("GET", Verb::Http),
    ("POST", Verb::Http),
    ("CONNECT", Verb::Http),
];

/// A line's verb and argument. Trailing spaces are tolerated (RFC 5321 §4.1.1).
pub(super) fn split(line: &[u8]) -> Result<(Verb, &str), Canned> {
    let text = std::str::from_utf8(line).map_err(|_| mistake::NO_TEXT)?;
    if text.chars().any(char::is_control) {
        return Err(mistake::NO_TEXT);
    }
    let text = text.trim_end_matches(' ');
    let (word, argument) = text.split_once(' ').unwrap_or((text, ""));
    let verb = VERBS.iter().find(|(name, _)| name.eq_ignore_ascii_case(word));
    verb.map(|&(_, verb)| (verb, argument)).ok_or(mistake::UNKNOWN_COMMAND)
}

/// MAIL's argument (RFC 5321 §4.1.1.2).
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Mail {
    pub path: Path,
    pub declared_octets: Option<u64>,
    pub body: BodyType,
    pub smtputf8: bool,
}

/// `auth` says whether the AUTH parameter exists here (RFC 4954 §5).
pub(super) fn mail(argument: &str, auth: bool) -> Result<Mail, Canned> {
    let (raw, rest) = path::after_keyword(argument, "FROM:").ok_or(mistake::BAD_MAIL)?;
    let mut declared_octets = None;
    let mut body = None;
    let mut smtputf8 = None;
    let mut auth_seen = None;
    for parameter in rest.split(' ').filter(|p| !p.is_empty()) {
        let (keyword, value) = match parameter.split_once('=') {
            Some((keyword, value)) => (keyword, Some(value)),
            None => (parameter, None),
        };
        let repeated = match keyword.to_ascii_uppercase().as_str() {
            "SIZE" => declared_octets.replace(octets(value.unwrap_or_default())?).is_some(),
            "BODY" => body.replace(body_type(value.unwrap_or_default())?).is_some(),
            "SMTPUTF8" if value.is_some() => return Err(mistake::BAD_PARAMETER),
            "SMTPUTF8" => smtputf8.replace(()).is_some(),
            // RFC 4954 §5: who the sender was elsewhere. We trust nobody's word on that.
            "AUTH" if auth && value.is_some_and(|v| !v.is_empty()) => auth_seen.replace(()).is_some(),
            "AUTH" if auth => return Err(mistake::BAD_PARAMETER),
            _ => return Err(mistake::UNKNOWN_PARAMETER),
        };
        if repeated {
            return Err(mistake::REPEATED_PARAMETER);
        }
    }
    if smtputf8.is_none() && !raw.is_ascii() {
        return Err(mistake::NEEDS_SMTPUTF8);
    }
    let path = path::parse(raw).ok_or(mistake::BAD_SENDER)?;
    if path == Path::Postmaster {
        return Err(mistake::BAD_SENDER);
    }
    Ok(Mail { path, declared_octets, body: body.unwrap_or_default(), smtputf8: smtputf8.is_some() })
}

/// RCPT's argument (RFC 5321 §4.1.1.3). `smtputf8` is what MAIL said.
pub(super) fn rcpt(argument: &str, smtputf8: bool) -> Result<Path, Canned> {
    let (raw, rest) = path::after_keyword(argument, "TO:").ok_or(mistake::BAD_RCPT)?;
    if !rest.trim_matches(' ').is_empty() {
        return Err(mistake::UNKNOWN_PARAMETER);
    }
    if !smtputf8 && !raw.is_ascii() {
        return Err(mistake::NEEDS_SMTPUTF8);
    }
    match path::parse(raw) {
        None | Some(Path::Null) => Err(mistake::BAD_RECIPIENT),
        Some(path) => Ok(path),
    }
}

/// BDAT's argument (RFC 3030 §2): octets, and whether the chunk is the last.
pub(super) fn bdat(argument: &str) -> Result<(u64, bool), Canned> {
    let (size, last) = argument.split_once(' ').unwrap_or((argument, ""));
    let last = match last.trim_matches(' ') {
        "" => false,
        word if word.eq_ignore_ascii_case("LAST") => true,
        _ => return Err(mistake::BAD_BDAT),
    };
    octets(size).map(|octets| (octets, last)).map_err(|_| mistake::BAD_BDAT)
}

/// EHLO's and HELO's argument: RFC 5321 §4.1.1.1 wants a name or an address literal. Clients say all
/// kinds of things, so what is refused is only what could not stand in a Received field.
pub(super) fn helo(argument: &str) -> Result<String, Canned> {
    let fits = |c: char| c.is_alphanumeric() || "-._:[]".contains(c);
    let length = 1..=crate::ground::limits::DOMAIN_OCTETS_MAX;
    match length.contains(&argument.len()) && argument.chars().all(fits) {
        true => Ok(argument.to_owned()),
        false => Err(mistake::BAD_HELO),
    }
}

/// RFC 1870 §3: up to 20 digits. What does not fit 64 bits is larger than anything.
fn octets(text: &str) -> Result<u64, Canned> {
    if text.is_empty() || text.len() > 20 || !text.bytes().all(|b| b.is_ascii_digit()) {
        return Err(mistake::BAD_PARAMETER);
    }
    Ok(text.parse().unwrap_or(u64::MAX))
}

fn body_type(text: &str) -> Result<BodyType, Canned> {
    match text.to_ascii_uppercase().as_str() {
        "7BIT" => Ok(BodyType::SevenBit),
        "8BITMIME" => Ok(BodyType::EightBitMime),
        _ => Err(mistake::BAD_PARAMETER),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code<T>(result: Result<T, Canned>) -> u16 {
        result.map_or_else(|canned| canned.0, |_| 250)
    }

    #[test]
    fn mail_and_its_parameters() {
        for (argument, expected) in [
            ("FROM:<>", 250),
            ("from:<a@b.org>", 250),
            ("FROM: <a@b.org>", 250),
            ("FROM:<a@b.org> SIZE=10 BODY=8BITMIME SMTPUTF8 AUTH=<>", 250),
            ("FROM:<a@b.org> size=10", 250),
            ("FROM:<ä@b.org> SMTPUTF8", 250),
            ("FROM:<a@b.org> SIZE=99999999999999999999", 250),
            ("", 501),
            ("<a@b.org>", 501),
            ("FROM:a@b.org", 501),
            ("FROM:<a@b.org", 501),
            ("FROM:<a@b.org>SIZE=10", 501),
            ("FROM:<Postmaster>", 501),
            ("FROM:<a@b.org> SIZE=", 501),
            ("FROM:<a@b.org> SIZE=-1", 501),
            ("FROM:<a@b.org> SIZE=1 SIZE=1", 501),
            ("FROM:<a@b.org> BODY=BINARYMIME", 501),
            ("FROM:<a@b.org> SMTPUTF8=yes", 501),
            ("FROM:<a@b.org> AUTH", 501),
            ("FROM:<ä@b.org>", 553),
            ("FROM:<a@b.org> RET=FULL", 555),
        ] {
            assert_eq!(code(mail(argument, true)), expected, "{argument}");
        }
        assert_eq!(code(mail("FROM:<a@b.org> AUTH=<>", false)), 555);
    }

    #[test]
    fn bdat_sizes() {
        assert!(matches!(bdat("0 LAST"), Ok((0, true))));
        assert!(matches!(bdat("86 last "), Ok((86, true))));
        assert!(matches!(bdat("1000000"), Ok((1_000_000, false))));
        for bad in ["", "LAST", "-1", "1 LAS", "1 LAST LAST", "0x10", "111111111111111111111"] {
            assert_eq!(code(bdat(bad)), 501, "{bad}");
        }
    }

    #[test]
    fn verbs_ignore_case_and_trailing_space() {
        assert!(matches!(split(b"noop  "), Ok((Verb::Noop, ""))));
        assert!(matches!(split(b"MAIL FROM:<>"), Ok((Verb::Mail, "FROM:<>"))));
        for bad in [&b""[..], b"FOO", b"NOOPX", b" NOOP", b"NO\0OP", b"\xff"] {
            assert_eq!(code(split(bad)), 500, "{bad:?}");
        }
    }
}
