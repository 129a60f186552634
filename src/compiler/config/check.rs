//! The schema check over the spanned tree: every mistake with its place and the edit that mends it.
//!
//! What is wrong is reported and cut out of the tree, so that the rest can still be decoded and judged:
//! all findings of a file come in one run. Places that lost something are remembered; what the rules say
//! about them would be noise ([`Checked::touches_broken`]).

use super::finding::{Finding, listed, nearest, only_near, shortened};
use super::format::Format;
use super::node::{Entry, Node, Value};
use super::scalar;
use super::shape::{Schema, Shape, ShapeId};
use crate::ground::diagnostic::Span;
use crate::ground::limits;

/// The outcome: what is left of the tree, and what was wrong.
#[derive(Debug)]
pub struct Checked {
    /// The tree without its wrong parts; `None` if what is left says too little to go on.
    pub tree: Option<Node>,
    pub findings: Vec<Finding>,
    /// Whether entries with names of their own (accounts, domains ...) are gone, so that what is said of
    /// missing ones may be wrong.
    pub lost_entries: bool,
    broken: Vec<Span>,
}

impl Checked {
    /// Whether a finding concerns a place of which something was cut out.
    pub fn touches_broken(&self, finding: &Finding) -> bool {
        // They are disjoint, so that their ends are sorted too.
        let overlaps = |a: &Span| {
            let first = self.broken.partition_point(|b| b.end <= a.start);
            self.broken.get(first).is_some_and(|b| b.start < a.end)
        };
        finding.primary.iter().chain(&finding.related).any(|label| overlaps(&label.span))
    }
}

/// Checks a whole file.
pub fn check(schema: &Schema, mut root: Node) -> Checked {
    let mut checker =
        Checker { schema, findings: Vec::new(), broken: Vec::new(), root_damaged: false, lost_entries: false };
    let usable = checker.node(schema.root, &mut root, "", true) && !checker.root_damaged;
    let Checker { findings, broken, lost_entries, .. } = checker;
    Checked { tree: usable.then_some(root), findings, lost_entries, broken: disjoint(broken) }
}

/// The same places, sorted, those that overlap as one.
fn disjoint(mut spans: Vec<Span>) -> Vec<Span> {
    spans.sort_unstable_by_key(|s| (s.start, s.end));
    let mut merged: Vec<Span> = Vec::with_capacity(spans.len());
    for span in spans {
        match merged.last_mut() {
            Some(last) if span.start < last.end => last.end = last.end.max(span.end),
            _ => merged.push(span),
        }
    }
    merged
}

struct Checker<'s> {
    schema: &'s Schema,
    findings: Vec<Finding>,
    broken: Vec<Span>,
    /// A whole section had to go; defaults in its place would be judged instead.
    root_damaged: bool,
    lost_entries: bool,
}

