//! What a server's EHLO reply offers.

use crate::protocol::sasl::Mechanism;

/// Extensions that make a difference to us.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Capabilities {
    pub eight_bit_mime: bool,
    pub mechanisms: Vec<Mechanism>,
    pub pipelining: bool,
    /// RFC 1870 §4: SIZE is offered; with its maximum, if the server names one.
    pub size: Option<Option<u64>>,
    pub smtputf8: bool,
    pub starttls: bool,
}

impl Capabilities {
    /// `text` is the EHLO reply's text; its first line is the server's name.
    pub fn parse(text: &str) -> Self {
        let mut capabilities = Self::default();
        for line in text.lines().skip(1) {
            // `AUTH=PLAIN` is how some servers spoke before RFC 4954, and still do.
            let mut words = line.split([' ', '=']).filter(|word| !word.is_empty());
            match words.next().unwrap_or_default().to_ascii_uppercase().as_str() {
                "8BITMIME" => capabilities.eight_bit_mime = true,
                "AUTH" => {
                    capabilities.mechanisms.extend(words.filter_map(|name| Mechanism::from_name(name.as_bytes())))
                }
                "PIPELINING" => capabilities.pipelining = true,
                // RFC 1870 §4: zero means that there is no fixed maximum.
                "SIZE" => {
                    capabilities.size = Some(words.next().and_then(|n| n.parse().ok()).filter(|&max| max > 0));
                }
                "SMTPUTF8" => capabilities.smtputf8 = true,
                "STARTTLS" => capabilities.starttls = true,
                _ => {}
            }
        }
        capabilities
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offers_are_read_without_case() {
        let offered = Capabilities::parse("mx\nsize 1000\nPipelining\nAUTH=LOGIN\nAUTH PLAIN X-OTHER\n8BITMIME");
        let expected = Capabilities {
            eight_bit_mime: true,
            mechanisms: vec![Mechanism::Login, Mechanism::Plain],
            pipelining: true,
            size: Some(Some(1000)),
            smtputf8: false,
            starttls: false,
        };
        assert_eq!(offered, expected);
        assert_eq!(Capabilities::parse("STARTTLS\nSIZE 0").size, Some(None));
        assert!(!Capabilities::parse("STARTTLS").starttls);
    }
}
