//! YAML text to the spanned tree (YAML 1.2.2).
//!
//! Most documents are in the `subset` that a faster reader takes; the whole of YAML is read here, from the events of
//! granit-parser. All errors of the file are collected; only broken syntax, too deep nesting and alias bombs end the
//! reading. Bounds: `limits::YAML_*`. Refused on purpose, because each is read differently by
//! different programs: duplicate keys, tags, merge keys, keys that are not scalars, a second document.

use std::collections::HashMap;
use std::collections::hash_map::Entry as Slot;

use granit_parser::{Event, Parser, ScalarStyle, ScanError, StructureStyle};

use super::finding::{Finding, shortened};
use super::node::{Entry, Node, Value};
use super::{scalar, subset};
use crate::ground::diagnostic::Span;
use crate::ground::limits;

/// The tree, unless reading had to end, and all findings.
#[derive(Debug)]
pub struct Tree {
    pub root: Option<Node>,
    pub findings: Vec<Finding>,
    /// Nodes that aliases repeated, in all files up to this one.
    pub repeated: usize,
}

/// Reads one document. Its places start at 0.
pub fn read(text: &str) -> Tree {
    read_after(text, 0)
}

/// Reads the document of a further file, after others whose aliases repeated so many nodes.
pub fn read_after(text: &str, repeated: usize) -> Tree {
    if text.len() > limits::YAML_OCTETS_MAX {
        let detail = format!("It has more than {} octets; so many are read.", limits::YAML_OCTETS_MAX);
        let finding = Finding::at("YAML-002", &(0..0), "the file is too long").detail(detail);
        return Tree { root: None, findings: vec![finding], repeated };
    }
    match subset::read(text) {
        Some(root) => Tree { root: Some(root), findings: Vec::new(), repeated },
        None => read_events(text, repeated),
    }
}

/// What [`read_after`] does with a document that `subset` does not take; the same, for every document that it takes.
pub fn read_events(text: &str, repeated: usize) -> Tree {
    let mut reader = Reader { text, repeated, ..Reader::default() };
    let mut parser = Parser::new_from_str(text);
    while let Some(event) = parser.next_event() {
        let step = match event {
            Ok((event, span)) => {
                let range = span.byte_range().unwrap_or(0..0);
                reader.event(event, &(offset(range.start)..offset(range.end)))
            }
            Err(error) => reader.syntax(&error),
        };
        match step {
            Step::Next => {}
            Step::Done => break,
            Step::GiveUp(finding) => {
                // What is still open may have keys twice.
                for frame in std::mem::take(&mut reader.stack) {
                    if let Frame::Map { mut entries, .. } = frame {
                        refuse_duplicates(&mut entries, &mut reader.findings);
                    }
                }
                reader.findings.push(*finding);
                return Tree { root: None, findings: reader.findings, repeated: reader.repeated };
            }
        }
    }
    // No document at all: nothing, as YAML says of an empty document.
    reader.root.get_or_insert(Node { span: 0..0, value: Value::Null });
    Tree { root: reader.root, findings: reader.findings, repeated: reader.repeated }
}

impl Tree {
    /// The same tree with all its places `base` octets further on.
    #[must_use]
    pub fn moved(mut self, base: u32) -> Self {
        if let Some(root) = &mut self.root {
            root.shift(base);
        }
        self.findings.iter_mut().for_each(|f| f.shift(base));
        self
    }
}

fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

/// An anchored node with what it costs to repeat it.
struct Anchored {
    node: Node,
    weight: usize,
    depth: usize,
}

/// A collection that is still open.
enum Frame {
    List { start: u32, anchor: usize, flow: bool, items: Vec<Node> },
    Map { start: u32, anchor: usize, flow: bool, entries: Vec<Entry>, key: Option<Key> },
}

/// A key whose value is awaited; `None` where the key itself was refused.
type Key = Option<(String, Span)>;

enum Step {
    Next,
    Done,
    GiveUp(Box<Finding>),
}

#[derive(Default)]
struct Reader<'a> {
    text: &'a str,
    root: Option<Node>,
    findings: Vec<Finding>,
    stack: Vec<Frame>,
    anchors: HashMap<usize, Anchored>,
    /// Weight of all aliases so far.
    repeated: usize,
    /// Scalars and collections so far, those that aliases stand for apart.
    nodes: usize,
    documents: usize,
}

