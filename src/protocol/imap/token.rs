//! The lexer: RFC 3501 §9's terminals, read from one whole command with its literals in place.

use crate::ground::clock::Timestamp;
use crate::ground::limits::KEYWORDS_MAX;
use crate::protocol::imap::command::{MailboxName, canonical_inbox};
use crate::protocol::imap::encode::{is_astring_char, is_atom_char};
use crate::protocol::imap::sequence::{Bound, SequenceSet};
use crate::protocol::imap::utf7;
use crate::vocabulary::mail::{Flags, SystemFlag};

/// The command does not follow the grammar. The text says what was expected; it goes into the BAD response.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Malformed(pub &'static str);

pub type Parsed<T> = Result<T, Malformed>;

/// A place in a command. Every method consumes what it returns, and nothing usable is left after an error.
#[derive(Debug, Clone, Copy)]
pub struct Cursor<'a> {
    rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    /// `command` has no final line end; literals stand in it as `{n}`, CRLF, octets.
    pub fn new(command: &'a [u8]) -> Self {
        Self { rest: command }
    }

    pub fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    pub fn is_at_end(&self) -> bool {
        self.rest.is_empty()
    }

    /// Consumes `byte` if it is next.
    pub fn eat(&mut self, byte: u8) -> bool {
        match self.rest.split_first() {
            Some((first, rest)) if *first == byte => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    pub fn expect(&mut self, byte: u8, otherwise: &'static str) -> Parsed<()> {
        if self.eat(byte) { Ok(()) } else { Err(Malformed(otherwise)) }
    }

    pub fn space(&mut self) -> Parsed<()> {
        self.expect(b' ', "a space was expected")
    }

    pub fn end(&self) -> Parsed<()> {
        if self.is_at_end() { Ok(()) } else { Err(Malformed("too many arguments")) }
    }

    /// The longest run of bytes that satisfy `inside`; may be empty.
    fn run(&mut self, inside: impl Fn(u8) -> bool) -> &'a [u8] {
        let length = self.rest.iter().position(|b| !inside(*b)).unwrap_or(self.rest.len());
        let (run, rest) = self.rest.split_at(length);
        self.rest = rest;
        run
    }

    fn some(&mut self, inside: impl Fn(u8) -> bool, otherwise: &'static str) -> Parsed<&'a str> {
        let run = self.run(inside);
        if run.is_empty() {
            return Err(Malformed(otherwise));
        }
        std::str::from_utf8(run).map_err(|_| Malformed(otherwise))
    }

    /// `tag`.
    pub fn tag(&mut self) -> Parsed<&'a str> {
        self.some(|b| is_astring_char(b) && b != b'+', "a tag was expected")
    }

    pub fn atom(&mut self) -> Parsed<&'a str> {
        self.some(is_atom_char, "an atom was expected")
    }

    /// Letters, digits, dots and hyphens: names of commands, keys and data items.
    pub fn word(&mut self) -> Parsed<String> {
        let inside = |b: u8| b.is_ascii_alphanumeric() || b == b'.' || b == b'-';
        Ok(self.some(inside, "a name was expected")?.to_ascii_uppercase())
    }

    /// Consumes `word`, in any case, if it is next and no longer word.
    pub fn eat_word(&mut self, word: &str) -> bool {
        let mut ahead = *self;
        match ahead.word() {
            Ok(found) if found == word => {
                *self = ahead;
                true
            }
            _ => false,
        }
    }

    /// `number64`.
    pub fn number64(&mut self) -> Parsed<u64> {
        let digits = self.some(|b| b.is_ascii_digit(), "a number was expected")?;
        digits.parse().map_err(|_| Malformed("the number is too large"))
    }

    /// `number`: 32 bits (RFC 3501 §9).
    pub fn number(&mut self) -> Parsed<u32> {
        u32::try_from(self.number64()?).map_err(|_| Malformed("the number is too large"))
    }

    /// `nz-number`.
    pub fn positive(&mut self) -> Parsed<u32> {
        match self.number()? {
            0 => Err(Malformed("the number must not be zero")),
            number => Ok(number),
        }
    }

    /// `string`: quoted or literal. Quoted strings may hold UTF-8, as RFC 6855 §3 has it: passwords do.
    pub fn string(&mut self) -> Parsed<Vec<u8>> {
        match self.peek() {
            Some(b'"') => self.quoted(),
            Some(b'{') => self.literal(),
            _ => Err(Malformed("a string was expected")),
        }
    }

    fn quoted(&mut self) -> Parsed<Vec<u8>> {
        const OPEN: Malformed = Malformed("the quoted string does not end");
        self.expect(b'"', "a quoted string was expected")?;
        let mut text = Vec::new();
        loop {
            text.extend_from_slice(self.run(|b| !matches!(b, b'"' | b'\\' | b'\r' | b'\n' | 0)));
            let (byte, rest) = self.rest.split_first().ok_or(OPEN)?;
            self.rest = rest;
            match byte {
                b'"' => break,
                b'\\' => {
                    let (escaped, rest) = self.rest.split_first().ok_or(OPEN)?;
                    if !matches!(escaped, b'"' | b'\\') {
                        return Err(Malformed("only \\ and \" may follow a \\ in a quoted string"));
                    }
                    text.push(*escaped);
                    self.rest = rest;
                }
                _ => return Err(Malformed("a quoted string may not hold CR, LF or NUL")),
            }
        }
        if std::str::from_utf8(&text).is_err() {
            return Err(Malformed("a quoted string must be UTF-8"));
        }
        Ok(text)
    }

    fn literal(&mut self) -> Parsed<Vec<u8>> {
        const BAD: Malformed = Malformed("the literal is malformed");
        self.expect(b'{', "a literal was expected")?;
        let length = usize::try_from(self.number64()?).map_err(|_| BAD)?;
        // RFC 7888 §3.
        let _ = self.eat(b'+');
        self.rest = self.rest.strip_prefix(b"}\r\n").ok_or(BAD)?;
        let octets = self.rest.get(..length).ok_or(BAD)?;
        self.rest = self.rest.get(length..).ok_or(BAD)?;
        // RFC 3501 §9: CHAR8 excludes NUL.
        if octets.contains(&0) { Err(Malformed("a literal may not hold NUL")) } else { Ok(octets.to_vec()) }
    }

    /// `astring`.
    pub fn astring(&mut self) -> Parsed<Vec<u8>> {
        match self.peek() {
            Some(b'"' | b'{') => self.string(),
            _ => Ok(self.some(is_astring_char, "an atom or string was expected")?.as_bytes().to_vec()),
        }
    }

    /// An `astring` that is text.
    pub fn text(&mut self) -> Parsed<String> {
        String::from_utf8(self.astring()?).map_err(|_| Malformed("text must be UTF-8"))
    }

    /// `nstring` that is text.
    pub fn ntext(&mut self) -> Parsed<Option<String>> {
        if self.eat_word("NIL") {
            return Ok(None);
        }
        String::from_utf8(self.string()?).map(Some).map_err(|_| Malformed("text must be UTF-8"))
    }

    /// `mailbox`.
    pub fn mailbox(&mut self) -> Parsed<MailboxName> {
        let name = utf7::decode(&self.astring()?).ok_or(Malformed("the mailbox name is not modified UTF-7"))?;
        // `a/` names the mailbox `a` to CREATE (RFC 3501 §6.3.3).
        let name = name.strip_suffix('/').unwrap_or(&name);
        if name.split('/').any(str::is_empty) {
            return Err(Malformed("a mailbox name may not have empty levels"));
        }
        MailboxName::new(name).ok_or(Malformed("the mailbox name is empty, too long or has control characters"))
    }

    /// `list-mailbox`, wildcards included; in UTF-8, may be empty.
    pub fn pattern(&mut self) -> Parsed<String> {
        let wire = match self.peek() {
            Some(b'"' | b'{') => self.string()?,
            _ => {
                let inside = |b: u8| is_astring_char(b) || matches!(b, b'%' | b'*');
                self.some(inside, "a mailbox pattern was expected")?.as_bytes().to_vec()
            }
        };
        decode_pattern(&wire)
    }

    /// LIST's reference name: as a pattern without wildcards.
    pub fn reference(&mut self) -> Parsed<String> {
        decode_pattern(&self.astring()?)
    }

    /// `sequence-set`.
    pub fn sequence_set(&mut self) -> Parsed<SequenceSet> {
        let mut ranges = Vec::new();
        loop {
            let first = self.bound()?;
            let last = if self.eat(b':') { self.bound()? } else { first };
            ranges.push((first, last));
            if !self.eat(b',') {
                return Ok(SequenceSet(ranges));
            }
        }
    }

    fn bound(&mut self) -> Parsed<Bound> {
        if self.eat(b'*') { Ok(Bound::Largest) } else { self.positive().map(Bound::Number) }
    }

    /// `flag-list`, in parentheses.
    pub fn flag_list(&mut self) -> Parsed<Flags> {
        self.expect(b'(', "a list of flags was expected")?;
        let mut flags = Flags::default();
        if self.eat(b')') {
            return Ok(flags);
        }
        loop {
            self.flag(&mut flags)?;
            if self.eat(b')') {
                return Ok(flags);
            }
            self.space()?;
        }
    }

    /// One `flag`.
    pub fn flag(&mut self, flags: &mut Flags) -> Parsed<()> {
        if !self.eat(b'\\') {
            let keyword = self.atom()?.to_owned();
            if keyword.len() > 100 || flags.keywords.len() >= KEYWORDS_MAX {
                return Err(Malformed("too many or too long keywords"));
            }
            if !flags.keywords.iter().any(|k| k.eq_ignore_ascii_case(&keyword)) {
                flags.keywords.insert(keyword);
            }
            return Ok(());
        }
        let name = self.atom()?;
        match SystemFlag::ALL.into_iter().find(|f| f.name()[1..].eq_ignore_ascii_case(name)) {
            Some(flag) => flags.insert(flag),
            // RFC 3501 §2.3.2: `\Recent` cannot be altered; clients copy it along with the others.
            None if name.eq_ignore_ascii_case("Recent") => {}
            None => return Err(Malformed("there is no such system flag")),
        }
        Ok(())
    }

    /// `date-time`: `"17-Jul-1996 02:44:25 -0700"`.
    pub fn date_time(&mut self) -> Parsed<Timestamp> {
        const BAD: Malformed = Malformed("the date and time are malformed");
        let text = String::from_utf8(self.quoted()?).map_err(|_| BAD)?;
        // RFC 3501 §9 date-day-fixed: a single digit has a space before it.
        let moment = jiff::fmt::strtime::parse("%d-%b-%Y %H:%M:%S %z", text.trim_start())
            .and_then(|broken| broken.to_timestamp())
            .map_err(|_| BAD)?;
        Ok(Timestamp(moment.as_millisecond()))
    }

    /// `date`: `1-Feb-1994`, with or without quotes.
    pub fn date(&mut self) -> Parsed<jiff::civil::Date> {
        const BAD: Malformed = Malformed("the date is malformed");
        let text = self.astring()?;
        let text = std::str::from_utf8(&text).map_err(|_| BAD)?;
        jiff::civil::Date::strptime("%d-%b-%Y", text).map_err(|_| BAD)
    }
}

