//! A second reader, for the subset of YAML that nearly every configuration is written in: four times as fast.
//!
//! The subset: block maps and block lists, one key or item a line, values on the line of their key: plain words, quoted
//! text without escapes, flow maps and lists that end on their line; comments and blank lines between; ASCII alone.
//! What it reads has the same tree, with the same places, as the whole of YAML gives (`tree::read_events`).
//!
//! Invariant: anything else, and anything that is wrong, is `None`, and the whole reader decides. So this reader can
//! be wrong only by taking too much; `tests/language/subset.rs` compares both on mutated files.
//!
//! It does not know anchors, aliases, tags, escapes, block scalars, text of several lines, tabs, CRLF, documents,
//! duplicate keys; it reports nothing.

use std::collections::HashSet;

use super::node::{Entry, Node, Value};
use super::scalar;
use crate::ground::diagnostic::Span;
use crate::ground::limits;

/// Maps and lists in each other; the language needs six. Recursion ends here.
const DEPTH_MAX: usize = 16;
/// YAML 1.2.2 §7.4.2 and §8.2.2 end an implicit key after 1024 characters; half of it is far from every edge.
const KEY_OCTETS_MAX: usize = 512;

const _: () = assert!(DEPTH_MAX < limits::YAML_DEPTH_MAX);

/// The tree of a document in the subset; its places start at 0. `None` says nothing about the document.
pub fn read(text: &str) -> Option<Node> {
    if text.len() > limits::YAML_OCTETS_MAX {
        return None;
    }
    let mut reader = Reader { text, octets: text.as_bytes(), at: 0, column: None, nodes: 0 };
    reader.line()?;
    let root = reader.block_map(reader.column.filter(|c| *c == 0)?, 1)?;
    reader.column.is_none().then_some(root)
}

struct Reader<'a> {
    text: &'a str,
    octets: &'a [u8],
    at: usize,
    /// Where the line begins that `at` is at the first word of; `None` behind the last.
    column: Option<usize>,
    /// Keys, values and collections so far.
    nodes: usize,
}

impl<'a> Reader<'a> {
    fn octet(&self, at: usize) -> Option<u8> {
        self.octets.get(at).copied()
    }

    /// Moves behind the octets that `wanted` takes.
    fn skip(&mut self, wanted: impl Fn(u8) -> bool) -> usize {
        let rest = self.octets.get(self.at..).unwrap_or_default();
        let count = rest.iter().position(|octet| !wanted(*octet)).unwrap_or(rest.len());
        self.at += count;
        count
    }

    fn count(&mut self) -> Option<()> {
        self.nodes += 1;
        (self.nodes <= limits::YAML_NODES_MAX).then_some(())
    }

    /// From the begin of a line to the first word of this or a later one.
    fn line(&mut self) -> Option<()> {
        loop {
            let column = self.skip(is_space);
            match self.octet(self.at) {
                Some(b'\n') => self.at += 1,
                Some(b'#') => self.comment()?,
                Some(_) => {
                    self.column = Some(column);
                    return Some(());
                }
                None => {
                    self.column = None;
                    return Some(());
                }
            }
        }
    }

    /// From the end of a value, behind which nothing but a comment may stand, to the next line with a word.
    fn next_line(&mut self) -> Option<()> {
        let spaces = self.skip(is_space);
        match self.octet(self.at) {
            Some(b'\n') => self.at += 1,
            // YAML 1.2.2 §6.6: a comment is separated from what is before it.
            Some(b'#') if spaces > 0 => self.comment()?,
            Some(_) => return None,
            None => {}
        }
        self.line()
    }

    fn comment(&mut self) -> Option<()> {
        self.skip(is_printable);
        match self.octet(self.at) {
            Some(b'\n') => self.at += 1,
            Some(_) => return None,
            None => {}
        }
        Some(())
    }

    fn block_map(&mut self, column: usize, depth: usize) -> Option<Node> {
        if depth > DEPTH_MAX {
            return None;
        }
        self.count()?;
        let start = self.at;
        let mut entries = Vec::new();
        loop {
            let (key, key_span) = self.key()?;
            let value = self.block_value(column, depth)?;
            entries.push(Entry { key: key.to_owned(), key_span, value });
            match self.column {
                Some(next) if next == column => {}
                // Deeper than where a key can stand: the value would go on.
                Some(next) if next > column => return None,
                _ => break,
            }
        }
        let end = entries.last()?.value.span.end as usize;
        distinct(&entries).then_some(Node { span: span(start, end), value: Value::Map(entries) })
    }

