//! What mail flow needs to know of a message's header (RFC 5322 §3.6): is it a whole, who is it from, has
//! it been round too often. Bodies are never looked at.

use mail_parser::{HeaderName, HeaderValue, MessageParser};

use crate::ground::limits::DELIVERED_TO_FIELDS_MAX;
use crate::vocabulary::mail::Address;

/// Facts of one header.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HeaderFacts {
    /// From fields; RFC 5322 §3.6 wants exactly one.
    pub from_fields: usize,
    /// All mailboxes of all From fields. `None` stands for one that is no address.
    pub from: Vec<Option<Address>>,
    pub sender: Vec<Option<Address>>,
    pub has_date: bool,
    /// The Message-ID without angle brackets, for the log.
    pub message_id: Option<String>,
    /// RFC 5321 §6.3.
    pub received_fields: usize,
    /// RFC 9228 §3: whom the message has been delivered to or forwarded by, canonical; the first
    /// [`DELIVERED_TO_FIELDS_MAX`].
    pub delivered_to: Vec<Address>,
}

/// How long the header is, the empty line that ends it included. `None` if it has not ended within
/// `bytes`. A message that begins with an empty line has no header.
pub fn header_end(bytes: &[u8]) -> Option<usize> {
    if bytes.starts_with(b"\r\n") {
        return Some(2);
    }
    bytes.windows(4).position(|window| window == b"\r\n\r\n").map(|at| at + 4)
}

impl HeaderFacts {
    /// Reads a whole header. Never fails: what cannot be read is counted as not there.
    pub fn read(header: &[u8]) -> Self {
        let mut facts = Self::default();
        let Some(message) = MessageParser::default().parse_headers(header) else { return facts };
        for field in message.headers() {
            match &field.name {
                HeaderName::From => {
                    facts.from_fields += 1;
                    mailboxes(&field.value, &mut facts.from);
                }
                HeaderName::Sender => mailboxes(&field.value, &mut facts.sender),
                HeaderName::Date => facts.has_date = true,
                HeaderName::MessageId => {
                    facts.message_id = Some(field.value.as_text().unwrap_or_default().to_owned());
                }
                HeaderName::Received => facts.received_fields += 1,
                HeaderName::DeliveredTo if facts.delivered_to.len() < DELIVERED_TO_FIELDS_MAX => {
                    facts.delivered_to.extend(delivered_to(header, field.offset_start(), field.offset_end()));
                }
                _ => {}
            }
        }
        facts
    }

    /// The one mailbox that the message is from; `None` if there are none or several.
    pub fn author(&self) -> Option<&Address> {
        match self.from.as_slice() {
            [Some(only)] => Some(only),
            _ => None,
        }
    }
}

/// The field's value as it stands, because no two parsers agree what it is.
fn delivered_to(header: &[u8], start: u32, end: u32) -> Option<Address> {
    let value = header.get(usize::try_from(start).ok()?..usize::try_from(end).ok()?)?;
    let value = std::str::from_utf8(value).ok()?.trim();
    let value = value.strip_prefix('<').and_then(|inner| inner.strip_suffix('>')).unwrap_or(value);
    value.parse::<Address>().ok().map(|address| address.canonical())
}

fn mailboxes(value: &HeaderValue<'_>, into: &mut Vec<Option<Address>>) {
    let before = into.len();
    if let HeaderValue::Address(list) = value {
        into.extend(list.iter().map(|mailbox| mailbox.address()?.parse().ok()));
    }
    if into.len() == before {
        into.push(None);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Option<Address> {
        Some(text.parse().unwrap())
    }

    #[test]
    fn rfc5322_3_6_2_all_authors_are_seen() {
        let facts = HeaderFacts::read(b"From: \"x@y.z\" <a@b.c>, d@e.f\r\nFrom: g@h.i\r\nSender: s@t.u\r\n\r\n");
        assert_eq!(facts.from_fields, 2);
        assert_eq!(facts.from, [address("a@b.c"), address("d@e.f"), address("g@h.i")]);
        assert_eq!(facts.sender, [address("s@t.u")]);
        assert_eq!(facts.author(), None);
    }

    #[test]
    fn a_group_or_a_bare_word_is_no_author() {
        for header in
            [&b"From: somebody\r\n\r\n"[..], b"From: nobody:;\r\n\r\n", b"From:\r\n\r\n", b"From: <a@@b>\r\n\r\n"]
        {
            let facts = HeaderFacts::read(header);
            assert_eq!(facts.from_fields, 1, "{header:?}");
            assert_eq!(facts.author(), None, "{header:?}");
            assert!(facts.from.contains(&None), "{header:?}");
        }
        assert_eq!(HeaderFacts::read(b"To: a@b.c\r\n\r\n").from_fields, 0);
    }

    #[test]
    fn the_rest_is_counted() {
        let facts = HeaderFacts::read(
            b"Received: x\r\nRECEIVED: y\r\n folded\r\nReceived-SPF: no\r\nDate: Tue, 24 Nov 2026 03:00:00 +0000\r\n\
              message-id: <1@x>\r\nFrom: a@b.c\r\n\r\n",
        );
        assert_eq!((facts.received_fields, facts.has_date), (2, true));
        assert_eq!(facts.message_id.as_deref(), Some("1@x"));
        assert_eq!(facts.author(), address("a@b.c").as_ref());
    }

    #[test]
    fn rfc9228_3_who_had_it_before_is_seen() {
        let facts = HeaderFacts::read(
            b"Delivered-To: A@example.org\r\ndelivered-to:\r\n <b@example.org> \r\nDelivered-To: nobody\r\n\r\n",
        );
        assert_eq!(facts.delivered_to, ["a@example.org".parse().unwrap(), "b@example.org".parse().unwrap()]);
        let many = b"Delivered-To: a@example.org\r\n".repeat(DELIVERED_TO_FIELDS_MAX + 1);
        assert_eq!(HeaderFacts::read(&many).delivered_to.len(), DELIVERED_TO_FIELDS_MAX);
    }

    #[test]
    fn the_header_ends_at_the_first_empty_line() {
        assert_eq!(header_end(b"A: b\r\n\r\nC: d\r\n\r\n"), Some(8));
        assert_eq!(header_end(b"\r\nbody"), Some(2));
        assert_eq!(header_end(b"A: b\r\n"), None);
    }
}
