//! The texts that findings point into: the files of one configuration laid end to end.
//!
//! A span is a byte range of that row, so that a finding needs no name of a file. Between two files lies a gap of
//! one octet: the end of a file is then a place of that file and of no other. Line and column come from an index
//! that is made once a file, because a file may have a hundred thousand findings or one line of 60 MB.

use std::sync::OnceLock;

use serde::Serialize;

use super::Span;

/// A text with the name that is shown for it, on its way into a [`SourceMap`].
#[derive(Debug, Clone)]
pub struct Source<'a> {
    pub name: &'a str,
    pub text: &'a str,
}

/// The files of one configuration, the main one first.
#[derive(Debug, Clone)]
pub struct SourceMap {
    main: SourceFile,
    included: Vec<SourceFile>,
}

/// One file in a [`SourceMap`].
#[derive(Debug, Clone)]
pub struct SourceFile {
    name: String,
    text: String,
    base: u32,
    index: OnceLock<Index>,
}

/// A place as people count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Position {
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    /// From 0, in octets of the file's text (a byte order mark does not count).
    pub offset: u32,
}

/// A span with the file that it lies in. `end` is behind the last character.
#[derive(Debug, Clone, Copy)]
pub struct Place<'m> {
    pub file: &'m SourceFile,
    pub start: Position,
    pub end: Position,
}

impl SourceMap {
    /// A map with the main file alone.
    pub fn new(name: &str, text: impl Into<String>) -> Self {
        Self { main: SourceFile::new(name, text.into(), 0), included: Vec::new() }
    }

    /// Adds a file behind the others and returns the offset at which it begins; `None` if spans cannot reach so
    /// far, which `limits::INCLUDED_OCTETS_MAX` prevents.
    pub fn add(&mut self, name: &str, text: impl Into<String>) -> Option<u32> {
        let text = text.into();
        let base = self.end().checked_add(1)?;
        u32::try_from(text.len()).ok()?.checked_add(base)?;
        self.included.push(SourceFile::new(name, text, base));
        Some(base)
    }

    /// The file that `mailctl` was called with.
    pub fn main(&self) -> &SourceFile {
        &self.main
    }

    /// All files, the main one first.
    pub fn files(&self) -> impl Iterator<Item = &SourceFile> {
        std::iter::once(&self.main).chain(&self.included)
    }

    /// The offset behind the last file.
    pub fn end(&self) -> u32 {
        self.included.last().unwrap_or(&self.main).end()
    }

    /// The file that an offset lies in; the last one for offsets beyond all.
    pub fn file(&self, offset: u32) -> &SourceFile {
        let later = self.included.partition_point(|f| f.base <= offset);
        later.checked_sub(1).and_then(|i| self.included.get(i)).unwrap_or(&self.main)
    }

    /// File, line and column of a span. What does not lie in the file of its start is cut off.
    pub fn place(&self, span: &Span) -> Place<'_> {
        let file = self.file(span.start);
        let local = file.local(span);
        Place { file, start: file.position(local.start), end: file.position(local.end) }
    }
}

impl SourceFile {
    fn new(name: &str, text: String, base: u32) -> Self {
        // A name may come from a folder that somebody else fills; it must not move the cursor of a terminal.
        let name = name.chars().map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }).collect();
        Self { name, text, base, index: OnceLock::new() }
    }

    /// What is shown for it.
    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    /// The offset in the map at which its text begins.
    pub fn base(&self) -> u32 {
        self.base
    }

    fn end(&self) -> u32 {
        self.base.saturating_add(length(&self.text))
    }

    /// A span of the map as a range of this file's text, at its character boundaries; never outside of it.
    pub fn local(&self, span: &Span) -> Span {
        let within = |offset: u32| {
            let mut at = (offset.saturating_sub(self.base) as usize).min(self.text.len());
            while !self.text.is_char_boundary(at) {
                at -= 1;
            }
            at as u32
        };
        let start = within(span.start);
        start..within(span.end).max(start)
    }

    /// Line and column of an octet of this file's text, by binary search.
    pub fn position(&self, offset: u32) -> Position {
        let index = self.index.get_or_init(|| Index::of(&self.text));
        let offset = offset.min(length(&self.text));
        let line = index.lines.partition_point(|start| *start <= offset);
        let start = index.line_start(line);
        let column = index.characters_before(&self.text, offset) - index.characters_before(&self.text, start) + 1;
        Position { line, column, offset }
    }

    /// The octet at which a line (from 1) begins; the last line's for lines beyond it.
    pub fn line_start(&self, line: usize) -> u32 {
        self.index.get_or_init(|| Index::of(&self.text)).line_start(line)
    }
}

