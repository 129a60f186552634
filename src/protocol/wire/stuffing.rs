//! Dot stuffing: RFC 5321 §4.5.2 for SMTP, RFC 1939 §3 for POP3.

/// Doubles the dots that begin a line, over content that comes in pieces.
#[derive(Debug)]
pub struct DotStuffing {
    /// The last two octets seen. Content starts at the begin of a line.
    previous: [u8; 2],
}

impl Default for DotStuffing {
    fn default() -> Self {
        Self { previous: *b"\r\n" }
    }
}

impl DotStuffing {
    /// Appends the next piece of content to `into`, stuffed.
    pub fn stuff(&mut self, piece: &[u8], into: &mut Vec<u8>) {
        let mut rest = piece;
        if self.previous == *b"\r\n" && rest.first() == Some(&b'.') {
            into.push(b'.');
        }
        // A dot right after the line end that the last piece broke off in.
        if self.previous[1] == b'\r' && rest.starts_with(b"\n.") {
            into.extend_from_slice(b"\n.");
            rest = rest.get(1..).unwrap_or_default();
        }
        while let Some(at) = rest.windows(3).position(|window| window == b"\r\n.") {
            let (line, next) = rest.split_at(at + 2);
            into.extend_from_slice(line);
            into.push(b'.');
            rest = next;
        }
        into.extend_from_slice(rest);
        match piece {
            [] => {}
            [only] => self.previous = [self.previous[1], *only],
            [.., a, b] => self.previous = [*a, *b],
        }
    }

    /// What must still be sent so that the content ends with a line end.
    pub fn ending(&self) -> &'static [u8] {
        match self.previous {
            [b'\r', b'\n'] => b"",
            [_, b'\r'] => b"\n",
            _ => b"\r\n",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc5321_4_5_2_dots_are_doubled_wherever_the_pieces_break() {
        let text = b".a\r\n..\r\nb.c\r\r\n.\r\n\r\n.";
        for first in 0..=text.len() {
            for second in first..=text.len() {
                let mut stuffing = DotStuffing::default();
                let mut all = Vec::new();
                for piece in [&text[..first], &text[first..second], &text[second..]] {
                    stuffing.stuff(piece, &mut all);
                }
                all.extend(stuffing.ending());
                assert_eq!(all, b"..a\r\n...\r\nb.c\r\r\n..\r\n\r\n..\r\n", "cut at {first} and {second}");
            }
        }
    }

    #[test]
    fn an_unfinished_last_line_is_finished() {
        for (content, ending) in [(&b"a\r\n"[..], &b""[..]), (b"a\r", b"\n"), (b"a", b"\r\n"), (b"", b"")] {
            let mut stuffing = DotStuffing::default();
            stuffing.stuff(content, &mut Vec::new());
            assert_eq!(stuffing.ending(), ending);
        }
    }
}