impl Checker<'_> {
    fn report(&mut self, finding: Finding) {
        if self.findings.len() < limits::FINDINGS_MAX {
            self.findings.push(finding);
        }
    }

    /// Checks `node`, the value of `key`. False: it has to be cut out.
    fn node(&mut self, id: ShapeId, node: &mut Node, key: &str, root: bool) -> bool {
        if self.schema.admits(id, node) {
            return true;
        }
        let schema = self.schema;
        let shape = schema.shape(id);
        if !shape.alternatives.is_empty() {
            return self.alternatives(id, node, key);
        }
        if !shape.types.admits(&node.value) {
            self.wrong_kind(&[id], node, key);
            return false;
        }
        if let Some(words) = &shape.words {
            let words: Vec<&str> = words.iter().filter_map(serde_json::Value::as_str).collect();
            self.wrong_word(&words, node, key);
            return false;
        }
        match &mut node.value {
            Value::Map(_) => self.map(shape, node, key, root),
            Value::List(_) => self.list(shape, node, key),
            Value::Text(text) => {
                let problem = shape.format.and_then(|f| f.check(text).err().map(|e| (f, e)));
                let finding = match problem {
                    Some((format, (why, fix))) => {
                        Finding::at(format.code(), &node.span, format!("not {}", format.noun())).detail(why).fix(fix)
                    }
                    None => Finding::at("OPS-002", &node.span, "too short")
                        .detail(format!("`{key}` must not be empty."))
                        .fix("write a value, or remove the key"),
                };
                self.report(finding);
                false
            }
            _ => {
                self.out_of_range(shape, node, key);
                false
            }
        }
    }

    fn map(&mut self, shape: &Shape, node: &mut Node, key: &str, root: bool) -> bool {
        let span = node.span.clone();
        let Value::Map(entries) = &mut node.value else { return false };
        let known: Vec<&str> = shape.properties.iter().map(|(name, _)| name.as_str()).collect();
        let mut misspelt: Vec<&str> = Vec::new();
        for entry in entries.iter().filter(|_| shape.closed) {
            misspelt.extend(if known.contains(&entry.key.as_str()) {
                None
            } else {
                nearest(&entry.key, known.iter().copied())
            });
        }
        let mut taken: Vec<&str> =
            known.iter().copied().filter(|k| misspelt.iter().filter(|m| *m == k).count() > 1).collect();
        taken.extend(known.iter().copied().filter(|k| entries.iter().any(|e| e.key == **k)));
        let first = entries.first().map(|e| e.key_span.start);
        let mut complete = true;
        for required in &shape.required {
            if entries.iter().any(|e| e.key == *required) {
                continue;
            }
            complete = false;
            if !misspelt.contains(&required.as_str()) {
                self.report(missing(required, &span, key, root, first));
            }
        }
        let mut cut = false;
        entries.retain_mut(|entry| {
            let keep = self.entry(shape, (&known, &taken), entry, root);
            cut |= !keep;
            keep
        });
        if cut && shape.closed && !root {
            self.broken.push(span);
        }
        complete && shape.required.iter().all(|r| entries.iter().any(|e| e.key == *r))
    }

    fn entry(&mut self, shape: &Shape, (known, taken): (&[&str], &[&str]), entry: &mut Entry, root: bool) -> bool {
        let place = entry.key_span.start..entry.value.span.end.max(entry.key_span.end);
        if let Some(property) = shape.property(&entry.key) {
            let keep = self.node(property, &mut entry.value, &entry.key, false);
            self.root_damaged |= root && !keep;
            return keep;
        }
        if shape.closed {
            if self.findings.len() < limits::FINDINGS_MAX {
                self.report(unknown_key(entry, known, taken));
            }
            return false;
        }
        if !self.schema.admits_name(shape, &entry.key) {
            let format = shape.names.and_then(|id| self.schema.shape(id).format);
            if let Some((format, Err((why, fix)))) = format.map(|f| (f, f.check(&entry.key))) {
                let finding = Finding::at(format.code(), &entry.key_span, format!("not {}", format.noun()));
                self.report(finding.detail(why).fix(fix));
            }
            self.broken.push(place);
            self.lost_entries = true;
            return false;
        }
        let Some(value) = shape.additional else { return true };
        // What is found inside repeats the name, which is as long as somebody liked.
        if self.schema.admits(value, &entry.value) || self.node(value, &mut entry.value, &shortened(&entry.key), false)
        {
            return true;
        }
        // The name stays where it can stand alone, so that what refers to it still finds it.
        self.broken.push(place);
        entry.value.value = Value::Null;
        let keep = self.schema.admits(value, &entry.value);
        self.lost_entries |= !keep;
        keep
    }

    fn list(&mut self, shape: &Shape, node: &mut Node, key: &str) -> bool {
        let span = node.span.clone();
        let Value::List(items) = &mut node.value else { return false };
        if items.len() < shape.items_min {
            let finding = Finding::at("OPS-002", &span, "an empty list")
                .detail(format!("`{key}` needs at least {} entry.", shape.items_min))
                .fix("add an entry, or remove the key");
            self.report(finding);
            return false;
        }
        if let Some(id) = shape.items {
            let before = items.len();
            items.retain_mut(|item| self.node(id, item, key, false));
            if items.len() < before {
                self.broken.push(span);
            }
        }
        items.len() >= shape.items_min
    }

    /// Finds the alternative that was meant, and reports inside it.
    fn alternatives(&mut self, id: ShapeId, node: &mut Node, key: &str) -> bool {
        let schema = self.schema;
        let leaves = schema.leaves([id]);
        let fitting: Vec<ShapeId> =
            leaves.iter().copied().filter(|l| schema.shape(*l).types.admits(&node.value)).collect();
        if fitting.is_empty() {
            self.wrong_kind(&leaves, node, key);
            return false;
        }
        if matches!(node.value, Value::Map(_)) && fitting.len() > 1 {
            return self.tagged(&fitting, node, key);
        }
        // A word list beside a free form: report the free form, unless it is alone.
        let free = fitting.iter().find(|l| schema.shape(**l).words.is_none());
        if let Some(free) = free {
            return self.node(*free, node, key, false);
        }
        let words: Vec<&str> = fitting
            .iter()
            .filter_map(|l| schema.shape(*l).words.as_ref())
            .flatten()
            .filter_map(serde_json::Value::as_str)
            .collect();
        self.wrong_word(&words, node, key);
        false
    }

    /// A map with exactly one of several keys, each of which has its own form.
    fn tagged(&mut self, forms: &[ShapeId], node: &mut Node, key: &str) -> bool {
        let schema = self.schema;
        let tag = |id: &ShapeId| schema.shape(*id).required.first().map(String::as_str);
        let tags: Vec<&str> = forms.iter().filter_map(tag).collect();
        let Value::Map(entries) = &node.value else { return false };
        let present: Vec<&Entry> = entries.iter().filter(|e| tags.contains(&e.key.as_str())).collect();
        match present.as_slice() {
            [one] => {
                let form = forms.iter().find(|f| tag(f) == Some(one.key.as_str())).copied();
                form.is_some_and(|form| self.node(form, node, key, false))
            }
            [] => {
                match entries.first() {
                    Some(entry) => self.report(unknown_key(entry, &tags, &[])),
                    None => {
                        let finding = Finding::at("OPS-013", &node.span, "an empty map")
                            .detail(format!("`{key}` needs one of {}.", listed(tags.iter().copied(), "or")));
                        self.report(finding);
                    }
                }
                false
            }
            [first, second, ..] => {
                let finding = Finding::at("OPS-002", &second.key_span, "and this too")
                    .related(&first.key_span, "this is given")
                    .detail(format!("`{key}` takes exactly one of {}.", listed(tags.iter().copied(), "or")))
                    .fix(format!("remove `{}` or `{}`", first.key, second.key));
                self.report(finding);
                false
            }
        }
    }

    fn wrong_kind(&mut self, wanted: &[ShapeId], node: &Node, key: &str) {
        let shapes = || wanted.iter().map(|id| self.schema.shape(*id));
        let place = &node.span;
        if shapes().any(|s| s.secret) && matches!(node.value, Value::Text(_) | Value::Integer(_) | Value::Float(_)) {
            let finding = Finding::at("SEC-001", place, "a secret in clear")
                .detail(format!("`{key}` holds the secret itself. This file is meant for Git, reviews and backups; whoever reads it would own the account."))
                .fix(format!("{key}: {{ file: /run/secrets/NAME }}, or {{ env: NAME }}, or {{ credential: NAME }}"));
            self.report(finding);
            return;
        }
        let mut names: Vec<String> = Vec::new();
        for shape in shapes() {
            let name = describe(shape);
            if name != "nothing" && !names.contains(&name) {
                names.push(name);
            }
        }
        let names = names.join(" or ");
        let quantity = shapes().filter_map(|s| s.format).find(|f| f.code() == "OPS-005");
        let code = match (&node.value, quantity) {
            (Value::Integer(_) | Value::Float(_), Some(_)) => "OPS-005",
            _ => "OPS-002",
        };
        let subject = if key.is_empty() { "The file".to_owned() } else { format!("`{}`", shortened(key)) };
        let mut detail = format!("{subject} wants {names}; this is {}.", node.kind());
        let (mut fix, mut meant) = (None, None);
        let types = || shapes().flat_map(|s| s.types.iter());
        match &node.value {
            Value::Text(text) => {
                if let Some(hint) = types().find_map(|t| scalar::hint(text, t)) {
                    detail.push_str(&hint.why);
                    (fix, meant) = (Some(hint.fix), hint.meant);
                }
            }
            Value::Integer(_) | Value::Float(_) | Value::Bool(_) if types().any(|t| t == "string") => {
                meant = self.between_quotes(wanted, node);
                fix = Some(match quantity {
                    Some(Format::Duration) => "add the unit, e.g. `30s`, `15m` or `5d`".to_owned(),
                    Some(Format::Size) => "add the unit, e.g. `500kB`, `25MB` or `5GiB`".to_owned(),
                    Some(format) => format!("write {}, between quotes", format.noun()),
                    None => format!("put it between quotes to make it text: \"{}\"", node.to_json()),
                });
            }
            Value::Null if key.is_empty() => {
                fix = Some("begin with `version: 1`, `host:`, `domains:` and `accounts:`".to_owned());
            }
            Value::Null => fix = Some("write a value after the colon, or remove the key".to_owned()),
            _ => {}
        }
        let mut finding = Finding::at(code, place, format!("this is {}", node.kind())).detail(detail);
        finding.fix = fix;
        self.report(match meant {
            Some(meant) => finding.edit(place, meant),
            None => finding,
        });
    }

    /// A number or boolean as text, where that is what was wanted.
    fn between_quotes(&self, wanted: &[ShapeId], node: &Node) -> Option<String> {
        let text = Node { span: node.span.clone(), value: Value::Text(node.to_json().to_string()) };
        wanted.iter().any(|id| self.schema.admits(*id, &text)).then(|| format!("\"{}\"", node.to_json()))
    }

    fn wrong_word(&mut self, words: &[&str], node: &Node, key: &str) {
        let Value::Text(given) = &node.value else { return };
        let near = nearest(given, words.iter().copied());
        let text = near.map_or_else(|| "not known here".to_owned(), |n| format!("did you mean `{n}`?"));
        let mut finding = Finding::at("OPS-002", &node.span, text).detail(format!(
            "`{}` is not a value of `{key}`; it takes {}.",
            shortened(given),
            listed(words.iter().copied(), "or")
        ));
        finding.fix = near.map(|n| format!("{key}: {n}"));
        if let Some(meant) = only_near(given, words.iter().copied()) {
            finding = finding.edit(&node.span, scalar::written(meant));
        }
        self.report(finding);
    }

    fn out_of_range(&mut self, shape: &Shape, node: &Node, key: &str) {
        let range = match (shape.minimum, shape.maximum) {
            (Some(low), Some(high)) => format!("between {low} and {high}"),
            (Some(low), None) => format!("at least {low}"),
            (None, Some(high)) => format!("at most {high}"),
            (None, None) => "something else".to_owned(),
        };
        let finding = Finding::at("OPS-002", &node.span, "out of range").detail(format!("`{key}` must be {range}."));
        self.report(finding);
    }
}

