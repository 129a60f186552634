//! Framing: where lines and literals end (RFC 3501 §2.2, §4.3), before anybody knows what they mean.

use crate::ground::limits::{IMAP_LINE_OCTETS_MAX, IMAP_LITERALS_OCTETS_MAX};
use crate::protocol::imap::ext::literal_plus::{Announced, announced};

/// What the octets fed so far have come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// A command, or a line, is whole: [`Frame::take`] it.
    Command,
    /// The line so far ends with this announcement. Say what to do: [`Frame::collect`] it, or treat it apart.
    Literal(Announced),
    /// More octets are needed.
    More,
    /// The line is too long, or ends with a bare LF; all of it was thrown away. The begin of it is in
    /// [`Frame::take`], for its tag.
    Refused(&'static str),
}

/// Collects one command. Holds at most a line and its short literals.
#[derive(Default)]
pub struct Frame {
    command: Vec<u8>,
    /// Where the current line begins in `command`.
    line: usize,
    /// Octets of lines and of literals in `command`.
    line_octets: usize,
    literal_octets: usize,
    /// Octets of the current literal still to come.
    awaited: usize,
    overlong: bool,
}

/// Without the octets, which may be a password.
impl std::fmt::Debug for Frame {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Frame").field("octets", &self.command.len()).finish_non_exhaustive()
    }
}

impl Frame {
    /// Takes a prefix of `input`, and says how long it was and what it came to.
    pub fn feed(&mut self, input: &[u8]) -> (usize, Event) {
        let mut consumed = 0;
        if self.awaited > 0 {
            consumed = self.awaited.min(input.len());
            self.command.extend_from_slice(&input[..consumed]);
            self.awaited -= consumed;
            self.line = self.command.len();
        }
        let rest = &input[consumed..];
        if self.awaited > 0 || rest.is_empty() {
            return (consumed, Event::More);
        }
        let end = rest.iter().position(|b| *b == b'\n').map(|at| at + 1);
        let piece = &rest[..end.unwrap_or(rest.len())];
        consumed += piece.len();
        // Of an overlong line the begin is kept, for its tag.
        let kept = piece.len().min(IMAP_LINE_OCTETS_MAX - self.line_octets);
        self.command.extend_from_slice(&piece[..kept]);
        self.line_octets += kept;
        self.overlong |= kept < piece.len();
        if end.is_none() {
            return (consumed, Event::More);
        }
        (consumed, self.line_ended())
    }

    fn line_ended(&mut self) -> Event {
        if self.overlong {
            return Event::Refused("the line is too long");
        }
        let Some(line) = self.command.get(self.line..).and_then(|line| line.strip_suffix(b"\r\n")) else {
            return Event::Refused("a line ends with CR LF");
        };
        match announced(line) {
            Some(literal) => Event::Literal(literal),
            None => {
                self.command.truncate(self.line + line.len());
                Event::Command
            }
        }
    }

    /// Makes the announced literal part of the command. False if that would be too much.
    pub fn collect(&mut self, literal: Announced) -> bool {
        match usize::try_from(literal.octets) {
            Ok(octets) if octets <= IMAP_LITERALS_OCTETS_MAX - self.literal_octets => {
                self.literal_octets += octets;
                self.awaited = octets;
                self.line = self.command.len();
                true
            }
            _ => false,
        }
    }

    /// The command without the announcement that ends it; the frame keeps it.
    pub fn prefix(&self, literal: Announced) -> &[u8] {
        let length = self.command.len().saturating_sub(literal.length + 2);
        self.command.get(..length).unwrap_or_default()
    }

    /// The whole command, literals in place, no final line end. The frame is empty afterwards.
    pub fn take(&mut self) -> Vec<u8> {
        std::mem::take(self).command
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_literals_stay_in_place() {
        let input = b"a LOGIN {2}\r\nme {3+}\r\nyou\r\nnext";
        let mut frame = Frame::default();
        let mut at = 0;
        let mut events = Vec::new();
        loop {
            let (consumed, event) = frame.feed(&input[at..]);
            at += consumed;
            match event {
                Event::Literal(literal) => assert!(frame.collect(literal)),
                Event::Command => break events.push(frame.take()),
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(events, [b"a LOGIN {2}\r\nme {3+}\r\nyou".to_vec()]);
        assert_eq!(&input[at..], b"next");
    }

    #[test]
    fn lines_and_literals_are_bounded() {
        let mut frame = Frame::default();
        let long = vec![b'x'; IMAP_LINE_OCTETS_MAX + 1];
        assert_eq!(frame.feed(&long), (long.len(), Event::More));
        assert_eq!(frame.feed(b"y\r\nz"), (3, Event::Refused("the line is too long")));
        assert!(frame.take().len() <= IMAP_LINE_OCTETS_MAX);
        let literal = |octets| Announced { octets, synchronising: true, length: 0 };
        assert!(frame.collect(literal(IMAP_LITERALS_OCTETS_MAX as u64)));
        assert!(!frame.collect(literal(1)));
        assert!(!Frame::default().collect(literal(u64::MAX)));
        assert_eq!(Frame::default().feed(b"a NOOP\n"), (7, Event::Refused("a line ends with CR LF")));
    }
}
