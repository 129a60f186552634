//! Address lists (RFC 5322 §3.4) in the raw form that ENVELOPE wants: nothing decoded, quotes removed.
//!
//! The reader is lenient: obsolete routes and stray commas pass, and what cannot be understood becomes the
//! most likely address instead of an error, because one odd field must not hide a message.

/// One element of ENVELOPE's address list (RFC 3501 §7.4.2). A group is a begin, its members, an end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listed {
    GroupBegin(Vec<u8>),
    GroupEnd,
    Mailbox(Mailbox),
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Mailbox {
    pub display_name: Option<Vec<u8>>,
    /// RFC 5322 §4.4 source route, `@a,@b`.
    pub route: Option<Vec<u8>>,
    pub local_part: Vec<u8>,
    pub domain: Vec<u8>,
}

/// Reads an unfolded field value.
pub fn list(value: &[u8]) -> Vec<Listed> {
    let mut reader = Reader { rest: value, comment: None };
    let mut listed = Vec::new();
    let mut in_group = false;
    while let Some(ended) = reader.element(&mut listed, in_group) {
        in_group = ended;
    }
    if in_group {
        listed.push(Listed::GroupEnd);
    }
    listed
}

#[derive(Debug, PartialEq)]
enum Token {
    /// An atom with its dots, or a domain literal.
    Atom(Vec<u8>),
    Quoted(Vec<u8>),
    Special(u8),
}

struct Reader<'a> {
    rest: &'a [u8],
    /// The last comment seen; `user@host (Name)` is an old way to give a display name.
    comment: Option<Vec<u8>>,
}

impl Reader<'_> {
    /// One address or one end of a group. Says whether a group is open afterwards; `None` at the end.
    fn element(&mut self, listed: &mut Vec<Listed>, in_group: bool) -> Option<bool> {
        let mut words: Vec<Token> = Vec::new();
        self.comment = None;
        loop {
            match self.token() {
                Some(Token::Special(b',')) => break,
                Some(Token::Special(b';')) => {
                    self.push_plain(words, listed);
                    if in_group {
                        listed.push(Listed::GroupEnd);
                    }
                    return Some(false);
                }
                Some(Token::Special(b':')) if !in_group => {
                    listed.push(Listed::GroupBegin(phrase(&words)));
                    return Some(true);
                }
                Some(Token::Special(b'<')) => {
                    let mailbox = self.angle(&words);
                    listed.push(Listed::Mailbox(mailbox));
                    words.clear();
                    self.comment = None;
                }
                Some(token) => words.push(token),
                None if words.is_empty() => return None,
                None => break,
            }
        }
        self.push_plain(words, listed);
        Some(in_group)
    }

    /// `local@domain` without angle brackets, its comment as the name.
    fn push_plain(&mut self, words: Vec<Token>, listed: &mut Vec<Listed>) {
        if words.is_empty() {
            return;
        }
        let at = words.iter().rposition(|w| *w == Token::Special(b'@'));
        let (local, domain) = words.split_at(at.unwrap_or(words.len()));
        listed.push(Listed::Mailbox(Mailbox {
            display_name: self.comment.take().filter(|c| !c.is_empty()),
            route: None,
            local_part: joined(local),
            domain: joined(domain.get(1..).unwrap_or_default()),
        }));
    }

    /// From behind `<` to behind `>`.
    fn angle(&mut self, name: &[Token]) -> Mailbox {
        let mut words = Vec::new();
        let mut route = None;
        loop {
            match self.token() {
                None | Some(Token::Special(b'>')) => break,
                Some(Token::Special(b':')) if words.first() == Some(&Token::Special(b'@')) => {
                    route = Some(joined(&words));
                    words.clear();
                }
                Some(token) => words.push(token),
            }
        }
        let at = words.iter().rposition(|w| *w == Token::Special(b'@'));
        let (local, domain) = words.split_at(at.unwrap_or(words.len()));
        let display_name = Some(phrase(name)).filter(|n| !n.is_empty());
        Mailbox { display_name, route, local_part: joined(local), domain: joined(domain.get(1..).unwrap_or_default()) }
    }

    fn token(&mut self) -> Option<Token> {
        loop {
            self.rest = self.rest.trim_ascii_start();
            let (first, tail) = self.rest.split_first()?;
            match first {
                b'(' => {
                    let length = comment_length(self.rest);
                    let inner = self.rest[1..length].strip_suffix(b")").unwrap_or(&self.rest[1..length]);
                    self.comment = Some(inner.trim_ascii().to_vec());
                    self.rest = &self.rest[length..];
                }
                b'"' => {
                    let Some((text, length)) = quoted_string(self.rest) else {
                        self.rest = tail;
                        continue;
                    };
                    self.rest = &self.rest[length..];
                    return Some(Token::Quoted(text));
                }
                // It ends no comment; taken for the end of an atom it would never be passed.
                b')' => self.rest = tail,
                b'<' | b'>' | b',' | b';' | b':' | b'@' => {
                    self.rest = tail;
                    return Some(Token::Special(*first));
                }
                b'[' => {
                    let length = self.rest.iter().position(|b| *b == b']').map_or(self.rest.len(), |end| end + 1);
                    let (literal, rest) = self.rest.split_at(length);
                    self.rest = rest;
                    return Some(Token::Atom(literal.to_vec()));
                }
                _ => {
                    let ends = |b: &u8| b.is_ascii_whitespace() || b"()<>,;:@\"[".contains(b);
                    let length = self.rest.iter().position(ends).unwrap_or(self.rest.len());
                    let (atom, rest) = self.rest.split_at(length);
                    self.rest = rest;
                    return Some(Token::Atom(atom.to_vec()));
                }
            }
        }
    }
}

