//! The lines of a file in block style: order of words, indentation, empty lines.
//!
//! Works on lines beside the tree. An entry owns the lines from its leading comments to those of the next
//! entry, and moves with all of them. What is irregular (explicit keys, anchors before keys, several entries in a line)
//! is moved as a whole and not looked into.

use super::flow::{is_alias, is_flow};
use crate::compiler::config::default::{join, rank};
use crate::compiler::config::node::{Entry, Node, Value};
use crate::compiler::config::shape::{Schema, ShapeId};

/// Columns of one level.
const INDENT: usize = 2;

/// The text with every block collection laid out. `ordered`: words may change places.
pub fn laid_out(schema: &Schema, text: &str, root: &Node, ordered: bool) -> String {
    let mut lines = lines(text);
    while lines.last().is_some_and(Line::is_blank) {
        lines.pop();
    }
    let tail = lines.split_off(document_end(&lines));
    let head = head(&lines, root);
    let body = lines.split_off(head);
    let mut printer = Printer { schema, text, ordered, out: Vec::new() };
    printer.head(&lines);
    let shapes = schema.leaves([schema.root]);
    if !printer.block(root, &body, 0, &shapes, "") {
        printer.verbatim(&body, 0, false);
    }
    printer.head(&tail);
    let mut out = printer.out.join("\n");
    out.push('\n');
    out
}

/// One line without its indentation and end.
#[derive(Debug, Clone, Copy)]
struct Line<'t> {
    /// Offset of the first character behind the indentation.
    at: usize,
    indent: usize,
    text: &'t str,
}

impl Line<'_> {
    fn is_blank(&self) -> bool {
        self.text.trim().is_empty()
    }

    fn is_comment(&self) -> bool {
        self.text.starts_with('#')
    }
}

fn lines(text: &str) -> Vec<Line<'_>> {
    let mut at = 0;
    text.split('\n')
        .map(|line| {
            let indent = line.len() - line.trim_start_matches(' ').len();
            let shown = Line { at: at + indent, indent, text: &line[indent..] };
            at += line.len() + 1;
            shown
        })
        .collect()
}

/// Where `...` and what follows it begins.
fn document_end(lines: &[Line<'_>]) -> usize {
    let content = lines.iter().rposition(|l| !l.is_blank() && !l.is_comment());
    content.filter(|at| lines[*at].indent == 0 && lines[*at].text.trim_end() == "...").unwrap_or(lines.len())
}

/// How many lines stand above everything: directives, `---`, and comments that an empty line parts from the first key.
fn head(lines: &[Line<'_>], root: &Node) -> usize {
    let start = match &root.value {
        Value::Map(entries) => entries.first().map_or(root.span.start, |e| e.key_span.start.min(root.span.start)),
        _ => root.span.start,
    };
    let above =
        lines.iter().take_while(|l| l.at < start as usize && (l.is_blank() || l.is_comment() || marks(l))).count();
    lines[..above].iter().rposition(|l| l.is_blank() || marks(l)).map_or(0, |at| at + 1)
}

fn marks(line: &Line<'_>) -> bool {
    line.indent == 0 && (line.text.starts_with('%') || line.text.split([' ', '#']).next() == Some("---"))
}

/// An entry of a map or list with its lines.
struct Chunk<'l, 't> {
    leading: &'l [Line<'t>],
    body: &'l [Line<'t>],
    /// Comments right below it that an empty line parts from what follows.
    trailing: &'l [Line<'t>],
}

struct Printer<'p> {
    schema: &'p Schema,
    text: &'p str,
    ordered: bool,
    out: Vec<String>,
}

