//! What goes out: strings, mailbox names, flags, dates (RFC 3501 §9).

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::ground::clock::Timestamp;
use crate::protocol::imap::utf7;
use crate::vocabulary::mail::{Flags, SystemFlag};

/// Longer strings, and those with bytes that a quoted string may not hold, go as literals.
const QUOTED_OCTETS_MAX: usize = 1000;

/// `string`: quoted if it can be, else a literal. NUL cannot be sent (RFC 3501 §9 CHAR8) and is dropped.
pub fn string(out: &mut Vec<u8>, text: &[u8]) {
    if text.contains(&0) {
        let without: Vec<u8> = text.iter().copied().filter(|b| *b != 0).collect();
        return string(out, &without);
    }
    if text.len() > QUOTED_OCTETS_MAX || text.iter().any(|b| !b.is_ascii() || matches!(b, b'\r' | b'\n')) {
        out.extend_from_slice(format!("{{{}}}\r\n", text.len()).as_bytes());
        out.extend_from_slice(text);
        return;
    }
    out.push(b'"');
    for byte in text {
        if matches!(byte, b'"' | b'\\') {
            out.push(b'\\');
        }
        out.push(*byte);
    }
    out.push(b'"');
}

/// `nstring`.
pub fn nstring(out: &mut Vec<u8>, text: Option<&[u8]>) {
    match text {
        Some(text) => string(out, text),
        None => out.extend_from_slice(b"NIL"),
    }
}

/// `astring`: an atom where possible.
pub fn astring(out: &mut Vec<u8>, text: &[u8]) {
    if !text.is_empty() && text.iter().all(|b| is_astring_char(*b)) && !text.eq_ignore_ascii_case(b"NIL") {
        out.extend_from_slice(text);
    } else {
        string(out, text);
    }
}

/// `mailbox`, from UTF-8.
pub fn mailbox(out: &mut Vec<u8>, name: &str) {
    astring(out, utf7::encode(name).as_bytes());
}

/// RFC 3501 §9 `ATOM-CHAR`.
pub fn is_atom_char(byte: u8) -> bool {
    byte > b' ' && byte < 127 && !b"(){%*\"\\]".contains(&byte)
}

/// RFC 3501 §9 `ASTRING-CHAR`.
pub fn is_astring_char(byte: u8) -> bool {
    is_atom_char(byte) || byte == b']'
}

/// `(\Seen keyword)`.
pub fn flags(out: &mut Vec<u8>, flags: &Flags) {
    flag_list(out, SystemFlag::ALL.into_iter().filter(|f| flags.contains(*f)), &flags.keywords, &[]);
}

/// A parenthesised list of flags; `more` comes last.
pub fn flag_list(
    out: &mut Vec<u8>,
    system: impl Iterator<Item = SystemFlag>,
    keywords: &BTreeSet<String>,
    more: &[&str],
) {
    let system = system.map(|flag| -> &str { flag.name() });
    let names = system.chain(keywords.iter().map(String::as_str)).chain(more.iter().copied());
    out.push(b'(');
    for (index, name) in names.enumerate() {
        if index > 0 {
            out.push(b' ');
        }
        out.extend_from_slice(name.as_bytes());
    }
    out.push(b')');
}

/// `date-time`: `"17-Jul-1996 02:44:25 +0000"`.
pub fn date_time(out: &mut Vec<u8>, moment: Timestamp) {
    let time = jiff::Timestamp::from_second(moment.seconds()).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    out.extend_from_slice(time.strftime("\"%e-%b-%Y %H:%M:%S +0000\"").to_string().as_bytes());
}

/// A decimal number.
pub fn number(out: &mut Vec<u8>, number: u64) {
    out.extend_from_slice(number.to_string().as_bytes());
}

/// Text of a response, cleaned of what would end the line.
pub fn text(out: &mut String, text: &str) {
    let _ = write!(out, "{}", text.replace(['\r', '\n'], " "));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(f: impl Fn(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        f(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn strings_are_quoted_where_they_can_be() {
        assert_eq!(written(|o| string(o, b"a\"b\\c")), r#""a\"b\\c""#);
        assert_eq!(written(|o| string(o, "é".as_bytes())), "{2}\r\né");
        assert_eq!(written(|o| string(o, b"a\r\nb\0")), "{4}\r\na\r\nb");
        assert_eq!(written(|o| nstring(o, None)), "NIL");
        assert_eq!(written(|o| astring(o, b"INBOX/x]")), "INBOX/x]");
        assert_eq!(written(|o| astring(o, b"nil")), "\"nil\"");
        assert_eq!(written(|o| astring(o, b"")), "\"\"");
        assert_eq!(written(|o| mailbox(o, "Entwürfe & mehr")), "\"Entw&APw-rfe &- mehr\"");
    }

    #[test]
    fn rfc3501_9_date_time() {
        assert_eq!(written(|o| date_time(o, Timestamp(837_596_665_000))), "\"17-Jul-1996 09:44:25 +0000\"");
        assert_eq!(written(|o| date_time(o, Timestamp(1_780_272_000_000))), "\" 1-Jun-2026 00:00:00 +0000\"");
    }
}