impl Reader<'_> {
    fn event(&mut self, event: Event<'_>, span: &Span) -> Step {
        match event {
            Event::DocumentStart(..) => {
                self.documents += 1;
                if self.documents > 1 {
                    let finding = Finding::at("OPS-002", span, "a second document begins here")
                        .detail("One file is one configuration; what follows `---` would be ignored in silence.")
                        .fix("remove the line, or put the rest into another file");
                    self.findings.push(finding);
                    return Step::Done;
                }
            }
            Event::Scalar(text, style, anchor, tag) => {
                if self.nodes >= limits::YAML_NODES_MAX {
                    return too_large(span);
                }
                self.nodes += 1;
                self.refuse_tag(tag.is_some(), span);
                let plain = style == ScalarStyle::Plain && tag.is_none();
                let value = if plain { scalar::resolve(&text) } else { Value::Text(text.into_owned()) };
                return self.place(Node { span: span.clone(), value }, anchor, plain);
            }
            Event::SequenceStart(style, anchor, tag) => {
                self.refuse_tag(tag.is_some(), span);
                let flow = style == StructureStyle::Flow;
                return self.open(Frame::List { start: span.start, anchor, flow, items: Vec::new() }, span);
            }
            Event::MappingStart(style, anchor, tag) => {
                self.refuse_tag(tag.is_some(), span);
                let (flow, start) = (style == StructureStyle::Flow, span.start);
                return self.open(Frame::Map { start, anchor, flow, entries: Vec::new(), key: None }, span);
            }
            Event::SequenceEnd | Event::MappingEnd => return self.close(span),
            Event::Alias(id) => return self.alias(id, span),
            _ => {}
        }
        Step::Next
    }

    fn open(&mut self, frame: Frame, span: &Span) -> Step {
        if self.stack.len() >= limits::YAML_DEPTH_MAX {
            return too_deep(span);
        }
        if self.nodes >= limits::YAML_NODES_MAX {
            return too_large(span);
        }
        self.nodes += 1;
        self.stack.push(frame);
        Step::Next
    }

    fn close(&mut self, span: &Span) -> Step {
        let (node, anchor) = match self.stack.pop() {
            Some(Frame::List { start, anchor, flow, items }) => {
                let end = if flow { span.end } else { items.last().map_or(span.end, |n| n.span.end) };
                (Node { span: start..end.max(start), value: Value::List(items) }, anchor)
            }
            Some(Frame::Map { start, anchor, flow, mut entries, .. }) => {
                refuse_duplicates(&mut entries, &mut self.findings);
                let end = if flow { span.end } else { entries.last().map_or(span.end, |e| e.value.span.end) };
                (Node { span: start..end.max(start), value: Value::Map(entries) }, anchor)
            }
            None => return Step::Done,
        };
        self.place(node, anchor, false)
    }

    /// Repeats an anchored node. The budget is checked before anything is copied.
    fn alias(&mut self, id: usize, span: &Span) -> Step {
        let Some(anchored) = self.anchors.get(&id) else {
            let finding = Finding::at("YAML-001", span, "refers to what encloses it")
                .detail("An alias can only repeat a node that is complete before it; this one would contain itself.");
            return Step::GiveUp(Box::new(finding));
        };
        self.repeated = self.repeated.saturating_add(anchored.weight);
        if self.repeated > limits::YAML_ALIAS_NODES_MAX {
            return too_many(span);
        }
        if self.stack.len() + anchored.depth > limits::YAML_DEPTH_MAX {
            return too_deep(span);
        }
        let node = Node { span: span.clone(), value: anchored.node.value.clone() };
        self.place(node, 0, false)
    }

    /// Puts a complete node where it belongs.
    fn place(&mut self, node: Node, anchor: usize, plain: bool) -> Step {
        if anchor != 0 {
            let (weight, depth) = measure(&node);
            // The copy kept for later counts too: anchors nested in anchors would multiply a large file.
            self.repeated = self.repeated.saturating_add(weight);
            if self.repeated > limits::YAML_ALIAS_NODES_MAX {
                return too_many(&node.span);
            }
            self.anchors.insert(anchor, Anchored { node: node.clone(), weight, depth });
        }
        match self.stack.last_mut() {
            None => self.root = Some(node),
            Some(Frame::List { items, .. }) => items.push(node),
            Some(Frame::Map { entries, key, .. }) => match key.take() {
                None => {
                    let (given, finding) = as_key(self.text, node, plain);
                    *key = Some(given);
                    self.findings.extend(finding.filter(|_| self.findings.len() < limits::FINDINGS_MAX));
                }
                Some(None) => {}
                Some(Some((key, key_span))) => entries.push(Entry { key, key_span, value: node }),
            },
        }
        Step::Next
    }

    fn refuse_tag(&mut self, tagged: bool, span: &Span) {
        if tagged && self.findings.len() < limits::FINDINGS_MAX {
            let finding = Finding::at("OPS-002", span, "this value carries a tag")
                .detail("Tags (`!name`, `!!str`) change what a value is; no key of the language needs one.")
                .fix("remove the tag; put text that looks like a number between quotes");
            self.findings.push(finding);
        }
    }

    fn syntax(&self, error: &ScanError) -> Step {
        let at = error.marker().byte_offset().unwrap_or(0).min(self.text.len());
        let length =
            self.text.get(at..).and_then(|t| t.chars().next()).filter(|c| *c != '\n').map_or(0, char::len_utf8);
        let message = error.info();
        let mut finding = Finding::at("YAML-001", &(offset(at)..offset(at + length)), "reading stopped here")
            .detail(sentence(&message));
        let line = self.text.get(..at).unwrap_or_default().rsplit('\n').next().unwrap_or_default();
        let rest = self.text.get(at..).unwrap_or_default();
        if line.trim_start_matches(' ').starts_with('\t') || rest.starts_with('\t') || message.contains("tab") {
            finding = finding.fix("indent with spaces; YAML forbids tabs there");
        } else if message.contains("quote") {
            finding = finding.fix("close the quote; inside double quotes write \\\" for a quote");
        } else if let Some(start) = self.stack.iter().rev().find_map(open_bracket) {
            finding = finding.related(&(start..start + 1), "opened here").fix("close the bracket");
        }
        Step::GiveUp(Box::new(finding))
    }
}

