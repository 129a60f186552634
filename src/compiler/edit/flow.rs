//! The order of words in flow maps: `{ addresses: ..., name: ... }` to `{ name: ..., addresses: ... }`.
//!
//! Entries change places; what stands between them (commas, spaces, line ends) stays. A map that has
//! anything else between its entries, such as a comment, is left as it is.

use std::ops::Range;

use crate::compiler::config::default::{join, rank};
use crate::compiler::config::node::{Entry, Node, Value};
use crate::compiler::config::shape::{Schema, ShapeId};

/// The text with the words of every flow map in canonical order.
pub fn ordered(schema: &Schema, text: &str, root: &Node) -> String {
    let mut sorter = Sorter { schema, text, out: String::with_capacity(text.len()), at: 0 };
    sorter.node(&schema.leaves([schema.root]), root, "");
    sorter.copy_to(text.len());
    sorter.out
}

/// The places of a key that may be looked at: whether the node begins a flow collection.
pub fn is_flow(text: &str, node: &Node) -> bool {
    text.get(node.span.start as usize..).is_some_and(|t| t.starts_with(['{', '[']))
}

/// Whether the node is a repetition of another place in the text.
pub fn is_alias(text: &str, node: &Node) -> bool {
    text.get(node.span.start as usize..).is_some_and(|t| t.starts_with('*'))
}

struct Sorter<'s> {
    schema: &'s Schema,
    text: &'s str,
    out: String,
    /// Up to where the text is copied.
    at: usize,
}

impl Sorter<'_> {
    fn copy_to(&mut self, end: usize) {
        self.out.push_str(self.text.get(self.at..end).unwrap_or_default());
        self.at = self.at.max(end);
    }

    fn node(&mut self, shapes: &[ShapeId], node: &Node, path: &str) {
        if is_alias(self.text, node) {
            return;
        }
        match &node.value {
            Value::List(items) => {
                let shapes = self.schema.items(shapes);
                let path = format!("{path}[]");
                items.iter().for_each(|item| self.node(&shapes, item, &path));
            }
            Value::Map(entries) => {
                let words = self.schema.keys_are_words(shapes);
                let slots = if words && is_flow(self.text, node) { slots(self.text, node, entries) } else { None };
                match slots {
                    Some(slots) => self.sorted(shapes, entries, &slots, path),
                    None => entries.iter().for_each(|e| self.entry(shapes, e, path)),
                }
            }
            _ => {}
        }
    }

    fn entry(&mut self, shapes: &[ShapeId], entry: &Entry, path: &str) {
        let key = if self.schema.keys_are_words(shapes) { entry.key.as_str() } else { "*" };
        self.node(&self.schema.under(shapes, &entry.key), &entry.value, &join(path, key));
    }

    /// Writes the entries in their order into the slots in theirs.
    fn sorted(&mut self, shapes: &[ShapeId], entries: &[Entry], slots: &[Range<usize>], path: &str) {
        let mut order: Vec<usize> = (0..entries.len()).collect();
        order.sort_by_key(|i| rank(&join(path, &entries[*i].key)).unwrap_or(usize::MAX));
        for (slot, from) in slots.iter().zip(order) {
            self.copy_to(slot.start);
            self.at = slots[from].start;
            self.entry(shapes, &entries[from], path);
            self.copy_to(slots[from].end);
            self.at = slot.end;
        }
    }
}

/// The places of the entries, if nothing but commas and white space is between them.
fn slots(text: &str, node: &Node, entries: &[Entry]) -> Option<Vec<Range<usize>>> {
    let slots: Vec<Range<usize>> = entries.iter().map(|e| slot(text, e)).collect();
    let first = slots.first()?;
    let open = text.get(node.span.start as usize..first.start)?;
    let close = text.get(slots.last()?.end..node.span.end as usize)?;
    let between = |pair: &[Range<usize>]| text.get(pair[0].end..pair[1].start).is_some_and(|t| t.trim() == ",");
    let bare = open.trim() == "{" && matches!(close.trim(), "}" | ",}") | (close.split_whitespace().eq([",", "}"]));
    (bare && slots.windows(2).all(between)).then_some(slots)
}

fn slot(text: &str, entry: &Entry) -> Range<usize> {
    let (start, end) = (entry.key_span.start as usize, entry.key_span.end as usize);
    let written = entry.value.span.start as usize..entry.value.span.end as usize;
    if entry.value.value != Value::Null || text.get(written.clone()).is_some_and(|t| !t.trim().is_empty()) {
        return start..written.end.max(end);
    }
    // A value that is not there: the entry ends with its key, or with the colon.
    let rest = text.get(end..).unwrap_or_default();
    let gap = rest.len() - rest.trim_start().len();
    start..if rest.trim_start().starts_with(':') { end + gap + 1 } else { end }
}
