//! Bytes of a file to text: the byte order mark goes, and what is no UTF-8 becomes a located finding.

use super::finding::Finding;
use crate::ground::limits;

/// A file that is no UTF-8, or too long: the text with every bad sequence replaced, to be shown, and the finding.
#[derive(Debug)]
pub struct NotUtf8 {
    pub shown: String,
    pub finding: Finding,
}

/// The text of a configuration file, without a leading byte order mark.
///
/// # Errors
/// [`NotUtf8`] (boxed, because it is the rare case) with the place of the first octet that is no text. NUL counts as
/// such: it is UTF-8, but YAML 1.2 (§5.1) has no place for it, and a file in UTF-16 without a mark is full of it.
pub fn decode(bytes: &[u8]) -> Result<&str, Box<NotUtf8>> {
    if bytes.len() > limits::YAML_OCTETS_MAX {
        let detail = format!("It has more than {} octets; so many are read.", limits::YAML_OCTETS_MAX);
        let finding = Finding::at("YAML-002", &(0..0), "the file is too long").detail(detail);
        return Err(Box::new(NotUtf8 { shown: String::new(), finding }));
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    match std::str::from_utf8(bytes) {
        Ok(text) => match bytes.iter().position(|octet| *octet == 0) {
            Some(at) => Err(refused(bytes, at, 1, text.replace('\0', " "))),
            None => Ok(text),
        },
        // U+FFFD takes three octets in place of the bad sequence, so offsets up to it stay right.
        Err(error) => Err(refused(bytes, error.valid_up_to(), 3, String::from_utf8_lossy(bytes).replace('\0', " "))),
    }
}

/// The finding for the octet at `at`, shown as `length` octets.
fn refused(bytes: &[u8], at: usize, length: u32, shown: String) -> Box<NotUtf8> {
    let octet = bytes.get(at).copied().unwrap_or_default();
    let start = u32::try_from(at).unwrap_or(u32::MAX);
    let place = start..start.saturating_add(length);
    let what = if octet == 0 { "is NUL, which no text holds" } else { "does not belong to UTF-8" };
    let finding = match utf16(bytes) {
        Some(name) => Finding::at("YAML-001", &place, "not UTF-8")
            .detail(format!(
                "The octet 0x{octet:02x} at offset {at} {what}; the file looks like UTF-16. The language is written in UTF-8."
            ))
            .fix(format!("save the file as UTF-8, e.g. with: iconv -f {name} -t UTF-8")),
        None if octet == 0 => Finding::at("YAML-001", &place, "a NUL octet")
            .detail(format!("The octet 0x00 at offset {at} {what}. A disk or an editor may have damaged the file."))
            .fix("remove it, e.g. with: tr -d '\\000'"),
        None => Finding::at("YAML-001", &place, "not UTF-8")
            .detail(format!("The octet 0x{octet:02x} at offset {at} {what}. The language is written in UTF-8."))
            .fix("save the file as UTF-8, e.g. with: iconv -f LATIN1 -t UTF-8"),
    };
    Box::new(NotUtf8 { shown, finding })
}

/// The form of UTF-16 that a file seems to have: by its mark, or because every second octet of its begin is NUL.
fn utf16(bytes: &[u8]) -> Option<&'static str> {
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return Some("UTF-16");
    }
    const LOOKED_AT: usize = 64;
    let begin = bytes.get(..LOOKED_AT.min(bytes.len()) & !1).unwrap_or_default();
    let nul = |odd: bool| {
        let halves = begin.iter().enumerate().filter(|(at, _)| (at % 2 == 1) == odd);
        !begin.is_empty() && halves.map(|(_, octet)| *octet).all(|octet| octet == 0)
    };
    match (nul(false), nul(true)) {
        (true, false) => Some("UTF-16BE"),
        (false, true) => Some("UTF-16LE"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fix(bytes: &[u8]) -> String {
        decode(bytes).unwrap_err().finding.fix.unwrap()
    }

    #[test]
    fn the_encoding_is_named() {
        assert_eq!(decode(b"\xef\xbb\xbfa: 1\n").unwrap(), "a: 1\n");
        assert!(fix(b"\xff\xfea\0:\0").ends_with("-f UTF-16 -t UTF-8"));
        assert!(fix(b"a\0:\0 \0").ends_with("-f UTF-16LE -t UTF-8"));
        assert!(fix(b"\0a\0:\0 ").ends_with("-f UTF-16BE -t UTF-8"));
        assert!(fix(b"a: \xe4\n").contains("LATIN1"));
        assert!(fix(b"a: \0\n").contains("tr -d"));
        assert_eq!(decode(b"ab: \0\n").unwrap_err().finding.primary.unwrap().span, 4..5);
    }
}
