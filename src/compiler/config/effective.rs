//! Every value that is in force: what the file says, and what holds where it says nothing.
//!
//! A walk over the schema beside the tree; absent keys are answered by the table in [`super::default`]. Secrets are
//! shown as the references that they are; one-way hashes are not shown.

use super::default::{self, Default, Row, join};
use super::format::Format;
use super::meaning::Meaning;
use super::node::{Node, Value};
use super::scalar;
use super::shape::{Schema, ShapeId};
use crate::ground::diagnostic::Span;

/// One key with its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effective {
    /// Keys joined with `.`, entries of a list as `[0]`.
    pub path: String,
    /// The same path by its parts, because keys that are data have dots.
    pub keys: Vec<String>,
    /// As it would be written; `None`: there is none.
    pub value: Option<String>,
    pub origin: Origin,
}

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    Default { reason: &'static str },
    File(Span),
}

/// What stands for a value that is not shown.
const HIDDEN: &str = "(a one-way hash, not shown)";

/// All keys of a valid file, in canonical order.
pub fn effective(schema: &Schema, root: &Node, meaning: &Meaning<'_>) -> Vec<Effective> {
    let mut walk = Walk { schema, meaning, out: Vec::new() };
    walk.map(&schema.leaves([schema.root]), Some(root), &Place::root());
    walk.out
}

/// A place in the file by its own path and by that of its row.
#[derive(Clone)]
struct Place {
    path: String,
    pattern: String,
    keys: Vec<String>,
    /// The parts of the path that are data.
    data: Vec<String>,
}

impl Place {
    fn root() -> Self {
        Self { path: String::new(), pattern: String::new(), keys: Vec::new(), data: Vec::new() }
    }

    fn keys(&self, key: &str) -> Vec<String> {
        self.keys.iter().map(String::as_str).chain([key]).map(str::to_owned).collect()
    }

    fn word(&self, key: &str) -> Self {
        Self {
            path: join(&self.path, key),
            pattern: join(&self.pattern, key),
            keys: self.keys(key),
            data: self.data.clone(),
        }
    }

    fn entry(&self, key: &str) -> Self {
        let mut data = self.data.clone();
        data.push(key.to_owned());
        Self {
            path: join(&self.path, &scalar::written(key)),
            pattern: join(&self.pattern, "*"),
            keys: self.keys(key),
            data,
        }
    }

    fn item(&self, index: usize) -> Self {
        let mut data = self.data.clone();
        data.push(index.to_string());
        Self {
            path: format!("{}[{index}]", self.path),
            pattern: format!("{}[]", self.pattern),
            keys: self.keys(&index.to_string()),
            data,
        }
    }
}

struct Walk<'w> {
    schema: &'w Schema,
    meaning: &'w Meaning<'w>,
    out: Vec<Effective>,
}

impl Walk<'_> {
    /// The keys of a map whose keys are words.
    fn map(&mut self, shapes: &[ShapeId], node: Option<&Node>, place: &Place) {
        let mut keys: Vec<&str> =
            shapes.iter().flat_map(|id| &self.schema.shape(*id).properties).map(|(name, _)| name.as_str()).collect();
        keys.sort_by_key(|key| default::rank(&join(&place.pattern, key)));
        for key in keys {
            let inner = place.word(key);
            let shapes = self.schema.under(shapes, key);
            match node.and_then(|n| n.get(key)).filter(|n| n.value != Value::Null) {
                Some(node) => self.present(&shapes, node, &inner),
                None => self.absent(&shapes, &inner),
            }
        }
    }

    fn present(&mut self, shapes: &[ShapeId], node: &Node, place: &Place) {
        match &node.value {
            Value::Map(_) if self.schema.keys_are_words(shapes) => self.map(shapes, Some(node), place),
            Value::Map(entries) if !entries.is_empty() => {
                for entry in entries {
                    let inner = place.entry(&entry.key);
                    let shapes = self.schema.under(shapes, &entry.key);
                    let bare = matches!(&entry.value.value, Value::Null);
                    if bare && self.has_words(&shapes) {
                        self.map(&shapes, None, &inner);
                    } else {
                        self.present(&shapes, &entry.value, &inner);
                    }
                }
            }
            Value::List(items) if self.has_words(&self.schema.items(shapes)) => {
                let shapes = self.schema.items(shapes);
                for (index, item) in items.iter().enumerate() {
                    self.present(&shapes, item, &place.item(index));
                }
            }
            _ => {
                let secret = shapes.iter().any(|id| self.schema.shape(*id).format == Some(Format::PasswordHash));
                let value = if secret { HIDDEN.to_owned() } else { written(node) };
                let origin = Origin::File(node.span.clone());
                self.out.push(Effective {
                    path: place.path.clone(),
                    keys: place.keys.clone(),
                    value: Some(value),
                    origin,
                });
            }
        }
    }

    fn has_words(&self, shapes: &[ShapeId]) -> bool {
        shapes.iter().any(|id| !self.schema.shape(*id).properties.is_empty())
    }

    fn absent(&mut self, shapes: &[ShapeId], place: &Place) {
        let Some(Row { default, reason, .. }) = default::row(&place.pattern) else { return };
        let value = match default {
            Default::Required => return,
            Default::Section => return self.map(shapes, None, place),
            Default::Entries(names) => {
                for name in names(self.meaning) {
                    self.map(&self.schema.under(shapes, &name), None, &place.entry(&name));
                }
                return;
            }
            Default::Derived(value) => {
                let data: Vec<&str> = place.data.iter().map(String::as_str).collect();
                value(self.meaning, &data)
            }
            Default::Nothing => None,
            Default::Value(value) => Some((*value).to_owned()),
        };
        self.out.push(Effective {
            path: place.path.clone(),
            keys: place.keys.clone(),
            value,
            origin: Origin::Default { reason },
        });
    }
}

/// A value in flow style.
fn written(node: &Node) -> String {
    match &node.value {
        Value::Text(text) => scalar::written(text),
        Value::List(items) => format!("[{}]", items.iter().map(written).collect::<Vec<_>>().join(", ")),
        Value::Map(entries) if entries.is_empty() => "{}".to_owned(),
        Value::Map(entries) => {
            let pairs = entries.iter().map(|e| format!("{}: {}", scalar::written(&e.key), written(&e.value)));
            format!("{{ {} }}", pairs.collect::<Vec<_>>().join(", "))
        }
        Value::Null => "null".to_owned(),
        Value::Bool(_) | Value::Float(_) | Value::Integer(_) => node.to_json().to_string(),
    }
}