/// `first`: where the first key of the map stands.
fn missing(required: &str, span: &Span, key: &str, root: bool, first: Option<u32>) -> Finding {
    let start = span.start..span.start;
    if root && required == "version" {
        let finding = Finding::at("OPS-003", &start, "no `version`")
            .detail("The file does not say which version of the language it is written in.")
            .fix("version: 1");
        return match first {
            // A map in braces begins before its first key.
            Some(first) if first > span.start => finding.edit(&(first..first), "version: 1, "),
            Some(first) => finding.edit(&(first..first), "version: 1\n"),
            None => finding,
        };
    }
    let owner = if root { "The file".to_owned() } else { format!("`{}`", shortened(key)) };
    Finding::at("OPS-013", &start, format!("no `{required}`"))
        .detail(format!("{owner} needs the key `{required}`."))
        .fix(format!("add `{required}: ...`"))
}

/// `siblings`: the keys that are there, or claimed by another misspelt one.
fn unknown_key(entry: &Entry, known: &[&str], siblings: &[&str]) -> Finding {
    let near = nearest(&entry.key, known.iter().copied());
    let text = near.map_or_else(|| "not known here".to_owned(), |n| format!("did you mean `{n}`?"));
    let mut finding = Finding::at("OPS-001", &entry.key_span, text).detail(format!(
        "`{}` is not a key here; there are {}.",
        shortened(&entry.key),
        listed(known.iter().copied(), "and")
    ));
    finding.fix = near.map(|n| format!("{n}: ..."));
    match only_near(&entry.key, known.iter().copied()).filter(|meant| !siblings.contains(meant)) {
        Some(meant) => finding.edit(&entry.key_span, meant),
        None => finding,
    }
}

/// What a person calls the values of a shape.
fn describe(shape: &Shape) -> String {
    if let Some(words) = &shape.words {
        return listed(words.iter().filter_map(serde_json::Value::as_str), "or");
    }
    if let Some(format) = shape.format {
        return format.noun().to_owned();
    }
    let names: Vec<&str> = shape
        .types
        .iter()
        .filter_map(|t| match t {
            "array" => Some("a list"),
            "boolean" => Some("`true` or `false`"),
            "integer" => Some("a whole number"),
            "number" => Some("a number"),
            "object" => Some("a map"),
            "string" => Some("text"),
            _ => None,
        })
        .collect();
    if names.is_empty() { "nothing".to_owned() } else { names.join(" or ") }
}
