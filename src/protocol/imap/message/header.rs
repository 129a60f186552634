//! Header fields (RFC 5322 §2.2) and the structured values that BODYSTRUCTURE shows (RFC 2045 §5.1, RFC 2183).

/// The fields of a header block, in order: name and raw value (after the colon, line ends and all), and the whole
/// field with its line end. What is no field, such as an mbox `From ` line, is skipped.
pub fn fields(block: &[u8]) -> impl Iterator<Item = Field<'_>> {
    let mut rest = block;
    std::iter::from_fn(move || {
        loop {
            if rest.is_empty() || rest.starts_with(b"\n") || rest.starts_with(b"\r\n") {
                return None;
            }
            let (whole, tail) = rest.split_at(field_length(rest));
            rest = tail;
            if let Some(colon) = whole.iter().position(|b| *b == b':')
                && let (name, Some(value)) = (whole[..colon].trim_ascii_end(), whole.get(colon + 1..))
                && !name.is_empty()
                && name.iter().all(|b| b.is_ascii_graphic())
            {
                return Some(Field { name, value, whole });
            }
        }
    })
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field<'a> {
    pub name: &'a [u8],
    pub value: &'a [u8],
    pub whole: &'a [u8],
}

/// Octets of the first field of `rest`: its line and the lines that continue it. At least one if `rest` has any.
fn field_length(rest: &[u8]) -> usize {
    let mut at = 0;
    loop {
        match rest[at..].iter().position(|b| *b == b'\n') {
            None => return rest.len(),
            Some(end) => at += end + 1,
        }
        if !matches!(rest.get(at), Some(b' ' | b'\t')) {
            return at;
        }
    }
}

/// The unfolded value (RFC 5322 §2.2.3) of the first field called `name`: line ends removed, ends trimmed.
pub fn value(block: &[u8], name: &str) -> Option<Vec<u8>> {
    fields(block).find(|f| f.name.eq_ignore_ascii_case(name.as_bytes())).map(|f| unfold(f.value))
}

pub fn unfold(raw: &[u8]) -> Vec<u8> {
    let mut text: Vec<u8> = raw.iter().copied().filter(|b| !matches!(b, b'\r' | b'\n' | 0)).collect();
    text.truncate(text.trim_ascii_end().len());
    let blank = text.len() - text.trim_ascii_start().len();
    text.drain(..blank);
    text
}

/// Fields picked for `HEADER.FIELDS` (`wanted`), or all others for `HEADER.FIELDS.NOT`, with the empty line
/// that RFC 3501 §6.4.5 always adds.
pub fn pick(block: &[u8], names: &[String], wanted: bool) -> Vec<u8> {
    let mut picked = Vec::new();
    for field in fields(block) {
        let named = names.iter().any(|n| field.name.eq_ignore_ascii_case(n.as_bytes()));
        if named == wanted {
            picked.extend_from_slice(field.whole);
        }
    }
    picked.extend_from_slice(b"\r\n");
    picked
}

/// `type/subtype; name=value; ...`, or a disposition, which has no subtype.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Parameterised {
    pub value: Vec<u8>,
    pub subtype: Vec<u8>,
    /// Names as written, values unquoted; RFC 2231 forms as they are.
    pub parameters: Vec<(Vec<u8>, Vec<u8>)>,
}

impl Parameterised {
    /// Takes what it can of any value. `None` if there is not even a first token.
    pub fn parse(text: &[u8]) -> Option<Self> {
        let mut words = Words { rest: text };
        let value = words.token()?;
        let subtype = if words.eat(b'/') { words.token().unwrap_or_default() } else { Vec::new() };
        let mut parameters = Vec::new();
        while words.past_semicolon() {
            let Some(name) = words.token() else { continue };
            if words.eat(b'=')
                && let Some(value) = words.quoted().or_else(|| words.token_until_semicolon())
            {
                parameters.push((name, value));
            }
        }
        Some(Self { value, subtype, parameters })
    }

