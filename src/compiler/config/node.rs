//! The YAML tree with the place of every key and value.

use crate::ground::diagnostic::Span;

/// A value and the bytes it was written with.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    pub span: Span,
    pub value: Value,
}

/// A value by the core schema of YAML 1.2 (§10.3).
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    Bool(bool),
    /// Always finite.
    Float(f64),
    Integer(i64),
    List(Vec<Node>),
    /// In the order of the file. Keys are unique, but that two files may give one entry each (ACC-007).
    Map(Vec<Entry>),
    Null,
    Text(String),
}

/// One key of a map with its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    pub key: String,
    pub key_span: Span,
    pub value: Node,
}

/// Moves a place towards the end of the row of files.
pub fn moved(span: &mut Span, base: u32) {
    *span = span.start.saturating_add(base)..span.end.saturating_add(base);
}

impl Node {
    /// The value of `key`, if this is a map that has it.
    pub fn get(&self, key: &str) -> Option<&Node> {
        match &self.value {
            Value::Map(entries) => entries.iter().find(|e| e.key == key).map(|e| &e.value),
            _ => None,
        }
    }

    /// Moves the places of it and of all in it.
    pub fn shift(&mut self, base: u32) {
        moved(&mut self.span, base);
        match &mut self.value {
            Value::List(items) => items.iter_mut().for_each(|node| node.shift(base)),
            Value::Map(entries) => {
                for entry in entries {
                    moved(&mut entry.key_span, base);
                    entry.value.shift(base);
                }
            }
            _ => {}
        }
    }

    /// What a person calls this kind of value.
    pub fn kind(&self) -> &'static str {
        match self.value {
            Value::Bool(_) => "a boolean",
            Value::Float(_) => "a number with a fraction",
            Value::Integer(_) => "a whole number",
            Value::List(_) => "a list",
            Value::Map(_) => "a map",
            Value::Null => "nothing",
            Value::Text(_) => "text",
        }
    }

    /// The value without places, for other checkers.
    pub fn to_json(&self) -> serde_json::Value {
        use serde_json::Value as Json;
        match &self.value {
            Value::Bool(b) => Json::Bool(*b),
            Value::Float(f) => Json::from(*f),
            Value::Integer(i) => Json::from(*i),
            Value::List(items) => Json::Array(items.iter().map(Node::to_json).collect()),
            Value::Map(entries) => Json::Object(entries.iter().map(|e| (e.key.clone(), e.value.to_json())).collect()),
            Value::Null => Json::Null,
            Value::Text(text) => Json::String(text.clone()),
        }
    }
}
