//! LITERAL+ (RFC 7888): `{n+}` announces a literal that follows without waiting for us.
//!
//! A synchronising literal that is too big is refused before it is sent; one of these is on its way already, so
//! that it is read and thrown away (RFC 7888 §4), bounded by [`SKIP_OCTETS_MAX`].

use super::{Extension, When};

pub const ROW: Extension = Extension { capability: "LITERAL+", rfc: 7888, when: When::Always };

/// A longer literal than this is not worth reading to its end: the connection closes instead.
pub const SKIP_OCTETS_MAX: u64 = 256 * 1024 * 1024;

/// The announcement of a literal at the end of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Announced {
    pub octets: u64,
    /// We must say `+` first.
    pub synchronising: bool,
    /// Octets of the announcement itself, from `{` to `}`.
    pub length: usize,
}

/// Whether `line`, without its line end, announces a literal. `{` inside a quoted string that the line ends is none,
/// because such a line ends with a quote.
pub fn announced(line: &[u8]) -> Option<Announced> {
    let inner = line.strip_suffix(b"}")?;
    let open = inner.iter().rposition(|b| *b == b'{')?;
    let digits = inner.get(open + 1..)?;
    let (digits, synchronising) = match digits.strip_suffix(b"+") {
        Some(digits) => (digits, false),
        None => (digits, true),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    // More than 20 digits is more than any limit.
    let octets = std::str::from_utf8(digits).ok()?.parse().unwrap_or(u64::MAX);
    Some(Announced { octets, synchronising, length: line.len() - open })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc7888_announcements() {
        let seen = |line: &str| announced(line.as_bytes()).map(|a| (a.octets, a.synchronising, a.length));
        assert_eq!(seen("a LOGIN {5}"), Some((5, true, 3)));
        assert_eq!(seen("a LOGIN {5+}"), Some((5, false, 4)));
        assert_eq!(seen("a {99999999999999999999999}"), Some((u64::MAX, true, 25)));
        for none in ["a LOGIN", "{}", "{+}", "{5-}", "5}", "\"{5}\"", "{5} "] {
            assert_eq!(seen(none), None, "{none}");
        }
    }
}