    fn block_list(&mut self, column: usize, depth: usize) -> Option<Node> {
        if depth > DEPTH_MAX {
            return None;
        }
        self.count()?;
        let start = self.at;
        let mut items = Vec::new();
        while self.column == Some(column) && self.at_item() {
            self.at += 1;
            let inner = column + 1 + self.skip(is_space);
            let item = match self.key_ahead() {
                Some(_) => self.block_map(inner, depth + 1)?,
                None => {
                    let item = self.value(depth)?;
                    self.next_line()?;
                    item
                }
            };
            items.push(item);
        }
        if self.column.is_some_and(|next| next > column) {
            return None;
        }
        let end = items.last()?.span.end as usize;
        Some(Node { span: span(start, end), value: Value::List(items) })
    }

    /// YAML 1.2.2 §8.2.1: `-` and a space begin an item.
    fn at_item(&self) -> bool {
        self.octet(self.at) == Some(b'-') && self.octet(self.at + 1) == Some(b' ')
    }

    /// What follows the `:` of a key in `column`.
    fn block_value(&mut self, column: usize, depth: usize) -> Option<Node> {
        let colon = self.at - 1;
        self.skip(is_space);
        if !matches!(self.octet(self.at), None | Some(b'\n' | b'#')) {
            let value = self.value(depth)?;
            self.next_line()?;
            return Some(value);
        }
        // The space before a comment may be the one just passed.
        self.at = colon + 1;
        self.next_line()?;
        match self.column {
            // YAML 1.2.2 §8.2.1: a list may stand in the column of its key.
            Some(next) if next == column && self.at_item() => {
                let mut list = self.block_list(next, depth + 1)?;
                // The parser says that such a list begins behind its first `-`.
                if let Value::List(items) = &list.value {
                    list.span.start = items.first()?.span.start;
                }
                Some(list)
            }
            Some(next) if next > column && self.at_item() => self.block_list(next, depth + 1),
            Some(next) if next > column => self.block_map(next, depth + 1),
            _ => {
                self.count()?;
                Some(Node { span: span(colon, colon), value: Value::Null })
            }
        }
    }

    /// A key and its `:`.
    fn key(&mut self) -> Option<(&'a str, Span)> {
        self.count()?;
        let (key, span) = self.key_ahead()?;
        self.at = span.end as usize + 1;
        Some((key, span))
    }

    /// The key that begins here, if one does: a word, or quoted, with `:` and a space or the end of the line behind.
    fn key_ahead(&self) -> Option<(&'a str, Span)> {
        let (start, first) = (self.at, self.octet(self.at)?);
        let (key, end) = match first {
            b'"' | b'\'' => quoted(self.text, start)?,
            _ => {
                let rest = self.octets.get(start..)?;
                let length = rest.iter().position(|octet| !is_of_key(*octet)).unwrap_or(rest.len());
                let key = self.text.get(start..start + length)?;
                let word = first.is_ascii_alphanumeric() || first == b'_';
                // A plain null is no key.
                (Some(key).filter(|key| word && !key.eq_ignore_ascii_case("null"))?, start + length)
            }
        };
        let separated = matches!(self.octet(end + 1), None | Some(b' ' | b'\n'));
        (self.octet(end) == Some(b':') && separated && end - start <= KEY_OCTETS_MAX).then_some((key, span(start, end)))
    }

    /// A value that ends on this line.
    fn value(&mut self, depth: usize) -> Option<Node> {
        match self.octet(self.at)? {
            b'[' => self.flow(b']', depth + 1),
            b'{' => self.flow(b'}', depth + 1),
            b'"' | b'\'' => {
                self.count()?;
                let (start, (text, end)) = (self.at, quoted(self.text, self.at)?);
                self.at = end;
                Some(Node { span: span(start, end), value: Value::Text(text.to_owned()) })
            }
            _ => self.plain(),
        }
    }

