//! A Rust source file, seen three ways: as written, its code alone, its comments alone.
//!
//! The views have the same length and the same line breaks, so that an offset found in one is a place in
//! all of them. This is not a Rust parser; it knows comments, string and character literals, and braces.

use std::ops::Range;
use std::path::{Path, PathBuf};

pub struct Source {
    /// From the repository's root, e.g. `src/plan/codec.rs`.
    pub path: PathBuf,
    pub raw: String,
    /// Comments and the insides of literals are blanks.
    pub code: String,
    /// Everything that is not a comment is blank.
    pub comments: String,
    /// Items under `#[cfg(test)]`, as ranges of offsets.
    tests: Vec<Range<usize>>,
    /// Declared by another file as `#[cfg(test)] mod name;`.
    declared_for_tests: bool,
}

impl Source {
    pub fn new(path: impl Into<PathBuf>, raw: &str) -> Self {
        let (code, comments) = split(raw);
        let tests = test_items(&code);
        Self { path: path.into(), raw: raw.to_owned(), code, comments, tests, declared_for_tests: false }
    }

    /// Every `.rs` file below `root/folder`, in the order of their paths.
    pub fn all_below(root: &Path, folder: &str) -> Vec<Self> {
        let (mut folders, mut found) = (vec![root.join(folder)], Vec::new());
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display())) {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|e| e == "rs") {
                    let text = std::fs::read_to_string(&path).unwrap();
                    found.push(Self::new(path.strip_prefix(root).unwrap(), &text));
                }
            }
        }
        found.sort_by(|a, b| a.path.cmp(&b.path));
        let for_tests: Vec<Vec<String>> = found.iter().flat_map(Self::test_modules).collect();
        for source in &mut found {
            source.declared_for_tests = for_tests.contains(&source.module());
        }
        found
    }

    /// Modules that this file declares with `#[cfg(test)] mod name;`.
    fn test_modules(&self) -> Vec<Vec<String>> {
        let declared = |item: &Range<usize>| {
            let text = self.code[item.clone()].trim_start_matches("#[cfg(test)]").trim().strip_suffix(';')?;
            let name = text.rsplit(' ').next()?;
            text.contains("mod ").then(|| [self.module(), vec![name.to_owned()]].concat())
        };
        self.tests.iter().filter_map(declared).collect()
    }

    /// The module's path below the crate, e.g. `["plan", "codec"]`; the root's is empty.
    pub fn module(&self) -> Vec<String> {
        let below = self.path.strip_prefix("src").unwrap_or(&self.path).with_extension("");
        let mut parts: Vec<String> = below.iter().map(|p| p.to_string_lossy().into_owned()).collect();
        if matches!(parts.last().map(String::as_str), Some("mod" | "lib" | "main")) {
            parts.pop();
        }
        parts
    }

    /// Whether the code at `offset` is compiled into the program.
    pub fn ships(&self, offset: usize) -> bool {
        !self.is_test_file() && !self.tests.iter().any(|t| t.contains(&offset))
    }

    /// `tests.rs` and what lies below a folder `tests` hold tests only.
    pub fn is_test_file(&self) -> bool {
        self.declared_for_tests || self.path.starts_with("tests") || self.module().iter().any(|part| part == "tests")
    }

    pub fn line(&self, offset: usize) -> usize {
        self.raw.as_bytes()[..offset].iter().filter(|b| **b == b'\n').count() + 1
    }

    /// Offsets at which `word` stands in the code with no letter, digit or `_` on either side.
    pub fn words<'a>(&'a self, word: &'a str) -> impl Iterator<Item = usize> + 'a {
        let code = self.code.as_bytes();
        self.code.match_indices(word).map(|(at, _)| at).filter(move |&at| {
            let before = at.checked_sub(1).map(|i| code[i]);
            let after = code.get(at + word.len()).copied();
            let first = word.as_bytes()[0];
            let last = word.as_bytes()[word.len() - 1];
            (!name_byte(first) || !before.is_some_and(name_byte)) && (!name_byte(last) || !after.is_some_and(name_byte))
        })
    }
}

pub fn name_byte(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b == b'_'
}

/// The offset just after the bracket that closes the one at `open`.
pub fn closing(code: &str, open: usize) -> usize {
    let mut depth = 0usize;
    for (i, b) in code.bytes().enumerate().skip(open) {
        match b {
            b'{' | b'(' | b'[' => depth += 1,
            b'}' | b')' | b']' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return i + 1;
                }
            }
            _ => {}
        }
    }
    code.len()
}

/// What `#[cfg(test)]` covers: up to the brace that closes the next item, or to its `;`.
fn test_items(code: &str) -> Vec<Range<usize>> {
    let mut items = Vec::new();
    for (start, _) in code.match_indices("#[cfg(test)]") {
        let rest = &code[start..];
        let end = match (rest.find('{'), rest.find(';')) {
            (Some(brace), semicolon) if semicolon.is_none_or(|s| brace < s) => closing(code, start + brace),
            (_, Some(semicolon)) => start + semicolon + 1,
            _ => code.len(),
        };
        items.push(start..end);
    }
    items
}