/// Where lines begin, and how many characters lie before every 1024th octet.
#[derive(Debug, Clone)]
struct Index {
    lines: Vec<u32>,
    characters: Vec<u32>,
}

/// Octets between two counts. A column costs at most this many steps.
const STRIDE: usize = 1024;

impl Index {
    fn of(text: &str) -> Self {
        let mut lines = vec![0];
        lines.extend(text.bytes().enumerate().filter(|(_, b)| *b == b'\n').map(|(at, _)| at as u32 + 1));
        let mut characters = vec![0];
        let mut count = 0;
        for block in text.as_bytes().chunks(STRIDE) {
            count += begun(block);
            characters.push(count);
        }
        Self { lines, characters }
    }

    fn line_start(&self, line: usize) -> u32 {
        let at = line.saturating_sub(1).min(self.lines.len() - 1);
        self.lines.get(at).copied().unwrap_or(0)
    }

    fn characters_before(&self, text: &str, offset: u32) -> usize {
        let offset = offset as usize;
        let block = offset / STRIDE;
        let counted = self.characters.get(block).copied().unwrap_or(0);
        let rest = text.as_bytes().get(block * STRIDE..offset).map_or(0, begun);
        (counted + rest) as usize
    }
}

/// Characters that begin in some octets of UTF-8: all octets but those of the form 10xxxxxx.
fn begun(octets: &[u8]) -> u32 {
    octets.iter().filter(|b| **b & 0xc0 != 0x80).count() as u32
}

fn length(text: &str) -> u32 {
    u32::try_from(text.len()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(position: Position) -> (usize, usize, u32) {
        (position.line, position.column, position.offset)
    }

    #[test]
    fn every_offset_has_a_file_a_line_and_a_column() {
        let mut sources = SourceMap::new("main", "a\né b\n");
        assert_eq!(sources.add("second", ""), Some(8));
        assert_eq!(sources.add("third", "x\ny"), Some(9));
        let place = |start, end| {
            let place = sources.place(&(start..end));
            (place.file.name(), at(place.start), at(place.end))
        };
        assert_eq!(place(2, 5), ("main", (2, 1, 2), (2, 3, 5)));
        assert_eq!(place(7, 7), ("main", (3, 1, 7), (3, 1, 7)));
        assert_eq!(place(8, 8), ("second", (1, 1, 0), (1, 1, 0)));
        assert_eq!(place(11, 12), ("third", (2, 1, 2), (2, 2, 3)));
        // Into the middle of a character, backwards, across files, beyond everything.
        assert_eq!(place(3, 3), ("main", (2, 1, 2), (2, 1, 2)));
        assert_eq!(place(6, 2), ("main", (2, 4, 6), (2, 4, 6)));
        assert_eq!(place(0, 11), ("main", (1, 1, 0), (3, 1, 7)));
        assert_eq!(place(4_000_000_000, u32::MAX), ("third", (2, 2, 3), (2, 2, 3)));
    }

    #[test]
    fn names_move_no_cursor() {
        assert_eq!(SourceMap::new("a\n\u{1b}[2J", "").main().name(), "a\u{fffd}\u{fffd}[2J");
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn the_index_counts_as_one_would_by_hand(text in "[aé\u{1f600}\n\r]{0,3000}", at in 0usize..4000) {
            let mut at = at.min(text.len());
            while !text.is_char_boundary(at) {
                at -= 1;
            }
            let before = &text[..at];
            let line = before.matches('\n').count() + 1;
            let column = before.rsplit('\n').next().unwrap().chars().count() + 1;
            let sources = SourceMap::new("x", text.as_str());
            let found = sources.main().position(at as u32);
            prop_assert_eq!((found.line, found.column), (line, column));
        }
    }
}
