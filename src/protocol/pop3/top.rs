//! How far TOP reads (RFC 1939 §7): the header, the blank line, and so many lines of the body.

/// Counts octets of a message that is handed in piece by piece.
#[derive(Debug)]
pub struct Top {
    octets: u64,
    /// Lines of the body still to come; `None` while the header goes on.
    lines: Option<u64>,
    wanted: u64,
    line_is_blank: bool,
}

impl Top {
    pub fn new(lines: u64) -> Self {
        Self { octets: 0, lines: None, wanted: lines, line_is_blank: true }
    }

    /// Looks at the next octets; true when the end has been found and no more are needed.
    pub fn take(&mut self, piece: &[u8]) -> bool {
        for octet in piece {
            if self.lines == Some(0) {
                return true;
            }
            self.octets += 1;
            match octet {
                b'\n' => {
                    self.lines = match self.lines {
                        Some(lines) => Some(lines - 1),
                        None if self.line_is_blank => Some(self.wanted),
                        None => None,
                    };
                    self.line_is_blank = true;
                }
                b'\r' => {}
                _ => self.line_is_blank = false,
            }
        }
        self.lines == Some(0)
    }

    /// How many octets are to be sent.
    pub fn octets(&self) -> u64 {
        self.octets
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc1939_7_header_blank_line_and_n_lines() {
        let message = b"A: 1\r\nB: 2\r\n\r\none\r\n\r\nthree\r\nfour";
        for (lines, expected) in [(0, 14), (1, 19), (2, 21), (3, 28), (4, 32), (u64::MAX, 32)] {
            for cut in 0..message.len() {
                let mut top = Top::new(lines);
                if !top.take(&message[..cut]) {
                    top.take(&message[cut..]);
                }
                assert_eq!(top.octets(), expected, "{lines} lines, cut at {cut}");
            }
        }
    }

    #[test]
    fn a_message_without_body_is_all_header() {
        let mut top = Top::new(3);
        assert!(!top.take(b"A: 1\r\n"));
        assert_eq!(top.octets(), 6);
    }
}