/// Leaves the first of each key, and reports the others.
fn refuse_duplicates(entries: &mut Vec<Entry>, findings: &mut Vec<Finding>) {
    // Nearly every map is small enough to be compared key by key.
    const SMALL: usize = 8;
    let small = entries.len() <= SMALL;
    let mut first: HashMap<&str, &Span> = HashMap::with_capacity(if small { 0 } else { entries.len() });
    let mut again: Vec<bool> = Vec::new();
    for (at, entry) in entries.iter().enumerate() {
        let given = match small {
            true => entries[..at].iter().find(|e| e.key == entry.key).map(|e| &e.key_span),
            false => match first.entry(&entry.key) {
                Slot::Occupied(given) => Some(*given.get()),
                Slot::Vacant(slot) => {
                    slot.insert(&entry.key_span);
                    None
                }
            },
        };
        let Some(given) = given else { continue };
        again.resize(entries.len(), false);
        again[at] = true;
        if findings.len() < limits::FINDINGS_MAX {
            let finding = Finding::at("OPS-002", &entry.key_span, "given again here")
                .related(given, "first given here")
                .detail(format!(
                    "The key `{}` stands twice in one map; one of the two would be ignored in silence.",
                    shortened(&entry.key)
                ))
                .fix("remove one of them, or merge their values");
            findings.push(finding);
        }
    }
    let mut again = again.into_iter();
    entries.retain(|_| !again.next().unwrap_or(false));
}

/// Where the innermost flow collection was opened.
fn open_bracket(frame: &Frame) -> Option<u32> {
    match frame {
        Frame::List { start, flow: true, .. } | Frame::Map { start, flow: true, .. } => Some(*start),
        _ => None,
    }
}

/// A node in the place of a key: its text, or the reason why it cannot be one.
fn as_key(text: &str, node: Node, plain: bool) -> (Key, Option<Finding>) {
    let span = node.span;
    match node.value {
        Value::Text(name) if plain && name == "<<" => {
            let finding = Finding::at("OPS-002", &span, "a merge key")
                .detail("`<<` merged maps in YAML 1.1 only; YAML 1.2 knows no such thing.")
                .fix("write the keys out, or repeat a whole value with an alias");
            (None, Some(finding))
        }
        Value::Text(name) => (Some((name, span)), None),
        Value::Bool(_) | Value::Float(_) | Value::Integer(_) => {
            let written = text.get(span.start as usize..span.end as usize).unwrap_or_default().to_owned();
            (Some((written, span)), None)
        }
        Value::List(_) | Value::Map(_) | Value::Null => {
            let finding = Finding::at("OPS-002", &span, "this cannot be a key")
                .detail("A key is a word; a list, a map or nothing at all is none.")
                .fix("write `name: value`");
            (None, Some(finding))
        }
    }
}

