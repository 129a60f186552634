//! The streaming MIME reader: one pass over a message, line by line, any chunking.

use super::header::{self, Parameterised};
use super::{Kind, Mime, Part};
use crate::ground::limits::{MIME_BOUNDARY_OCTETS_MAX, MIME_DEPTH_MAX, MIME_HEADER_OCTETS_MAX, MIME_PARTS_MAX};

/// Feed it the content in order, then [`Scanner::finish`].
#[derive(Debug)]
pub struct Scanner {
    mime: Mime,
    /// Open parts from the outermost to the innermost.
    open: Vec<Open>,
    /// Octets and lines read so far, up to the current line's begin.
    at: u64,
    lines: u64,
    /// The begin of the current line, as much as a delimiter can be long.
    line: Vec<u8>,
    /// Octets of the current line, and its last one: to tell CRLF from LF.
    line_octets: u64,
    last: u8,
    /// Octets of the line end before the current line; a delimiter owns them (RFC 2046 §5.1.1).
    line_end: u64,
    /// The line before the current one was empty.
    after_empty: bool,
    reading: Reading,
    header_octets: usize,
    /// Stop after the first header.
    header_only: bool,
}

#[derive(Debug, PartialEq, Clone, Copy)]
enum Reading {
    Body,
    /// Of the part that was opened last.
    Header,
    /// Only the header was wanted, and it is there.
    Nothing,
}

#[derive(Debug)]
struct Open {
    part: usize,
    /// Lines read when the body began.
    lines: u64,
    /// Of an open multipart, empty after its close-delimiter.
    boundary: Vec<u8>,
    /// RFC 2046 §5.1.5: parts of multipart/digest are message/rfc822 unless they say otherwise.
    digest: bool,
}

impl Scanner {
    /// For the structure of all parts.
    pub fn structure() -> Self {
        let mut scanner = Self {
            mime: Mime::default(),
            open: Vec::new(),
            at: 0,
            lines: 0,
            line: Vec::new(),
            line_octets: 0,
            last: 0,
            line_end: 0,
            after_empty: false,
            reading: Reading::Header,
            header_octets: 0,
            header_only: false,
        };
        scanner.begin(None);
        scanner
    }

    /// For the message's header alone. The one part's body then reaches to wherever reading stopped.
    pub fn header() -> Self {
        Self { header_only: true, ..Self::structure() }
    }

    /// Whether more octets make no difference.
    pub fn is_done(&self) -> bool {
        self.reading == Reading::Nothing
    }

    pub fn feed(&mut self, mut octets: &[u8]) {
        while !octets.is_empty() && !self.is_done() {
            let end = octets.iter().position(|b| *b == b'\n').map(|end| end + 1);
            let (piece, rest) = octets.split_at(end.unwrap_or(octets.len()));
            octets = rest;
            self.take(piece);
            if end.is_some() {
                self.line_ended();
            }
        }
    }

    /// Keeps what is needed of a piece of the current line.
    fn take(&mut self, piece: &[u8]) {
        if self.reading == Reading::Header && self.header_octets < MIME_HEADER_OCTETS_MAX {
            let kept = piece.len().min(MIME_HEADER_OCTETS_MAX - self.header_octets);
            self.header_octets += kept;
            if let Some(part) = self.mime.parts.last_mut() {
                part.fields.extend_from_slice(&piece[..kept]);
            }
        }
        let room = (MIME_BOUNDARY_OCTETS_MAX + 8).saturating_sub(self.line.len());
        self.line.extend_from_slice(&piece[..piece.len().min(room)]);
        self.line_octets += piece.len() as u64;
        if let [.., before, b'\n'] = piece {
            self.last = *before;
        } else if let [.., last] = piece
            && *last != b'\n'
        {
            self.last = *last;
        }
    }

    fn line_ended(&mut self) {
        let crlf = self.last == b'\r' && self.line_octets >= 2;
        let delimiter = if self.line.starts_with(b"--") { self.delimiter() } else { None };
        let start = self.at;
        let line_end = if crlf { 2 } else { 1 };
        let is_empty = self.line_octets == line_end;
        self.at += self.line_octets;
        self.lines += 1;
        match delimiter {
            Some((depth, closes)) => self.delimited(depth, closes, start),
            None if self.reading == Reading::Header && is_empty => self.header_ended(),
            None => {}
        }
        self.line_end = line_end;
        self.after_empty = is_empty;
        self.line.clear();
        self.line_octets = 0;
        self.last = 0;
    }

