//! Mailbox names on the wire: modified UTF-7 (RFC 3501 §5.1.3).

use base64::Engine;
use base64::alphabet::IMAP_MUTF7;
use base64::engine::{GeneralPurpose, general_purpose::NO_PAD};

const BASE64: GeneralPurpose = GeneralPurpose::new(&IMAP_MUTF7, NO_PAD);

/// UTF-8 to modified UTF-7.
pub fn encode(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    let mut shifted: Vec<u8> = Vec::new();
    let unshift = |out: &mut String, shifted: &mut Vec<u8>| {
        if !shifted.is_empty() {
            out.push('&');
            BASE64.encode_string(&*shifted, out);
            out.push('-');
            shifted.clear();
        }
    };
    for c in name.chars() {
        if matches!(c, ' '..='~') {
            unshift(&mut out, &mut shifted);
            out.push(c);
            if c == '&' {
                out.push('-');
            }
        } else {
            let mut units = [0u16; 2];
            shifted.extend(c.encode_utf16(&mut units).iter().flat_map(|unit| unit.to_be_bytes()));
        }
    }
    unshift(&mut out, &mut shifted);
    out
}

/// Modified UTF-7 to UTF-8. `None` for what is not the one right encoding of a name: 8-bit bytes, unfinished
/// shifts, printable characters in base64, shifts that could have been one.
pub fn decode(wire: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(wire).ok().filter(|t| t.is_ascii())?;
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(shift) = rest.find('&') {
        out.push_str(&rest[..shift]);
        let (code, tail) = rest[shift + 1..].split_once('-')?;
        rest = tail;
        if code.is_empty() {
            out.push('&');
            continue;
        }
        let bytes = BASE64.decode(code).ok()?;
        if bytes.len() % 2 != 0 {
            return None;
        }
        let units = bytes.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
        for c in char::decode_utf16(units) {
            out.push(c.ok()?);
        }
    }
    out.push_str(rest);
    // RFC 3501 §5.1.3 allows one encoding only, so that names compare as bytes.
    (encode(&out) == text).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc3501_5_1_3_examples() {
        assert_eq!(encode("~peter/mail/台北/日本語"), "~peter/mail/&U,BTFw-/&ZeVnLIqe-");
        assert_eq!(decode(b"~peter/mail/&U,BTFw-/&ZeVnLIqe-").as_deref(), Some("~peter/mail/台北/日本語"));
        assert_eq!(decode(b"&Jjo-!"), Some("☺!".into()));
        assert_eq!(encode("R&D"), "R&-D");
        assert_eq!(decode("&2D3eCg-".as_bytes()).as_deref(), Some("😊"));
    }

    #[test]
    fn names_have_one_encoding() {
        for bad in ["&Jjo!", "&AGE-", "&Jjo-&Jjo-", "a&", "&Jj-", "&2D0-", "é", "&U,BTFw-&ZeVnLIqe-"] {
            assert_eq!(decode(bad.as_bytes()), None, "{bad}");
        }
    }
}
