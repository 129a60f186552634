//! Bytes of a file to text: the byte order mark goes, and what is no UTF-8 becomes a located finding.

use super::finding::Finding;

/// A file that is no UTF-8: the text with every bad sequence replaced, to be shown, and the finding.
#[derive(Debug)]
pub struct NotUtf8 {
    pub shown: String,
    pub finding: Finding,
}

/// The text of a configuration file, without a leading byte order mark.
///
/// # Errors
/// [`NotUtf8`] (boxed, because it is the rare case) with the place of the first bad octet.
pub fn decode(bytes: &[u8]) -> Result<&str, Box<NotUtf8>> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    std::str::from_utf8(bytes).map_err(|error| {
        let at = error.valid_up_to();
        let octet = bytes.get(at).copied().unwrap_or_default();
        let utf16 = bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff");
        // U+FFFD takes three octets in place of the bad sequence, so offsets up to `at` stay right.
        let start = u32::try_from(at).unwrap_or(u32::MAX);
        let finding = Finding::at("YAML-001", &(start..start.saturating_add(3)), "not UTF-8")
            .detail(format!(
                "The octet 0x{octet:02x} at offset {at} does not belong to UTF-8{}. The language is written in UTF-8.",
                if utf16 { "; the file looks like UTF-16" } else { "" }
            ))
            .fix("save the file as UTF-8, e.g. with: iconv -f LATIN1 -t UTF-8");
        Box::new(NotUtf8 { shown: String::from_utf8_lossy(bytes).into_owned(), finding })
    })
}
