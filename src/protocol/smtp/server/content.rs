//! Message content on its way in: where it ends, whether its lines are sound, how long it is.

use std::sync::Arc;

use super::Transaction;

/// Why a message will not be accepted, whatever follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// RFC 5321 §2.3.8: CR and LF occur only together. Tolerating it is SMTP smuggling's open door.
    BareLineEnd,
    TooLarge,
}

/// Why [`Content::feed`] stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    /// CRLF `.` CRLF.
    End,
    /// The message has just become unacceptable. Whatever follows is consumed and not kept.
    Faulty,
    /// All input is consumed.
    Input,
}

/// Where in a line the next octet stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    /// After CR within a line; the CR is already kept.
    Cr,
    /// After a dot that began a line; not kept yet, never will be (RFC 5321 §4.5.2).
    Dot,
    /// After a dot that began a line, and CR.
    DotCr,
    LineBegin,
    Middle,
}

/// One message being received.
#[derive(Debug)]
pub(super) struct Content {
    pub transaction: Arc<Transaction>,
    at: At,
    /// DATA has dots to remove and an end to find; BDAT has neither.
    dots: bool,
    fault: Option<Fault>,
    octets: u64,
    octets_max: u64,
    /// Octets consumed since the fault.
    wasted: u64,
    header: Header,
}

impl Content {
    /// Content of DATA.
    pub fn dotted(transaction: Arc<Transaction>, octets_max: u64) -> Self {
        // The CRLF of the DATA command is the first half of CRLF `.` CRLF: a message may be empty.
        let (at, header) = (At::LineBegin, Header::default());
        Self { transaction, at, dots: true, fault: None, octets: 0, octets_max, wasted: 0, header }
    }

    /// Content of BDAT.
    pub fn chunked(transaction: Arc<Transaction>, octets_max: u64) -> Self {
        Self { dots: false, ..Self::dotted(transaction, octets_max) }
    }

    pub fn octets(&self) -> u64 {
        self.octets
    }

    pub fn received_fields(&self) -> usize {
        self.header.received_fields
    }

    /// The fault, if one has been seen. Once [`Stop::Faulty`] or this says so, the message is lost.
    pub fn fault(&self) -> Option<Fault> {
        self.fault
    }

    /// The last chunk is in.
    pub fn end_of_chunks(&mut self) -> Option<Fault> {
        if self.at == At::Cr && self.fault.is_none() {
            self.fault = Some(Fault::BareLineEnd);
        }
        self.fault
    }

    /// Whether the peer goes on and on after the message was lost: as much again as a message may have.
    pub fn overruns(&self) -> bool {
        self.wasted > self.octets_max
    }

    /// Consumes a prefix of `input`, appends to `body` what of it belongs to the message, and says how
    /// long the prefix was.
    pub fn feed(&mut self, input: &[u8], body: &mut Vec<u8>) -> (usize, Stop) {
        let faulty = self.fault.is_some();
        let begin = body.len();
        let (consumed, ended) = self.scan(input, body);
        if faulty {
            // Octets of the message as above, not of the line: else the sum would depend on where it is cut.
            self.wasted = self.wasted.saturating_add(body.len().saturating_sub(begin) as u64);
            body.truncate(begin);
        } else {
            let added = body.get(begin..).unwrap_or_default();
            self.octets = self.octets.saturating_add(added.len() as u64);
            self.header.feed(added);
            // Size counts first, so that the verdict does not depend on how the network cut the message.
            if let Some(excess) = self.octets.checked_sub(self.octets_max).filter(|&excess| excess > 0) {
                self.fault = Some(Fault::TooLarge);
                self.wasted = excess;
            }
        }
        let stop = match (ended, self.fault.is_some() && !faulty) {
            (true, _) => Stop::End,
            (false, true) => Stop::Faulty,
            (false, false) => Stop::Input,
        };
        (consumed, stop)
    }

