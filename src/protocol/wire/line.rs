//! Cuts input into lines, strictly.

/// What stands at the begin of the input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Split<'a> {
    /// A line without its end, and how many octets of input it took. `strict` says that it ended with
    /// CRLF and holds no other CR; a line that ended with a bare LF, or holds a bare CR, is not strict.
    Line { text: &'a [u8], strict: bool, consumed: usize },
    /// No end of line yet. `consumed` is 0 unless an overlong line is being skipped.
    Incomplete { consumed: usize },
    /// A line longer than the limit ended; all of it was thrown away.
    TooLong { consumed: usize },
}

/// Remembers only whether an overlong line is being skipped; the input stays the caller's.
#[derive(Debug, Clone, Default)]
pub struct LineSplitter {
    skipping: bool,
}

impl LineSplitter {
    /// Looks for the first line of `input`; `max` counts octets, the line's end included.
    pub fn split<'a>(&mut self, input: &'a [u8], max: usize) -> Split<'a> {
        let Some(lf) = input.iter().position(|&b| b == b'\n') else {
            // Even if the very next octet ended the line, it would be longer than `max`.
            if self.skipping || input.len() >= max {
                self.skipping = true;
                return Split::Incomplete { consumed: input.len() };
            }
            return Split::Incomplete { consumed: 0 };
        };
        let consumed = lf + 1;
        if std::mem::take(&mut self.skipping) || consumed > max {
            return Split::TooLong { consumed };
        }
        let line = &input[..lf];
        match line.strip_suffix(b"\r") {
            Some(text) => Split::Line { text, strict: !text.contains(&b'\r'), consumed },
            None => Split::Line { text: line, strict: false, consumed },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_with_crlf_and_say_when_they_do_not() {
        let mut s = LineSplitter::default();
        assert_eq!(s.split(b"NOOP\r\nQ", 10), Split::Line { text: b"NOOP", strict: true, consumed: 6 });
        assert_eq!(s.split(b"NOOP\nQ", 10), Split::Line { text: b"NOOP", strict: false, consumed: 5 });
        assert_eq!(s.split(b"NO\rOP\r\n", 10), Split::Line { text: b"NO\rOP", strict: false, consumed: 7 });
        assert_eq!(s.split(b"NOOP\r", 10), Split::Incomplete { consumed: 0 });
    }

    #[test]
    fn an_overlong_line_is_skipped_wherever_the_network_cut_it() {
        let line = b"0123456789\r\nNOOP\r\n";
        for max in 5..14 {
            for cut in 0..line.len() {
                let mut s = LineSplitter::default();
                let mut rest: Vec<u8> = Vec::new();
                let mut seen = Vec::new();
                for part in [&line[..cut], &line[cut..]] {
                    rest.extend_from_slice(part);
                    loop {
                        let consumed = match s.split(&rest, max) {
                            Split::Line { text, consumed, .. } => {
                                seen.push(String::from_utf8(text.to_vec()).unwrap());
                                consumed
                            }
                            Split::TooLong { consumed } => {
                                seen.push("too long".to_owned());
                                consumed
                            }
                            Split::Incomplete { consumed } => consumed,
                        };
                        rest.drain(..consumed);
                        if consumed == 0 || rest.is_empty() {
                            break;
                        }
                    }
                }
                let first = if max < 12 { "too long" } else { "0123456789" };
                let second = if max < 6 { "too long" } else { "NOOP" };
                assert_eq!(seen, [first, second], "max {max} cut {cut}");
            }
        }
    }
}