/// Code and comments of `raw`, each with blanks where the other stands.
fn split(raw: &str) -> (String, String) {
    let bytes = raw.as_bytes();
    let mut code = bytes.to_vec();
    let mut comments = bytes.to_vec();
    let blank = |view: &mut [u8], range: Range<usize>| {
        for b in &mut view[range] {
            if *b != b'\n' {
                *b = b' ';
            }
        }
    };
    let (mut i, mut from) = (0, 0);
    while i < bytes.len() {
        let rest = &bytes[i..];
        let comment = rest.starts_with(b"//") || rest.starts_with(b"/*");
        let end = if comment { comment_end(bytes, i) } else { literal_end(bytes, i) };
        let Some(end) = end else {
            i += 1;
            continue;
        };
        if comment {
            blank(&mut comments, from..i);
            blank(&mut code, i..end);
            from = end;
        } else {
            // The quotes stay, so that `.expect("` can be recognised.
            blank(&mut code, (i + 1).min(end)..end.saturating_sub(1).max(i + 1).min(end));
        }
        i = end;
    }
    blank(&mut comments, from..bytes.len());
    (String::from_utf8_lossy(&code).into_owned(), String::from_utf8_lossy(&comments).into_owned())
}

fn comment_end(bytes: &[u8], start: usize) -> Option<usize> {
    if bytes[start + 1] == b'/' {
        return Some(bytes[start..].iter().position(|b| *b == b'\n').map_or(bytes.len(), |n| start + n));
    }
    let (mut depth, mut i) = (0usize, start);
    while i < bytes.len() {
        if bytes[i..].starts_with(b"/*") {
            depth += 1;
            i += 2;
        } else if bytes[i..].starts_with(b"*/") {
            depth -= 1;
            i += 2;
            if depth == 0 {
                return Some(i);
            }
        } else {
            i += 1;
        }
    }
    Some(bytes.len())
}

/// The end of a string, raw string or character literal that begins at `start`; `None` if none does.
fn literal_end(bytes: &[u8], start: usize) -> Option<usize> {
    let preceded = start > 0 && name_byte(bytes[start - 1]);
    match bytes[start] {
        b'"' => Some(quoted_end(bytes, start, b'"')),
        b'r' if !preceded || bytes[start - 1] == b'b' || bytes[start - 1] == b'c' => {
            let hashes = bytes[start + 1..].iter().take_while(|b| **b == b'#').count();
            if bytes.get(start + 1 + hashes) != Some(&b'"') {
                return None;
            }
            let mut close = vec![b'"'];
            close.extend(std::iter::repeat_n(b'#', hashes));
            let body = start + 2 + hashes;
            Some(
                bytes[body..]
                    .windows(close.len())
                    .position(|w| w == close)
                    .map_or(bytes.len(), |n| body + n + close.len()),
            )
        }
        // A lifetime has no closing quote two characters on.
        b'\'' => match (bytes.get(start + 1)?, bytes.get(start + 2)?) {
            (b'\\', _) => Some(quoted_end(bytes, start, b'\'')),
            (_, b'\'') => Some(start + 3),
            (first, _) if !first.is_ascii() => Some(quoted_end(bytes, start, b'\'')),
            _ => None,
        },
        _ => None,
    }
}

fn quoted_end(bytes: &[u8], start: usize, quote: u8) -> usize {
    let mut i = start + 1;
    while i < bytes.len() {
        match bytes[i] {
            b'\\' => i += 2,
            b if b == quote => return i + 1,
            _ => i += 1,
        }
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn views_keep_length_and_lines() {
        let text = "let a = \"// no\"; // yes 'x'\n/* b /* c */ d */ let c = 'x'; let l: &'a str = r#\"q\"q\"#;\n";
        let s = Source::new("src/a.rs", text);
        assert_eq!((s.code.len(), s.comments.len()), (text.len(), text.len()));
        assert!(s.code.contains("let c = ' ';") && !s.code.contains("no"), "{}", s.code);
        assert!(s.comments.contains("yes 'x'") && s.comments.contains("d */") && !s.comments.contains("let"));
        assert_eq!(s.line(text.find("let c").unwrap()), 2);
    }

    #[test]
    fn test_items_do_not_ship() {
        let s = Source::new("src/a.rs", "fn a() {}\n#[cfg(test)]\nmod tests { fn b() { {} } }\nfn c() {}\n");
        let ships = |what: &str| s.ships(s.raw.find(what).unwrap());
        assert!(ships("fn a") && !ships("fn b") && ships("fn c"));
        assert!(!Source::new("src/a/tests.rs", "fn a() {}").ships(0));
    }
}