    /// The innermost open multipart whose delimiter the current line is, and whether it is the last.
    fn delimiter(&self) -> Option<(usize, bool)> {
        let text = self.line.strip_prefix(b"--")?.trim_ascii_end();
        self.open.iter().enumerate().rev().filter(|(_, open)| !open.boundary.is_empty()).find_map(|(depth, open)| {
            match text.strip_prefix(open.boundary.as_slice())? {
                b"" => Some((depth, false)),
                b"--" => Some((depth, true)),
                _ => None,
            }
        })
    }

    /// A delimiter line that began at `start` ends all parts inside the multipart at `depth`.
    fn delimited(&mut self, depth: usize, closes: bool, start: u64) {
        if !closes && self.mime.parts.len() >= MIME_PARTS_MAX {
            return;
        }
        // The line end before the delimiter is the delimiter's; an empty line before it is no line then.
        let lines = (self.lines - 1).saturating_sub(u64::from(self.after_empty));
        self.close_to(depth + 1, start, self.line_end, lines);
        self.reading = Reading::Body;
        if closes {
            self.open[depth].boundary.clear();
        } else {
            self.begin(Some(self.open[depth].part));
        }
    }

    /// Ends every open part from `depth` inwards at `end`, giving back the line end before it.
    fn close_to(&mut self, depth: usize, end: u64, line_end: u64, lines: u64) {
        for open in self.open.drain(depth.min(self.open.len())..) {
            let part = &mut self.mime.parts[open.part];
            if part.body.start == u64::MAX {
                // The header never ended: it is all there is.
                let stop = end.saturating_sub(line_end).max(part.header.start);
                part.header.end = stop;
                let length = usize::try_from(stop - part.header.start).unwrap_or(usize::MAX);
                part.fields.truncate(length);
                part.body = stop..stop;
                continue;
            }
            let start = part.body.start;
            part.body.end = end.saturating_sub(line_end).max(start);
            part.lines = if part.body.end == start { 0 } else { lines.saturating_sub(open.lines) };
        }
    }

    /// Opens a part whose header starts here.
    fn begin(&mut self, parent: Option<usize>) {
        let index = self.mime.parts.len();
        self.mime.parts.push(Part { header: self.at..self.at, body: u64::MAX..u64::MAX, ..Part::default() });
        match parent.map(|p| &mut self.mime.parts[p].kind) {
            Some(Kind::Multipart(children)) => children.push(index),
            Some(kind) => *kind = Kind::Message(index),
            None => {}
        }
        self.open.push(Open { part: index, lines: self.lines, boundary: Vec::new(), digest: false });
        self.reading = Reading::Header;
    }

    /// The empty line is there: what kind of part is it?
    fn header_ended(&mut self) {
        let (at, lines, depth) = (self.at, self.lines, self.open.len());
        let in_digest = depth >= 2 && self.open[depth - 2].digest;
        let Some(open) = self.open.last_mut() else { return };
        let index = open.part;
        open.lines = lines;
        let part = &mut self.mime.parts[index];
        part.header.end = at;
        part.body = at..at;
        self.reading = if self.header_only { Reading::Nothing } else { Reading::Body };
        if self.header_only || depth >= MIME_DEPTH_MAX {
            return;
        }
        let content_type = header::value(&part.fields, "Content-Type").and_then(|v| Parameterised::parse(&v));
        let boundary = content_type.as_ref().and_then(|c| c.parameter("boundary")).map(<[u8]>::trim_ascii_end);
        match (&content_type, boundary) {
            (Some(c), Some(boundary))
                if c.value.eq_ignore_ascii_case(b"multipart")
                    && (1..=MIME_BOUNDARY_OCTETS_MAX).contains(&boundary.len()) =>
            {
                part.kind = Kind::Multipart(Vec::new());
                open.boundary = boundary.to_vec();
                open.digest = c.subtype.eq_ignore_ascii_case(b"digest");
            }
            (c, _)
                if c.as_ref().map_or(in_digest, |c| c.is("message", "rfc822"))
                    && is_identity(&part.fields)
                    && self.mime.parts.len() < MIME_PARTS_MAX =>
            {
                self.begin(Some(index));
            }
            _ => {}
        }
    }

    /// The end of the message.
    pub fn finish(mut self) -> Mime {
        if self.line_octets > 0
            && self.line.starts_with(b"--")
            && !self.is_done()
            && let Some((depth, closes)) = self.delimiter()
        {
            let start = self.at;
            self.at += self.line_octets;
            self.lines += 1;
            self.delimited(depth, closes, start);
        } else {
            self.at += self.line_octets;
            self.lines += u64::from(self.line_octets > 0);
        }
        self.close_to(0, self.at, 0, self.lines);
        self.mime
    }
}

