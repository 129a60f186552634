//! Reads replies: RFC 5321 §4.2, with the enhanced codes of RFC 2034.

use crate::ground::limits;
use crate::protocol::wire::{LineSplitter, Split};
use crate::vocabulary::mail::{Enhanced, Reply};

/// Collects the lines of one reply.
#[derive(Debug, Default)]
pub(super) struct ReplyReader {
    splitter: LineSplitter,
    code: Option<u16>,
    text: String,
    octets: usize,
}

impl ReplyReader {
    /// Takes one line of `input`: how many octets, and the reply if that was its last line.
    ///
    /// # Errors
    /// If the input is no reply, or longer than anybody's reply.
    pub fn read(&mut self, input: &[u8]) -> Result<(usize, Option<Reply>), &'static str> {
        let (text, consumed) = match self.splitter.split(input, limits::SMTP_REPLY_OCTETS_MAX) {
            Split::Line { text, strict: true, consumed } => (text, consumed),
            Split::Line { .. } => return Err("a bare CR or LF"),
            Split::Incomplete { consumed: 0 } => return Ok((0, None)),
            Split::Incomplete { .. } | Split::TooLong { .. } => return Err("an endless reply"),
        };
        self.octets += consumed;
        if self.octets > limits::SMTP_REPLY_OCTETS_MAX {
            return Err("an endless reply");
        }
        let (code, last, text) = split_line(text).ok_or("no reply code")?;
        if *self.code.get_or_insert(code) != code {
            return Err("different codes in one reply");
        }
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        self.text.push_str(&text);
        if !last {
            return Ok((consumed, None));
        }
        let text = std::mem::take(&mut self.text);
        self.code = None;
        self.octets = 0;
        Ok((consumed, Some(with_enhanced(code, &text))))
    }
}

/// Code, whether it is the last line, and the text, in which nothing can hurt a log.
fn split_line(line: &[u8]) -> Option<(u16, bool, String)> {
    let (digits, rest) = line.split_at_checked(3)?;
    let code: u16 = std::str::from_utf8(digits).ok()?.parse().ok()?;
    if !(200..600).contains(&code) || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let (last, text) = match rest.split_first() {
        None => (true, rest),
        Some((b' ', text)) => (true, text),
        Some((b'-', text)) => (false, text),
        Some(_) => return None,
    };
    let text = String::from_utf8_lossy(text).chars().map(|c| if c.is_control() { '?' } else { c }).collect();
    Some((code, last, text))
}

/// RFC 2034 §4: the enhanced code stands in front of each line's text.
fn with_enhanced(code: u16, text: &str) -> Reply {
    let enhanced =
        enhanced(text.split([' ', '\n']).next().unwrap_or_default()).filter(|e| u16::from(e.0) == code / 100);
    let Some(enhanced) = enhanced else {
        return Reply { code, enhanced: None, text: text.to_owned() };
    };
    let prefix = enhanced.to_string();
    let bare =
        |line: &str| line.strip_prefix(prefix.as_str()).map_or(line.to_owned(), |text| text.trim_start().to_owned());
    let text = text.split('\n').map(bare).collect::<Vec<_>>().join("\n");
    Reply { code, enhanced: Some(enhanced), text }
}

fn enhanced(word: &str) -> Option<Enhanced> {
    let mut numbers = word.split('.');
    let class = numbers.next()?.parse().ok().filter(|class| [2, 4, 5].contains(class))?;
    let (subject, detail) = (numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?);
    numbers.next().is_none().then_some(Enhanced(class, subject, detail))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(input: &[u8]) -> Result<Vec<Reply>, &'static str> {
        let mut reader = ReplyReader::default();
        let (mut replies, mut offset) = (Vec::new(), 0);
        loop {
            let (consumed, reply) = reader.read(&input[offset..])?;
            replies.extend(reply);
            offset += consumed;
            if consumed == 0 {
                return Ok(replies);
            }
        }
    }

    #[test]
    fn replies_of_rfc5321_4_2_and_rfc2034_4() {
        let plain = Reply { code: 250, enhanced: None, text: "mx\nSIZE 10".to_owned() };
        assert_eq!(read(b"250-mx\r\n250 SIZE 10\r\n").unwrap(), [plain]);
        let enhanced = Reply::new(550, Enhanced(5, 1, 1), "no\nsuch user");
        assert_eq!(read(b"550-5.1.1 no\r\n550 5.1.1 such user\r\n").unwrap(), [enhanced]);
        assert_eq!(read(b"354\r\n").unwrap()[0].code, 354);
        // The classes must agree; an address is no code.
        assert_eq!(read(b"550 2.1.1 x\r\n").unwrap()[0].enhanced, None);
        assert_eq!(read(b"550 5.1.1.1 x\r\n").unwrap()[0].enhanced, None);
        assert_eq!(read(b"550 a\x1bb\r\n").unwrap()[0].text, "a?b");
    }

    #[test]
    fn hostile_replies_are_errors() {
        for bad in
            [&b"hello\r\n"[..], b"250\n", b"250 a\rb\r\n", b"+50 x\r\n", b"150 x\r\n", b"250-a\r\n550 b\r\n", b"25\r\n"]
        {
            assert!(read(bad).is_err(), "{:?}", bad.escape_ascii().to_string());
        }
        assert!(read(&b"250-x\r\n".repeat(20_000)).is_err());
        assert!(read(&vec![b'2'; 100_000]).is_err());
    }
}