    /// The automaton. Octets are kept in runs as long as possible: a run is broken only by a dot that
    /// is removed. Stops at the end, or right where a fault appears.
    fn scan(&mut self, input: &[u8], body: &mut Vec<u8>) -> (usize, bool) {
        let known_faulty = self.fault.is_some();
        let mut run = 0;
        let mut i = 0;
        while let Some(&octet) = input.get(i) {
            match (self.at, octet) {
                (At::LineBegin, b'.') if self.dots => {
                    body.extend_from_slice(&input[run..i]);
                    i += 1;
                    run = i;
                    self.at = At::Dot;
                }
                (At::LineBegin, _) => self.at = At::Middle,
                (At::Dot, b'\r') => {
                    i += 1;
                    run = i;
                    self.at = At::DotCr;
                }
                (At::Dot, _) => self.at = At::Middle,
                (At::DotCr, b'\n') => return (i + 1, true),
                (At::Cr, b'\n') => {
                    i += 1;
                    self.at = At::LineBegin;
                }
                (At::DotCr | At::Cr, _) => {
                    self.at = At::Middle;
                    self.fault.get_or_insert(Fault::BareLineEnd);
                }
                (At::Middle, b'\r') => {
                    i += 1;
                    self.at = At::Cr;
                }
                (At::Middle, b'\n') => {
                    i += 1;
                    self.fault.get_or_insert(Fault::BareLineEnd);
                }
                (At::Middle, _) => i += find_line_end(&input[i..]),
            }
            if self.fault.is_some() && !known_faulty {
                break;
            }
        }
        body.extend_from_slice(&input[run..i]);
        (i, false)
    }
}

/// Offset of the first CR or LF, or the length. In blocks, because the compiler turns a block's
/// comparison into vector instructions.
fn find_line_end(octets: &[u8]) -> usize {
    const BLOCK: usize = 32;
    let is_end = |b: u8| b == b'\r' || b == b'\n';
    let mut offset = 0;
    for block in octets.chunks_exact(BLOCK) {
        if block.iter().fold(false, |found, &b| found | is_end(b)) {
            break;
        }
        offset += BLOCK;
    }
    let rest = octets.get(offset..).unwrap_or_default();
    offset + rest.iter().position(|&b| is_end(b)).unwrap_or(rest.len())
}

/// Counts Received fields (RFC 5321 §6.3) while the header passes by.
#[derive(Debug, Default)]
struct Header {
    received_fields: usize,
    at: HeaderAt,
}

#[derive(Debug, Default, Clone, Copy)]
enum HeaderAt {
    #[default]
    LineBegin,
    /// So many octets of the line equal those of the name.
    Name(usize),
    OtherLine,
    Over,
}

