//! A message as IMAP sees it (RFC 3501 §2.3, §7.4.2; MIME: RFC 2045, RFC 2046).
//!
//! [`Scanner`] reads a message's octets once, in pieces of any size, and leaves a [`Mime`]: where each part's header
//! and body stand, how many lines they have, and the header bytes themselves. From it alone follow ENVELOPE
//! ([`envelope`]), BODY and BODYSTRUCTURE ([`structure`]) and every `BODY[section]` ([`section`]); the content is
//! not read again, sections are ranges of it.
//!
//! Invariants: memory is bounded by `MIME_PARTS_MAX`, `MIME_DEPTH_MAX` and `MIME_HEADER_OCTETS_MAX` whatever the
//! message; no input panics; ranges lie within the message and a part's within its parent's.
//!
//! It deliberately decodes nothing: IMAP shows transfer encodings and encoded words as they are.

pub mod address;
pub mod envelope;
pub mod header;
pub mod scan;
pub mod section;
pub mod structure;

use std::ops::Range;

pub use scan::Scanner;

/// The parts of one message. `parts[0]` is the message itself; children come after their parents.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Mime {
    pub parts: Vec<Part>,
}

/// One part: a header, a body. Offsets are octets from the message's begin.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Part {
    /// The header with its empty line, if there is one.
    pub header: Range<u64>,
    pub body: Range<u64>,
    /// Lines of the body; an unfinished last one counts.
    pub lines: u64,
    /// The bytes of `header`, or a prefix of them in a message whose headers exceed the bound.
    pub fields: Vec<u8>,
    pub kind: Kind,
}

/// What is in a part, by indices into [`Mime::parts`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Kind {
    #[default]
    Leaf,
    /// `message/rfc822`: the root of the message inside.
    Message(usize),
    Multipart(Vec<usize>),
}