/// Wildcards are printable ASCII, so that they survive the decoding.
fn decode_pattern(wire: &[u8]) -> Parsed<String> {
    let pattern = utf7::decode(wire).ok_or(Malformed("the mailbox pattern is not modified UTF-7"))?;
    if pattern.len() > crate::ground::limits::MAILBOX_NAME_OCTETS_MAX {
        return Err(Malformed("the mailbox pattern is too long"));
    }
    Ok(canonical_inbox(&pattern))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_come_in_three_forms() {
        let all = |text: &str| Cursor::new(text.as_bytes()).astring();
        assert_eq!(all("abc]").unwrap(), b"abc]");
        assert_eq!(all(r#""a \"b\" \\""#).unwrap(), br#"a "b" \"#);
        assert_eq!(all("{3+}\r\na\nb").unwrap(), b"a\nb");
        for bad in ["", "(", "\"a", "\"a\\b\"", "{3}\r\nab", "{3}ab ", "{99999999999999999999}\r\n", "{1}\r\n\0"] {
            assert!(all(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn mailbox_names_are_decoded_and_inbox_is_one() {
        let name = |text: &str| Cursor::new(text.as_bytes()).mailbox().map(|m| m.as_str().to_owned());
        assert_eq!(name("inBOX").as_deref(), Ok("INBOX"));
        assert_eq!(name("inbox/a").as_deref(), Ok("INBOX/a"));
        assert_eq!(name("inboxes").as_deref(), Ok("inboxes"));
        assert_eq!(name("Entw&APw-rfe/").as_deref(), Ok("Entwürfe"));
        for bad in ["\"\"", "a//b", "/a", "&AGE-", "\"/\""] {
            assert!(name(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn rfc3501_9_dates() {
        let time = |text: &str| Cursor::new(text.as_bytes()).date_time().map(|t| t.0);
        assert_eq!(time("\"17-Jul-1996 02:44:25 -0700\""), Ok(837_596_665_000));
        assert_eq!(time("\" 7-Feb-1994 21:52:25 +0000\""), Ok(760_657_945_000));
        assert!(time("\"31-Feb-1994 21:52:25 +0000\"").is_err());
        assert_eq!(Cursor::new(b"1-Feb-1994").date(), Ok(jiff::civil::date(1994, 2, 1)));
    }

    #[test]
    fn sets_and_flags() {
        let set = |text: &str| Cursor::new(text.as_bytes()).sequence_set().map(|s| s.to_string());
        assert_eq!(set("1,2:*,*:4").as_deref(), Ok("1,2:*,*:4"));
        for bad in ["", "0", "1:", ",", "1,", "4294967296"] {
            assert!(set(bad).is_err(), "{bad}");
        }
        let flags = Cursor::new(b"(\\seen $Junk \\Recent $junk)").flag_list().unwrap();
        assert!(flags.contains(SystemFlag::Seen) && flags.keywords.len() == 1);
        assert!(Cursor::new(b"(\\Bogus)").flag_list().is_err());
    }
}
