//! SEARCH (RFC 3501 §6.4.4): the criteria, and whether one message meets them.
//!
//! Texts match as substrings without case, in Unicode: encoded words (RFC 2047) and transfer encodings are undone first.
//! Dates are compared as written for SENT* and in UTC for the others. Of a message that is longer than
//! [`SEARCH_OCTETS_MAX`] only that much is searched.

use jiff::civil::Date;
use mail_parser::parsers::MessageStream;
use mail_parser::{Message, MessageParser, PartType};

use crate::ground::clock::Timestamp;
use crate::protocol::imap::message::header;
use crate::protocol::imap::sequence::{NumberSet, SequenceSet};
use crate::vocabulary::mail::{Flags, SystemFlag};

/// What BODY and TEXT read of one message at most.
pub const SEARCH_OCTETS_MAX: usize = 16 * 1024 * 1024;

/// A search key. Dates have no time and no zone; sizes are octets; texts are UTF-8 and match without case.
#[derive(Debug, Clone, PartialEq)]
pub enum Key {
    All,
    /// Every one of these.
    And(Vec<Key>),
    Bcc(String),
    Before(Date),
    Body(String),
    Cc(String),
    Flag(SystemFlag),
    From(String),
    /// The field's name, and what its value holds; an empty text asks whether the field is there.
    Header(String, String),
    Keyword(String),
    Larger(u32),
    /// `NEW`, `OLD`, `RECENT`: `true` stands for recent. No message ever is.
    Recent(bool),
    Not(Box<Key>),
    On(Date),
    Or(Box<Key>, Box<Key>),
    /// Message sequence numbers. The session turns them into `Uids` before it asks.
    Sequence(SequenceSet),
    SentBefore(Date),
    SentOn(Date),
    SentSince(Date),
    Since(Date),
    Smaller(u32),
    Subject(String),
    Text(String),
    To(String),
    /// UIDs as written. The session turns them into `Uids` before it asks.
    UidSequence(SequenceSet),
    /// Messages with these UIDs.
    Uids(NumberSet),
}

/// How much of a message a key looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reads {
    Row,
    Header,
    Message,
}

/// What the mailbox knows of a message.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    pub uid: u32,
    pub flags: &'a Flags,
    pub internal_date: Timestamp,
    pub octets: u64,
}

/// A message's octets, read when a key asks for them.
pub trait Octets {
    /// The header, with its empty line; more may follow.
    fn header(&mut self) -> &[u8];
    /// All of it, or the first [`SEARCH_OCTETS_MAX`].
    fn message(&mut self) -> &[u8];
}

impl Key {
    /// The most that this key may look at.
    pub fn reads(&self) -> Reads {
        match self {
            Self::And(keys) => keys.iter().map(Self::reads).max().unwrap_or(Reads::Row),
            Self::Or(a, b) => a.reads().max(b.reads()),
            Self::Not(key) => key.reads(),
            Self::Body(_) | Self::Text(_) => Reads::Message,
            Self::Bcc(_)
            | Self::Cc(_)
            | Self::From(_)
            | Self::Header(..)
            | Self::SentBefore(_)
            | Self::SentOn(_)
            | Self::SentSince(_)
            | Self::Subject(_)
            | Self::To(_) => Reads::Header,
            _ => Reads::Row,
        }
    }

    /// Whether a message meets this key. What costs least is looked at first.
    pub fn is_met(&self, facts: Facts<'_>, octets: &mut dyn Octets) -> bool {
        let received = || date_of(facts.internal_date);
        match self {
            Self::All => true,
            Self::And(keys) => [Reads::Row, Reads::Header, Reads::Message]
                .iter()
                .all(|cost| keys.iter().filter(|k| k.reads() == *cost).all(|k| k.is_met(facts, octets))),
            Self::Or(a, b) => {
                let (first, second) = if a.reads() <= b.reads() { (a, b) } else { (b, a) };
                first.is_met(facts, octets) || second.is_met(facts, octets)
            }
            Self::Not(key) => !key.is_met(facts, octets),
            Self::Flag(flag) => facts.flags.contains(*flag),
            Self::Keyword(keyword) => facts.flags.keywords.iter().any(|k| k.eq_ignore_ascii_case(keyword)),
            Self::Recent(recent) => !recent,
            Self::Larger(size) => facts.octets > u64::from(*size),
            Self::Smaller(size) => facts.octets < u64::from(*size),
            Self::Uids(uids) => uids.contains(facts.uid),
            Self::Before(date) => received() < *date,
            Self::On(date) => received() == *date,
            Self::Since(date) => received() >= *date,
            Self::SentBefore(date) => sent(octets.header()).is_some_and(|sent| sent < *date),
            Self::SentOn(date) => sent(octets.header()).is_some_and(|sent| sent == *date),
            Self::SentSince(date) => sent(octets.header()).is_some_and(|sent| sent >= *date),
            Self::Bcc(text) => field_holds(octets.header(), "Bcc", text),
            Self::Cc(text) => field_holds(octets.header(), "Cc", text),
            Self::From(text) => field_holds(octets.header(), "From", text),
            Self::Subject(text) => field_holds(octets.header(), "Subject", text),
            Self::To(text) => field_holds(octets.header(), "To", text),
            Self::Header(name, text) => field_holds(octets.header(), name, text),
            Self::Body(text) => body_holds(octets.message(), text),
            Self::Text(text) => {
                let wanted = text.to_lowercase();
                let in_header = header::fields(octets.header()).any(|field| text_of(field.whole).contains(&wanted));
                in_header || body_holds(octets.message(), text)
            }
            // The session has put UIDs in their place.
            Self::Sequence(_) | Self::UidSequence(_) => false,
        }
    }
}