fn phrase(words: &[Token]) -> Vec<u8> {
    let texts: Vec<&[u8]> = words
        .iter()
        .filter_map(|w| match w {
            Token::Atom(text) | Token::Quoted(text) => Some(text.as_slice()),
            Token::Special(_) => None,
        })
        .collect();
    texts.join(&b' ')
}

fn joined(words: &[Token]) -> Vec<u8> {
    let mut text = Vec::new();
    for word in words {
        match word {
            Token::Atom(part) | Token::Quoted(part) => text.extend_from_slice(part),
            Token::Special(byte) => text.push(*byte),
        }
    }
    text
}

/// Octets of the comment that begins `text`; nested ones belong to it (RFC 5322 §3.2.2). All of `text`
/// if it does not end.
pub fn comment_length(text: &[u8]) -> usize {
    let mut depth = 0usize;
    let mut escaped = false;
    for (at, byte) in text.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'(' => depth += 1,
            b')' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return at + 1;
                }
            }
            _ => {}
        }
    }
    text.len()
}

/// The content of the quoted-string that begins `text`, and its length with the quotes. `None` if there
/// is none, or no end of it.
pub fn quoted_string(text: &[u8]) -> Option<(Vec<u8>, usize)> {
    let inner = text.strip_prefix(b"\"")?;
    let mut content = Vec::new();
    let mut bytes = inner.iter().enumerate();
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'"' => return Some((content, at + 2)),
            b'\\' => content.push(*bytes.next()?.1),
            byte => content.push(*byte),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(value: &str) -> String {
        let text = |b: &[u8]| String::from_utf8_lossy(b).into_owned();
        let one = |l: &Listed| match l {
            Listed::GroupBegin(name) => format!("[{}", text(name)),
            Listed::GroupEnd => "]".to_owned(),
            Listed::Mailbox(m) => format!(
                "{}|{}|{}|{}",
                m.display_name.as_deref().map(text).unwrap_or_default(),
                m.route.as_deref().map(text).unwrap_or_default(),
                text(&m.local_part),
                text(&m.domain)
            ),
        };
        list(value.as_bytes()).iter().map(one).collect::<Vec<_>>().join(" ")
    }

    /// Found by fuzzing: each octet that begins no token is passed over, so that every field comes to its end.
    #[test]
    fn lone_parentheses_end() {
        for text in
            [")", "a)b@c", "A <a@examp)le.org>, g: b@c;", "(a)) <b@c>", "<)", "a ) , ) b@c", "g: );", "\"", "[", "("]
        {
            assert!(list(text.as_bytes()).len() <= text.len(), "{text}");
        }
        let mailbox = |local: &[u8]| {
            let (local_part, domain) = (local.to_vec(), b"example.org".to_vec());
            Listed::Mailbox(Mailbox { local_part, domain, ..Mailbox::default() })
        };
        assert_eq!(list(b"a)@example.org, b@example.org"), [mailbox(b"a"), mailbox(b"b")]);
    }

    #[test]
    fn rfc5322_appendix_a_examples() {
        assert_eq!(shown("John Doe <jdoe@machine.example>"), "John Doe||jdoe|machine.example");
        assert_eq!(
            shown("\"Joe Q. Public\" <john.q.public@example.com>, jdoe@example.org"),
            "Joe Q. Public||john.q.public|example.com ||jdoe|example.org"
        );
        assert_eq!(
            shown("A Group:Ed Jones <joe@where.test>,joe@where.test,John <jdoe@one.test>;"),
            "[A Group Ed Jones||joe|where.test ||joe|where.test John||jdoe|one.test ]"
        );
        assert_eq!(shown("Undisclosed recipients:;"), "[Undisclosed recipients ]");
        assert_eq!(shown("Pete(A nice \\) chap) <pete(his account)@silly.test(his host)>"), "Pete||pete|silly.test");
        assert_eq!(shown("mary@example.net (Mary Smith)"), "Mary Smith||mary|example.net");
        assert_eq!(shown("<@a.test,@b.test:c@d.test>"), "|@a.test,@b.test|c|d.test");
        assert_eq!(shown("x@[192.0.2.1]"), "||x|[192.0.2.1]");
    }

    #[test]
    fn odd_fields_give_something_and_never_panic() {
        assert_eq!(shown(",, ,"), "");
        assert_eq!(shown("nobody"), "||nobody|");
        assert_eq!(shown("<"), "|||");
        assert_eq!(shown("\"unfinished"), "||unfinished|");
        assert_eq!(shown("(unfinished"), "");
        assert_eq!(shown("g: a@b"), "[g ||a|b ]");
    }
}