    pub fn is(&self, kind: &str, subtype: &str) -> bool {
        self.value.eq_ignore_ascii_case(kind.as_bytes()) && self.subtype.eq_ignore_ascii_case(subtype.as_bytes())
    }

    pub fn parameter(&self, name: &str) -> Option<&[u8]> {
        self.parameters.iter().find(|(n, _)| n.eq_ignore_ascii_case(name.as_bytes())).map(|(_, v)| v.as_slice())
    }
}

/// RFC 2045 §5.1 tokens, with RFC 5322 §3.2.2 comments between them.
struct Words<'a> {
    rest: &'a [u8],
}

impl Words<'_> {
    fn skip_blank(&mut self) {
        loop {
            self.rest = self.rest.trim_ascii_start();
            if self.rest.first() != Some(&b'(') {
                return;
            }
            self.rest = &self.rest[super::address::comment_length(self.rest)..];
        }
    }

    fn eat(&mut self, byte: u8) -> bool {
        self.skip_blank();
        match self.rest.split_first() {
            Some((first, rest)) if *first == byte => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    fn token(&mut self) -> Option<Vec<u8>> {
        self.skip_blank();
        self.take_while(|b| b > b' ' && b != 127 && !b"()<>@,;:\\\"/[]?=".contains(&b))
    }

    /// Values are often written with characters that RFC 2045 wants quoted.
    fn token_until_semicolon(&mut self) -> Option<Vec<u8>> {
        self.skip_blank();
        self.take_while(|b| b > b' ' && b != b';')
    }

    fn take_while(&mut self, inside: impl Fn(u8) -> bool) -> Option<Vec<u8>> {
        let length = self.rest.iter().position(|b| !inside(*b)).unwrap_or(self.rest.len());
        let (token, rest) = self.rest.split_at(length);
        self.rest = rest;
        (!token.is_empty()).then(|| token.to_vec())
    }

    fn quoted(&mut self) -> Option<Vec<u8>> {
        self.skip_blank();
        let (text, length) = super::address::quoted_string(self.rest)?;
        self.rest = &self.rest[length..];
        Some(text)
    }

    /// Moves behind the next semicolon, past whatever stands before it. `false` at the end.
    fn past_semicolon(&mut self) -> bool {
        loop {
            self.skip_blank();
            match self.rest.split_first() {
                None => return false,
                Some((b';', rest)) => {
                    self.rest = rest;
                    return true;
                }
                Some((b'"', rest)) => match super::address::quoted_string(self.rest) {
                    Some((_, length)) => self.rest = &self.rest[length..],
                    None => self.rest = rest,
                },
                Some((_, rest)) => self.rest = rest,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_keep_their_folding_and_end_at_the_empty_line() {
        let block = b"From x\r\nA: 1\r\n  2\r\nb : 3\r\n\r\nc: 4\r\n";
        let seen: Vec<_> = fields(block).map(|f| (f.name.to_vec(), unfold(f.value))).collect();
        assert_eq!(seen, [(b"A".to_vec(), b"1  2".to_vec()), (b"b".to_vec(), b"3".to_vec())]);
        assert_eq!(pick(block, &["a".into()], true), b"A: 1\r\n  2\r\n\r\n");
        assert_eq!(pick(block, &["a".into()], false), b"b : 3\r\n\r\n");
    }

    #[test]
    fn rfc2045_5_1_parameters_are_read_leniently() {
        let c = Parameterised::parse(b"Text/Plain (comment); charset=\"us\\-ascii\"; name=a b; x=\"1;2\" ;; y = z")
            .unwrap();
        assert!(c.is("text", "plain"));
        assert_eq!(c.parameter("CHARSET"), Some(b"us-ascii".as_slice()));
        assert_eq!(c.parameter("name"), Some(b"a".as_slice()));
        assert_eq!(c.parameter("x"), Some(b"1;2".as_slice()));
        assert_eq!(c.parameter("y"), Some(b"z".as_slice()));
        assert_eq!(Parameterised::parse(b"  "), None);
    }
}