fn date_of(moment: Timestamp) -> Date {
    let time = jiff::Timestamp::from_second(moment.seconds()).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    jiff::tz::TimeZone::UTC.to_datetime(time).date()
}

/// The Date field's day, as written (RFC 3501 §6.4.4: disregarding time and time zone).
fn sent(block: &[u8]) -> Option<Date> {
    let mut value = header::value(block, "Date")?;
    value.extend_from_slice(b"\r\n");
    let mut stream = MessageStream::new(&value);
    let parsed = stream.parse_date();
    let written = parsed.as_datetime()?;
    Date::new(written.year.try_into().ok()?, written.month.try_into().ok()?, written.day.try_into().ok()?).ok()
}

fn field_holds(block: &[u8], name: &str, text: &str) -> bool {
    let wanted = text.to_lowercase();
    header::fields(block)
        .filter(|field| field.name.eq_ignore_ascii_case(name.as_bytes()))
        .any(|field| text_of(field.value).contains(&wanted))
}

/// A field's text in lower case: as it stands, and with its encoded words decoded.
fn text_of(raw: &[u8]) -> String {
    let mut value = header::unfold(raw);
    let mut text = String::from_utf8_lossy(&value).to_lowercase();
    if value.windows(2).any(|pair| pair == b"=?") {
        value.extend_from_slice(b"\r\n");
        if let Some(decoded) = MessageStream::new(&value).parse_unstructured().as_text() {
            text.push('\n');
            text.push_str(&decoded.to_lowercase());
        }
    }
    text
}

fn body_holds(octets: &[u8], text: &str) -> bool {
    let wanted = text.to_lowercase();
    match MessageParser::default().parse(octets) {
        Some(message) => parts_hold(&message, &wanted),
        None => String::from_utf8_lossy(octets).to_lowercase().contains(&wanted),
    }
}

/// The texts of all parts, messages inside included.
fn parts_hold(message: &Message<'_>, wanted: &str) -> bool {
    let mut open = vec![message];
    while let Some(message) = open.pop() {
        for part in &message.parts {
            match &part.body {
                PartType::Text(text) | PartType::Html(text) if text.to_lowercase().contains(wanted) => return true,
                PartType::Message(inner) => open.push(inner),
                _ => {}
            }
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Whole<'a>(&'a [u8]);

    impl Octets for Whole<'_> {
        fn header(&mut self) -> &[u8] {
            self.0
        }
        fn message(&mut self) -> &[u8] {
            self.0
        }
    }

    const MESSAGE: &[u8] = b"From: =?utf-8?q?J=C3=BCrgen?= <j@example.org>\r\nSubject: Hello\r\n World\r\n\
        Date: Tue, 1 Feb 1994 23:30:00 -0800\r\nContent-Type: text/plain; charset=utf-8\r\n\
        Content-Transfer-Encoding: base64\r\n\r\nR3LDvMOfZSBhdXMgS8O2bG4=\r\n";

    fn met(key: &Key) -> bool {
        let mut flags = Flags::from(SystemFlag::Seen);
        flags.keywords.insert("$Work".into());
        let internal_date = Timestamp(760_147_200_000);
        let facts = Facts { uid: 7, flags: &flags, internal_date, octets: 200 };
        key.is_met(facts, &mut Whole(MESSAGE))
    }

    #[test]
    fn rfc3501_6_4_4_texts_are_decoded_and_have_no_case() {
        for key in [
            Key::From("JÜRGEN".into()),
            Key::From("j@EXAMPLE".into()),
            Key::Subject("hello world".into()),
            Key::Body("grüße AUS".into()),
            Key::Text("köln".into()),
            Key::Text("subject".into()),
            Key::Header("subject".into(), String::new()),
        ] {
            assert!(met(&key), "{key:?}");
        }
        for key in [Key::To("j@".into()), Key::Body("R3LD".into()), Key::Header("X-None".into(), String::new())] {
            assert!(!met(&key), "{key:?}");
        }
    }

    #[test]
    fn rfc3501_6_4_4_dates_sizes_flags() {
        let day = |d| jiff::civil::date(1994, 2, d);
        for key in [
            Key::SentOn(day(1)),
            Key::SentBefore(day(2)),
            Key::On(day(2)),
            Key::Since(day(2)),
            Key::Before(day(3)),
            Key::Larger(199),
            Key::Smaller(201),
            Key::Keyword("$work".into()),
            Key::Recent(false),
            Key::Uids([7].into_iter().collect()),
            Key::Or(Box::new(Key::Recent(true)), Box::new(Key::Flag(SystemFlag::Seen))),
        ] {
            assert!(met(&key), "{key:?}");
            assert!(!met(&Key::Not(Box::new(key))));
        }
        assert!(!met(&Key::And(vec![Key::All, Key::Flag(SystemFlag::Draft)])));
    }
}