/// RFC 2046 §5.2.1: a message/rfc822 part has an identity encoding. Another hides what is inside.
fn is_identity(fields: &[u8]) -> bool {
    header::value(fields, "Content-Transfer-Encoding")
        .is_none_or(|v| [&b"7bit"[..], b"8bit", b"binary"].iter().any(|e| v.eq_ignore_ascii_case(e)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scan(message: &str) -> Mime {
        let mut scanner = Scanner::structure();
        scanner.feed(message.as_bytes());
        scanner.finish()
    }

    fn body(message: &str, part: usize) -> String {
        let range = scan(message).parts[part].body.clone();
        message[usize::try_from(range.start).unwrap()..usize::try_from(range.end).unwrap()].to_owned()
    }

    const NESTED: &str = "Subject: outer\r\nContent-Type: multipart/mixed; boundary=\"a\"\r\n\r\npreamble\r\n--a\r\n\r\n\
        one\r\n\r\n--a\r\nContent-Type: message/rfc822\r\n\r\nSubject: inner\r\nContent-Type: multipart/alternative;\r\n \
        boundary=ab\r\n\r\n--ab  \r\nContent-Type: text/plain\r\n\r\nplain\r\n--ab\r\nContent-Type: text/html\r\n\r\n\
        <p>\r\n</p>\r\n--ab--\r\n--a\r\nX: no body\r\n--a--\r\nepilogue\r\n";

    #[test]
    fn rfc2046_5_1_1_delimiters_own_the_line_end_before_them() {
        let mime = scan(NESTED);
        assert_eq!(mime.parts[0].kind, Kind::Multipart(vec![1, 2, 6]));
        assert_eq!(mime.parts[2].kind, Kind::Message(3));
        assert_eq!(mime.parts[3].kind, Kind::Multipart(vec![4, 5]));
        assert_eq!(body(NESTED, 1), "one\r\n");
        assert_eq!(body(NESTED, 4), "plain");
        assert_eq!(body(NESTED, 5), "<p>\r\n</p>");
        assert_eq!(body(NESTED, 6), "");
        assert!(body(NESTED, 2).starts_with("Subject: inner") && body(NESTED, 2).ends_with("--ab--"));
        assert_eq!(mime.parts.iter().map(|p| p.lines).collect::<Vec<_>>(), [26, 1, 14, 10, 1, 2, 0]);
        assert_eq!(mime.parts[6].fields, b"X: no body");
    }

    #[test]
    fn any_chunking_gives_the_same_parts() {
        let whole = scan(NESTED);
        for size in [1, 2, 3, 7, 64] {
            let mut scanner = Scanner::structure();
            NESTED.as_bytes().chunks(size).for_each(|chunk| scanner.feed(chunk));
            assert_eq!(scanner.finish(), whole, "{size}");
        }
    }

    #[test]
    fn messages_without_a_body_or_with_bare_line_feeds_are_read() {
        let mime = scan("Subject: x");
        assert_eq!((mime.parts[0].header.clone(), mime.parts[0].body.clone()), (0..10, 10..10));
        assert_eq!(scan("").parts.len(), 1);
        let unix = "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nx\n--b--";
        assert_eq!(body(unix, 1), "x");
        assert_eq!(scan("\r\nbody\r\nmore").parts[0].lines, 2);
    }

    #[test]
    fn depth_and_number_of_parts_are_bounded() {
        let deep: String =
            (0..200).map(|i| format!("Content-Type: multipart/mixed; boundary=b{i}\r\n\r\n--b{i}\r\n")).collect();
        assert!(scan(&deep).parts.len() <= MIME_DEPTH_MAX + 1);
        let rfc822: String = "Content-Type: message/rfc822\r\n\r\n".repeat(300);
        assert!(scan(&rfc822).parts.len() <= MIME_DEPTH_MAX + 1);
        let wide =
            format!("Content-Type: multipart/mixed; boundary=b\r\n\r\n{}", "--b\r\n\r\n".repeat(MIME_PARTS_MAX * 2));
        assert_eq!(scan(&wide).parts.len(), MIME_PARTS_MAX);
    }

    #[test]
    fn the_header_alone_stops_at_its_end() {
        let mut scanner = Scanner::header();
        scanner.feed(b"A: 1\r\nB: 2\r\n\r\nbody");
        assert!(scanner.is_done());
        let mime = scanner.finish();
        assert_eq!(
            (mime.parts[0].header.clone(), mime.parts[0].fields.as_slice()),
            (0..14, b"A: 1\r\nB: 2\r\n\r\n".as_slice())
        );
    }
}