impl Header {
    fn feed(&mut self, mut octets: &[u8]) {
        const NAME: &[u8] = b"received:";
        while let Some((&octet, rest)) = octets.split_first() {
            let matched = match self.at {
                HeaderAt::Over => return,
                HeaderAt::OtherLine => {
                    // Every LF that is kept ends a CRLF, or the message is lost anyway.
                    let end = octets.iter().position(|&b| b == b'\n');
                    let Some(tail) = end.and_then(|lf| octets.get(lf + 1..)) else { return };
                    self.at = HeaderAt::LineBegin;
                    octets = tail;
                    continue;
                }
                HeaderAt::LineBegin if octet == b'\r' => {
                    self.at = HeaderAt::Over;
                    return;
                }
                HeaderAt::LineBegin => 0,
                HeaderAt::Name(matched) => matched,
            };
            octets = rest;
            self.at = match octet {
                b'\n' => HeaderAt::LineBegin,
                _ if NAME.get(matched) != Some(&octet.to_ascii_lowercase()) => HeaderAt::OtherLine,
                _ if matched + 1 == NAME.len() => {
                    self.received_fields += 1;
                    HeaderAt::OtherLine
                }
                _ => HeaderAt::Name(matched + 1),
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vocabulary::mail::{BodyType, Envelope, ReversePath};

    fn content(dotted: bool, octets_max: u64) -> Content {
        let envelope = Envelope {
            reverse_path: ReversePath::Null,
            recipients: Vec::new(),
            body: BodyType::SevenBit,
            smtputf8: false,
        };
        let transaction = Transaction { envelope, account: None, helo: String::new(), tls: None, with: "SMTP" };
        let make = if dotted { Content::dotted } else { Content::chunked };
        make(Arc::new(transaction), octets_max)
    }

    /// Feeds `input` in pieces of `size`; what was kept, the fault, what was left behind the end.
    fn receive(input: &[u8], size: usize) -> (Option<Vec<u8>>, Option<Fault>, usize) {
        let mut content = content(true, 1000);
        let (mut body, mut offset) = (Vec::new(), 0);
        while offset < input.len() {
            let end = input.len().min(offset + size);
            let (consumed, stop) = content.feed(&input[offset..end], &mut body);
            offset += consumed;
            if stop == Stop::End {
                let kept = content.fault.is_none().then_some(body);
                return (kept, content.fault, input.len() - offset);
            }
        }
        (None, content.fault, usize::MAX)
    }

    #[test]
    fn only_crlf_dot_crlf_ends_data_and_dots_are_removed() {
        /// What is sent, what is kept of it, and what is wrong with it.
        type Case = (&'static [u8], Option<&'static [u8]>, Option<Fault>);
        let cases: [Case; 17] = [
            (b".\r\n", Some(b""), None),
            (b"a\r\n.\r\n", Some(b"a\r\n"), None),
            (b"..a\r\n..\r\n.\r\n", Some(b".a\r\n.\r\n"), None),
            (b".a\r\n.\r\n", Some(b"a\r\n"), None),
            (b"a.\r\n.\r\n", Some(b"a.\r\n"), None),
            (b"\r\n\r\n.\r\n", Some(b"\r\n\r\n"), None),
            (b"a\n.\r\nb\r\n.\r\n", None, Some(Fault::BareLineEnd)),
            (b"a\r\n.\nb\r\n.\r\n", None, Some(Fault::BareLineEnd)),
            (b"a\n.\nb\r\n.\r\n", None, Some(Fault::BareLineEnd)),
            (b"a\r.\r\nb\r\n.\r\n", None, Some(Fault::BareLineEnd)),
            (b"a\r\n.\rb\r\n.\r\n", None, Some(Fault::BareLineEnd)),
            (b"a\r\r\n.\r\n", None, Some(Fault::BareLineEnd)),
            (b"a\r\n.\r\r\n.\r\n", None, Some(Fault::BareLineEnd)),
            (b"a\r\n\n.\r\n.\r\n", None, Some(Fault::BareLineEnd)),
            (b".\rx\r\n.\r\n", None, Some(Fault::BareLineEnd)),
            (b".\nx\r\n.\r\n", None, Some(Fault::BareLineEnd)),
            (b"\n.\r\n\r\n.\r\n", None, Some(Fault::BareLineEnd)),
        ];
        for (input, kept, fault) in cases {
            for size in 1..=input.len() {
                let expected = (kept.map(<[u8]>::to_vec), fault, 0);
                assert_eq!(receive(input, size), expected, "{:?} in {size}", input.escape_ascii().to_string());
            }
        }
    }

    #[test]
    fn size_is_enforced_while_streaming() {
        let input = [vec![b'a'; 1000], b"\r\n.\r\n".to_vec()].concat();
        assert_eq!(receive(&input, 64), (None, Some(Fault::TooLarge), 0));
        assert_eq!(receive(&[&input[2..998], &input[1000..]].concat(), 7).1, None);
    }

    #[test]
    fn chunks_keep_their_dots_and_their_lines() {
        let mut c = content(false, 100);
        let mut body = Vec::new();
        assert_eq!(c.feed(b".\r\n..\r", &mut body), (6, Stop::Input));
        assert_eq!(c.feed(b"\nend\r", &mut body), (5, Stop::Input));
        assert_eq!(c.end_of_chunks(), Some(Fault::BareLineEnd));
        assert_eq!(body, b".\r\n..\r\nend\r");
    }

    #[test]
    fn received_fields_are_counted_in_the_header_only() {
        let text = b"Received: a\r\n\tReceived: folded\r\nreceived:b\r\nReceivedX: c\r\n\r\nReceived: body\r\n";
        for size in 1..=text.len() {
            let mut header = Header::default();
            text.chunks(size).for_each(|piece| header.feed(piece));
            assert_eq!(header.received_fields, 2, "in {size}");
        }
    }

    #[test]
    fn line_ends_are_found_at_every_offset() {
        for length in 0..100 {
            assert_eq!(find_line_end(&vec![b'x'; length]), length);
            for at in 0..length {
                let mut octets = vec![b'x'; length];
                octets[at] = if at % 2 == 0 { b'\r' } else { b'\n' };
                assert_eq!(find_line_end(&octets), at);
            }
        }
    }
}