    fn flow(&mut self, close: u8, depth: usize) -> Option<Node> {
        if depth > DEPTH_MAX {
            return None;
        }
        self.count()?;
        let start = self.at;
        let (mut items, mut entries) = (Vec::new(), Vec::new());
        self.at += 1;
        self.skip(is_space);
        while self.octet(self.at)? != close {
            // Most hold one thing; a vector would make room for four.
            match close {
                b']' => {
                    items.reserve_exact(usize::from(items.is_empty()));
                    items.push(self.value(depth)?);
                }
                _ => {
                    let (key, key_span) = self.key()?;
                    self.skip(is_space);
                    entries.reserve_exact(usize::from(entries.is_empty()));
                    entries.push(Entry { key: key.to_owned(), key_span, value: self.value(depth)? });
                }
            }
            self.skip(is_space);
            match self.octet(self.at)? {
                b',' => self.at += 1,
                octet if octet == close => break,
                _ => return None,
            }
            self.skip(is_space);
        }
        self.at += 1;
        let value = if close == b']' { Value::List(items) } else { Value::Map(entries) };
        match &value {
            Value::Map(entries) if !distinct(entries) => None,
            _ => Some(Node { span: span(start, self.at), value }),
        }
    }

    /// Words with spaces between.
    fn plain(&mut self) -> Option<Node> {
        self.count()?;
        let start = self.at;
        let first = self.octet(start)?;
        let begins = first.is_ascii_alphanumeric()
            || matches!(first, b'/' | b'.' | b'_' | b'$' | b'+' | b'=' | b'~')
            || (first == b'-' && self.octet(start + 1)?.is_ascii_alphanumeric());
        if !begins {
            return None;
        }
        let mut end = start;
        loop {
            self.skip(is_of_plain);
            // A `:` inside of a word is none that ends a key.
            while self.octet(self.at) == Some(b':') && self.octet(self.at + 1).is_some_and(is_of_plain) {
                self.at += 1;
                self.skip(is_of_plain);
            }
            end = self.at.max(end);
            self.skip(is_space);
            if !self.octet(self.at).is_some_and(is_of_plain) {
                break;
            }
        }
        self.at = end;
        Some(Node { span: span(start, end), value: scalar::resolve(self.text.get(start..end)?) })
    }
}

/// The text between the quote at `start` and its partner, and the offset behind that. No escapes.
fn quoted(text: &str, start: usize) -> Option<(&str, usize)> {
    let octets = text.as_bytes();
    let quote = *octets.get(start)?;
    let inner = octets.get(start + 1..)?;
    let length = inner.iter().position(|octet| *octet == quote || *octet == b'\\' || !is_printable(*octet))?;
    // `''` is an escape too (YAML 1.2.2 §7.3.2).
    let closed = *inner.get(length)? == quote && inner.get(length + 1) != Some(&b'\'');
    let end = start + 1 + length;
    Some((text.get(start + 1..end).filter(|_| closed)?, end + 1))
}

/// Whether no key stands twice.
fn distinct(entries: &[Entry]) -> bool {
    // Nearly every map is small enough to be compared key by key.
    const SMALL: usize = 8;
    if entries.len() <= SMALL {
        return entries.iter().enumerate().all(|(at, entry)| entries[..at].iter().all(|e| e.key != entry.key));
    }
    let mut seen = HashSet::with_capacity(entries.len());
    entries.iter().all(|entry| seen.insert(entry.key.as_str()))
}

/// Offsets below `limits::YAML_OCTETS_MAX`, which fit.
fn span(start: usize, end: usize) -> Span {
    start as u32..end as u32
}

fn is_space(octet: u8) -> bool {
    octet == b' '
}

fn is_printable(octet: u8) -> bool {
    matches!(octet, b' '..=b'~')
}

fn is_of_key(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || matches!(octet, b'@' | b'.' | b'_' | b'+' | b'-' | b'/' | b'=' | b'*')
}

/// What a word may hold in block and flow style alike, the first octet apart.
fn is_of_plain(octet: u8) -> bool {
    is_of_key(octet) || matches!(octet, b'$' | b'%' | b'~' | b'(' | b')' | b';' | b'<' | b'>' | b'!' | b'?' | b'^')
}