fn too_deep(span: &Span) -> Step {
    let detail = format!("Maps and lists may nest {} deep; the language needs six.", limits::YAML_DEPTH_MAX);
    Step::GiveUp(Box::new(Finding::at("YAML-002", span, "nested too deep").detail(detail)))
}

fn too_large(span: &Span) -> Step {
    let detail = format!("Up to here the file has {} keys and values; no more are read.", limits::YAML_NODES_MAX);
    Step::GiveUp(Box::new(Finding::at("YAML-002", span, "too many values").detail(detail)))
}

fn too_many(span: &Span) -> Step {
    let detail = format!(
        "Anchors and aliases up to here stand for more than {} nodes. Small files that expand without end are a known attack.",
        limits::YAML_ALIAS_NODES_MAX
    );
    let finding = Finding::at("YAML-002", span, "this crosses the limit")
        .detail(detail)
        .fix("write the values out, or split the file");
    Step::GiveUp(Box::new(finding))
}

/// Nodes of a tree (long text counts as several) and its depth.
fn measure(node: &Node) -> (usize, usize) {
    const OCTETS_PER_NODE: usize = 64;
    let children: Vec<(usize, usize)> = match &node.value {
        Value::List(items) => items.iter().map(measure).collect(),
        Value::Map(entries) => entries
            .iter()
            .map(|e| {
                let (weight, depth) = measure(&e.value);
                (weight + e.key.len() / OCTETS_PER_NODE, depth)
            })
            .collect(),
        Value::Text(text) => return (1 + text.len() / OCTETS_PER_NODE, 0),
        _ => return (1, 0),
    };
    let weight = children.iter().map(|c| c.0).sum::<usize>();
    (1 + weight, 1 + children.iter().map(|c| c.1).max().unwrap_or(0))
}

/// The parser's message as a sentence.
fn sentence(message: &str) -> String {
    let mut chars = message.chars();
    let first = chars.next().map(|c| c.to_uppercase().collect::<String>()).unwrap_or_default();
    let end = if message.ends_with('.') { "" } else { "." };
    format!("{first}{}{end}", chars.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(text: &str) -> Vec<&'static str> {
        read(text).findings.iter().map(|f| f.code).collect()
    }

    #[test]
    fn places_are_those_of_the_text() {
        let text = "a: 1\nb: [x, 'y']\r\nc:\n  d: e\n";
        let root = read(text).root.unwrap();
        let b = root.get("b").unwrap();
        assert_eq!(&text[b.span.start as usize..b.span.end as usize], "[x, 'y']");
        let d = root.get("c").unwrap().get("d").unwrap();
        assert_eq!(&text[d.span.start as usize..d.span.end as usize], "e");
    }

    #[test]
    fn duplicates_are_found_at_any_size() {
        let mut text: String = (0..500).map(|i| format!("k{i}: 1\n")).collect();
        text.push_str("k3: 2\nk400: 2\n");
        assert_eq!(codes(&text), ["OPS-002", "OPS-002"]);
    }

    #[test]
    fn aliases_have_a_budget() {
        assert_eq!(codes("a: &a {x: 1}\nb: *a\n"), [""; 0]);
        let bomb = "a: &a [1,1,1,1,1,1,1,1,1,1]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\n\
                    d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d]\nf: [*e,*e,*e,*e,*e,*e,*e,*e,*e,*e]\n";
        assert_eq!(codes(bomb), ["YAML-002"]);
        let long = format!("a: &a {}\nb: [{}]\n", "x".repeat(1_000_000), "*a,".repeat(50));
        assert_eq!(codes(&long), ["YAML-002"]);
        assert_eq!(codes("a: &a [*a]\n"), ["YAML-001"]);
    }

    #[test]
    fn depth_is_bounded() {
        assert_eq!(codes(&format!("{}1{}", "[".repeat(65), "]".repeat(65))), ["YAML-002"]);
        assert_eq!(codes(&format!("{}1{}", "[".repeat(64), "]".repeat(64))), [""; 0]);
    }

    #[test]
    fn what_others_read_differently_is_refused() {
        for text in
            ["a: !!str 1\n", "a: !x {}\n", "a: &a {}\nb: {<<: *a}\n", "a: 1\n---\nb: 2\n", "[a]: 1\n", "? {}\n: 1\n"]
        {
            assert_eq!(codes(text), ["OPS-002"], "{text}");
        }
        assert_eq!(codes("a:\n\t- 1\n"), ["YAML-001"]);
    }
}