impl Printer<'_> {
    fn line(&mut self, column: usize, text: &str) {
        self.out.push(format!("{:column$}{}", "", trimmed(text)));
    }

    fn empty_line(&mut self) {
        if self.out.last().is_some_and(|l| !l.is_empty()) {
            self.out.push(String::new());
        }
    }

    fn head(&mut self, lines: &[Line<'_>]) {
        for line in lines {
            if line.is_blank() { self.empty_line() } else { self.line(line.indent, line.text) }
        }
    }

    /// Lays out a block collection at `column`. False, and nothing written: it is none, or irregular.
    fn block(&mut self, node: &Node, lines: &[Line<'_>], column: usize, shapes: &[ShapeId], path: &str) -> bool {
        if is_flow(self.text, node) || is_alias(self.text, node) {
            return false;
        }
        match &node.value {
            Value::Map(entries) if !entries.is_empty() => self.map(entries, lines, column, shapes, path),
            Value::List(items) if !items.is_empty() => self.list(items, lines, column, shapes, path),
            _ => false,
        }
    }

    fn map(&mut self, entries: &[Entry], lines: &[Line<'_>], column: usize, shapes: &[ShapeId], path: &str) -> bool {
        let Some(starts) = key_lines(entries, lines) else { return false };
        let values: Vec<&Node> = entries.iter().map(|e| &e.value).collect();
        let (chunks, footer) = self.chunks(&values, &starts, lines);
        let words = self.schema.keys_are_words(shapes);
        let mut order: Vec<usize> = (0..entries.len()).collect();
        if words && self.ordered {
            order.sort_by_key(|i| rank(&join(path, &entries[*i].key)).unwrap_or(usize::MAX));
        }
        let single = |c: &Chunk<'_, '_>| c.body.len() == 1;
        let bare = |c: &Chunk<'_, '_>| single(c) && !c.leading.iter().any(Line::is_comment);
        let mut before: Option<&Chunk<'_, '_>> = None;
        for index in order {
            let (entry, chunk) = (&entries[index], &chunks[index]);
            let apart = path.is_empty() && before.is_some_and(|b| !(single(b) && bare(chunk)));
            self.leading(chunk.leading, column, before.is_none(), apart);
            let key = if words { entry.key.as_str() } else { "*" };
            self.value(&entry.value, chunk.body, column, &self.schema.under(shapes, &entry.key), &join(path, key));
            self.trailing(chunk.trailing, column);
            before = Some(chunk);
        }
        self.footer(footer, column);
        true
    }

    /// A key with its value.
    fn value(&mut self, node: &Node, body: &[Line<'_>], column: usize, shapes: &[ShapeId], path: &str) {
        let Some((first, rest)) = body.split_first() else { return };
        let mark = self.out.len();
        self.line(column, first.text);
        if !self.block(node, rest, column + INDENT, shapes, path) {
            self.out.truncate(mark);
            self.verbatim(body, column, self.is_exact(node));
        }
    }

    fn list(&mut self, items: &[Node], lines: &[Line<'_>], column: usize, shapes: &[ShapeId], path: &str) -> bool {
        let Some(starts) = dash_lines(items, lines) else { return false };
        let values: Vec<&Node> = items.iter().collect();
        let (chunks, footer) = self.chunks(&values, &starts, lines);
        let (shapes, path) = (self.schema.items(shapes), format!("{path}[]"));
        for (index, (item, chunk)) in items.iter().zip(&chunks).enumerate() {
            self.leading(chunk.leading, column, index == 0, false);
            self.item(item, chunk.body, column, &shapes, &path);
            self.trailing(chunk.trailing, column);
        }
        self.footer(footer, column);
        true
    }

    fn item(&mut self, node: &Node, body: &[Line<'_>], column: usize, shapes: &[ShapeId], path: &str) {
        let Some((first, rest)) = body.split_first() else { return };
        let behind = first.text.strip_prefix('-').unwrap_or(first.text);
        let inner = behind.trim_start_matches(' ');
        let gap = 1 + behind.len() - inner.len();
        let mark = self.out.len();
        if inner.trim().is_empty() || inner.starts_with('#') {
            self.line(column, if inner.trim().is_empty() { "-" } else { first.text });
            if self.block(node, rest, column + INDENT, shapes, path) {
                return;
            }
        } else {
            let mut lines = vec![Line { at: first.at + gap, indent: first.indent + gap, text: inner }];
            lines.extend_from_slice(rest);
            if self.block(node, &lines, column + INDENT, shapes, path) {
                if let Some(line) = self.out.get_mut(mark) {
                    *line = format!("{:column$}- {}", "", line.trim_start_matches(' '));
                }
                return;
            }
        }
        self.out.truncate(mark);
        self.verbatim(body, column, self.is_exact(node));
    }

    /// Lines moved as a whole, so that the first begins at `column`. `exact`: a block scalar, whose empty lines count.
    fn verbatim(&mut self, lines: &[Line<'_>], column: usize, exact: bool) {
        let from = lines.first().map_or(column, |l| l.indent);
        for (index, line) in lines.iter().enumerate() {
            let indent = (line.indent + column).saturating_sub(from);
            if exact && index > 0 {
                let indent = if line.text.is_empty() && line.indent == 0 { 0 } else { indent };
                self.out.push(format!("{:indent$}{}", "", line.text));
            } else if line.is_blank() {
                self.out.push(String::new());
            } else {
                self.line(indent, line.text);
            }
        }
    }

    fn leading(&mut self, lines: &[Line<'_>], column: usize, first: bool, apart: bool) {
        if apart {
            self.empty_line();
        }
        let start = self.out.len();
        for line in lines {
            if line.is_comment() {
                self.line(column, line.text);
            } else if !(first && self.out.len() == start) {
                self.empty_line();
            }
        }
    }

    /// The empty line behind it keeps it from becoming the next key's.
    fn trailing(&mut self, lines: &[Line<'_>], column: usize) {
        lines.iter().for_each(|l| self.line(column, l.text));
        if !lines.is_empty() {
            self.empty_line();
        }
    }

    fn footer(&mut self, lines: &[Line<'_>], column: usize) {
        self.leading(lines, column, false, false);
        while self.out.last().is_some_and(String::is_empty) {
            self.out.pop();
        }
    }

    /// Whether the value is a block scalar.
    fn is_exact(&self, node: &Node) -> bool {
        self.block_header(node).is_some()
    }

    /// The header of a block scalar, e.g. `|2-`.
    fn block_header(&self, node: &Node) -> Option<&str> {
        let text = self.text.get(node.span.start as usize..)?;
        let is_text = matches!(node.value, Value::Text(_));
        (is_text && text.starts_with(['|', '>'])).then(|| text.split([' ', '\n', '#']).next()).flatten()
    }

    /// Cuts `lines` into one chunk for each value and the comments at the end that belong to none.
    fn chunks<'l, 't>(
        &self,
        values: &[&Node],
        starts: &[usize],
        lines: &'l [Line<'t>],
    ) -> (Vec<Chunk<'l, 't>>, &'l [Line<'t>]) {
        let mut chunks = Vec::with_capacity(values.len());
        let mut from = 0;
        let column = starts.first().and_then(|s| lines.get(*s)).map_or(0, |l| l.indent);
        for (index, (value, start)) in values.iter().zip(starts).enumerate() {
            let next = starts.get(index + 1).copied().unwrap_or(lines.len());
            let end = self.end_of(value, lines, *start, next, column);
            let rest = &lines[end..next];
            let own = rest.iter().take_while(|l| l.is_comment()).count();
            let last = index + 1 == values.len();
            let own = if own == rest.len() && !last { 0 } else { own };
            chunks.push(Chunk { leading: &lines[from..*start], body: &lines[*start..end], trailing: &rest[..own] });
            from = end + own;
        }
        (chunks, &lines[from..])
    }

    /// Behind the last line of an entry; what follows up to `next` are comments and empty lines.
    fn end_of(&self, value: &Node, lines: &[Line<'_>], start: usize, next: usize, column: usize) -> usize {
        let nested = matches!(value.value, Value::Map(_) | Value::List(_)) && !is_flow(self.text, value);
        let nested = (nested || self.is_exact(value)) && !is_alias(self.text, value);
        // Of a value whose end is known, whatever follows is a comment; inside others comments are told by their column.
        let least = if nested {
            start + 1
        } else {
            let end = (value.span.end as usize).max(lines[start].at + 1);
            start
                + 1
                + lines[start + 1..next]
                    .iter()
                    .take_while(|l| l.at < end && !(l.is_blank() && value.value == Value::Null))
                    .count()
        };
        let mut end = next;
        while end > least {
            let line = &lines[end - 1];
            if !(line.is_blank() || (line.is_comment() && (!nested || line.indent <= column))) {
                break;
            }
            end -= 1;
        }
        if self.block_header(value).is_some_and(|h| h.contains('+')) {
            end += lines[end..next].iter().take_while(|l| l.is_blank()).count();
        }
        end
    }
}

/// The lines on which the keys stand, if each has one of its own and all stand in one column.
fn key_lines(entries: &[Entry], lines: &[Line<'_>]) -> Option<Vec<usize>> {
    let mut starts = Vec::with_capacity(entries.len());
    let mut at = 0;
    for entry in entries {
        let key = entry.key_span.start as usize;
        at += lines.get(at..)?.iter().position(|l| l.at >= key)?;
        if lines[at].at != key {
            return None;
        }
        starts.push(at);
        at += 1;
    }
    regular(&starts, lines).then_some(starts)
}

/// The lines with the dashes of a list, if there is one for each item.
fn dash_lines(items: &[Node], lines: &[Line<'_>]) -> Option<Vec<usize>> {
    let first = lines.iter().position(|l| !l.is_blank() && !l.is_comment())?;
    let column = lines[first].indent;
    let dash = |l: &Line<'_>| l.indent == column && (l.text.trim_end() == "-" || l.text.starts_with("- "));
    let starts: Vec<usize> = (first..lines.len()).filter(|at| dash(&lines[*at])).collect();
    (starts.first() == Some(&first) && starts.len() == items.len()).then_some(starts)
}

/// Whether all keys stand in one column, with only comments and empty lines before the first.
fn regular(starts: &[usize], lines: &[Line<'_>]) -> bool {
    let Some(first) = starts.first() else { return false };
    let column = lines[*first].indent;
    starts.iter().all(|at| lines[*at].indent == column)
        && lines[..*first].iter().all(|l| l.is_blank() || l.is_comment())
}

/// Without white space at the end, unless it is escaped.
fn trimmed(text: &str) -> &str {
    let bare = text.trim_end_matches([' ', '\t']);
    if bare.ends_with('\\') && bare.len() < text.len() { text } else { bare }
}
