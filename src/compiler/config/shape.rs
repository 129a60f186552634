//! The JSON Schema compiled to a small arena, once per process.
//!
//! Exactly the subset that the language's types generate. A keyword that is not known here fails the
//! compilation of the schema, so the generator cannot drift away in silence.

use std::collections::HashMap;

use serde_json::Value as Json;

use super::format::Format;
use super::node::{Node, Value};

/// Index of a shape in its schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ShapeId(usize);

/// JSON types as a set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Types(u8);

impl Types {
    const NAMES: [&'static str; 7] = ["null", "boolean", "integer", "number", "string", "array", "object"];

    fn insert(&mut self, name: &str) -> Result<(), SchemaError> {
        let bit = Self::NAMES.iter().position(|n| *n == name).ok_or_else(|| SchemaError(format!("type {name}")))?;
        self.0 |= 1 << bit;
        Ok(())
    }

    pub fn contains(self, name: &str) -> bool {
        Self::NAMES.iter().position(|n| *n == name).is_some_and(|bit| self.0 & (1 << bit) != 0)
    }

    /// An empty set allows every type.
    pub fn admits(self, value: &Value) -> bool {
        self.0 == 0
            || match value {
                Value::Bool(_) => self.contains("boolean"),
                Value::Float(f) => self.contains("number") || (f.fract() == 0.0 && self.contains("integer")),
                Value::Integer(_) => self.contains("integer") || self.contains("number"),
                Value::List(_) => self.contains("array"),
                Value::Map(_) => self.contains("object"),
                Value::Null => self.contains("null"),
                Value::Text(_) => self.contains("string"),
            }
    }

    pub fn iter(self) -> impl Iterator<Item = &'static str> {
        Self::NAMES.into_iter().enumerate().filter(move |(bit, _)| self.0 & (1 << bit) != 0).map(|(_, n)| n)
    }
}

/// One schema object.
#[derive(Debug, Default)]
pub struct Shape {
    pub types: Types,
    pub properties: Vec<(String, ShapeId)>,
    /// `additionalProperties: false`.
    pub closed: bool,
    pub additional: Option<ShapeId>,
    /// Format of the keys of an open map.
    pub names: Option<ShapeId>,
    pub required: Vec<String>,
    pub items: Option<ShapeId>,
    /// Alternatives of `oneOf`, `anyOf` and of a `$ref` with siblings.
    pub alternatives: Vec<ShapeId>,
    pub exactly_one: bool,
    /// `enum` and `const`; the language has words only, besides the null of an optional value.
    pub words: Option<Vec<Json>>,
    pub format: Option<Format>,
    pub minimum: Option<i64>,
    pub maximum: Option<i64>,
    pub length_min: usize,
    pub items_min: usize,
    /// `x-secret`: a place where people write secrets.
    pub secret: bool,
}

/// A compiled schema.
#[derive(Debug)]
pub struct Schema {
    shapes: Vec<Shape>,
    pub root: ShapeId,
}

/// A keyword or form that the checker does not know. A mistake of the program, found by its tests.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the schema uses {0}, which the checker does not know")]
pub struct SchemaError(pub String);

impl Schema {
    /// # Errors
    /// [`SchemaError`] for anything outside the subset.
    pub fn compile(root: &Json) -> Result<Self, SchemaError> {
        let mut compiler = Compiler { root, shapes: Vec::new(), references: HashMap::new() };
        let id = compiler.shape(root)?;
        Ok(Self { shapes: compiler.shapes, root: id })
    }

    pub fn shape(&self, id: ShapeId) -> &Shape {
        &self.shapes[id.0]
    }

    /// The shapes behind references and nested choices.
    pub fn leaves(&self, ids: impl IntoIterator<Item = ShapeId>) -> Vec<ShapeId> {
        let mut leaves = Vec::new();
        let mut open: Vec<ShapeId> = ids.into_iter().collect();
        open.reverse();
        while let Some(id) = open.pop() {
            let alternatives = &self.shape(id).alternatives;
            if alternatives.is_empty() {
                leaves.push(id);
            }
            open.extend(alternatives.iter().rev());
        }
        leaves
    }

    /// The leaves that the value of `key` may have, in a map of one of `shapes`.
    pub fn under(&self, shapes: &[ShapeId], key: &str) -> Vec<ShapeId> {
        self.leaves(shapes.iter().filter_map(|id| {
            let shape = self.shape(*id);
            shape.property(key).or(shape.additional)
        }))
    }

    /// The leaves that an entry may have, in a list of one of `shapes`.
    pub fn items(&self, shapes: &[ShapeId]) -> Vec<ShapeId> {
        self.leaves(shapes.iter().filter_map(|id| self.shape(*id).items))
    }

    /// Whether the keys of a map of `shapes` are words of the language, so that their order says nothing.
    /// Keys that are data stand in an order that somebody chose.
    pub fn keys_are_words(&self, shapes: &[ShapeId]) -> bool {
        let maps = || shapes.iter().map(|id| self.shape(*id)).filter(|s| s.types.contains("object"));
        maps().next().is_some() && maps().all(|s| s.closed)
    }

    /// Whether `node` is valid; the whole verdict, without reasons.
    pub fn admits(&self, id: ShapeId, node: &Node) -> bool {
        let shape = self.shape(id);
        if !shape.types.admits(&node.value) || !shape.alternatives_admit(self, node) {
            return false;
        }
        if shape.words.as_ref().is_some_and(|words| !words.iter().any(|word| is_word(&node.value, word))) {
            return false;
        }
        match &node.value {
            Value::Integer(i) => shape.minimum.is_none_or(|m| *i >= m) && shape.maximum.is_none_or(|m| *i <= m),
            Value::Float(f) => {
                shape.minimum.is_none_or(|m| *f >= m as f64) && shape.maximum.is_none_or(|m| *f <= m as f64)
            }
            Value::Text(text) => shape.admits_text(text),
            Value::List(items) => {
                items.len() >= shape.items_min && shape.items.is_none_or(|i| items.iter().all(|n| self.admits(i, n)))
            }
            Value::Map(entries) => {
                shape.required.iter().all(|r| entries.iter().any(|e| e.key == *r))
                    && entries.iter().all(|e| match shape.property(&e.key) {
                        Some(property) => self.admits(property, &e.value),
                        None => {
                            !shape.closed
                                && self.admits_name(shape, &e.key)
                                && shape.additional.is_none_or(|a| self.admits(a, &e.value))
                        }
                    })
            }
            Value::Bool(_) | Value::Null => true,
        }
    }

    pub fn admits_name(&self, shape: &Shape, name: &str) -> bool {
        // The generator gives names a format and nothing else; that needs no node of their own.
        shape.names.is_none_or(|id| self.shape(id).admits_text(name))
    }
}

impl Shape {
    pub fn property(&self, key: &str) -> Option<ShapeId> {
        self.properties.iter().find(|(name, _)| name == key).map(|(_, id)| *id)
    }

    fn admits_text(&self, text: &str) -> bool {
        (self.length_min == 0 || text.chars().nth(self.length_min - 1).is_some())
            && self.format.is_none_or(|f| f.admits(text))
    }

    fn alternatives_admit(&self, schema: &Schema, node: &Node) -> bool {
        let fitting = self.alternatives.iter().filter(|a| schema.admits(**a, node)).take(2).count();
        self.alternatives.is_empty() || fitting == 1 || (fitting > 1 && !self.exactly_one)
    }
}

/// Whether a value is that word of `enum` or `const`.
fn is_word(value: &Value, word: &Json) -> bool {
    match (value, word) {
        (Value::Text(text), Json::String(word)) => text == word,
        (Value::Null, Json::Null) => true,
        (Value::Bool(value), Json::Bool(word)) => value == word,
        _ => false,
    }
}

struct Compiler<'a> {
    root: &'a Json,
    shapes: Vec<Shape>,
    references: HashMap<&'a str, ShapeId>,
}

impl<'a> Compiler<'a> {
    fn shape(&mut self, json: &'a Json) -> Result<ShapeId, SchemaError> {
        let id = ShapeId(self.shapes.len());
        self.shapes.push(Shape::default());
        let object = json.as_object().ok_or_else(|| SchemaError(format!("{json}")))?;
        let mut shape = Shape::default();
        for (keyword, value) in object {
            self.keyword(&mut shape, keyword, value)?;
        }
        self.shapes[id.0] = shape;
        Ok(id)
    }

    fn reference(&mut self, name: &'a str) -> Result<ShapeId, SchemaError> {
        if let Some(id) = self.references.get(name) {
            return Ok(*id);
        }
        let target = name.strip_prefix('#').and_then(|p| self.root.pointer(p));
        let id = self.shape(target.ok_or_else(|| SchemaError(format!("$ref {name}")))?)?;
        self.references.insert(name, id);
        Ok(id)
    }

    fn keyword(&mut self, shape: &mut Shape, keyword: &str, value: &'a Json) -> Result<(), SchemaError> {
        let odd = || SchemaError(format!("{keyword}: {value}"));
        let count = || value.as_u64().and_then(|n| usize::try_from(n).ok()).ok_or_else(odd);
        match keyword {
            "$ref" => {
                let id = self.reference(value.as_str().ok_or_else(odd)?)?;
                shape.alternatives.push(id);
            }
            "type" => {
                for name in value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice) {
                    shape.types.insert(name.as_str().ok_or_else(odd)?)?;
                }
            }
            "properties" => {
                for (name, property) in value.as_object().ok_or_else(odd)? {
                    let id = self.shape(property)?;
                    shape.properties.push((name.clone(), id));
                }
            }
            "additionalProperties" if value == &Json::Bool(false) => shape.closed = true,
            "additionalProperties" => shape.additional = Some(self.shape(value)?),
            "propertyNames" => shape.names = Some(self.shape(value)?),
            "required" => {
                let names = value.as_array().ok_or_else(odd)?;
                shape.required = names.iter().filter_map(|n| n.as_str().map(str::to_owned)).collect();
            }
            "items" => shape.items = Some(self.shape(value)?),
            "oneOf" | "anyOf" => {
                shape.exactly_one = keyword == "oneOf";
                for alternative in value.as_array().ok_or_else(odd)? {
                    let id = self.shape(alternative)?;
                    shape.alternatives.push(id);
                }
            }
            "const" => shape.words = Some(vec![value.clone()]),
            "enum" => shape.words = Some(value.as_array().ok_or_else(odd)?.clone()),
            "format" => {
                let name = value.as_str().ok_or_else(odd)?;
                shape.format = Format::ALL.into_iter().find(|f| f.name() == name);
                if shape.format.is_none() && !name.starts_with("uint") {
                    return Err(odd());
                }
            }
            "minimum" => shape.minimum = Some(value.as_i64().ok_or_else(odd)?),
            "maximum" => shape.maximum = Some(value.as_i64().ok_or_else(odd)?),
            "minLength" => shape.length_min = count()?,
            "minItems" => shape.items_min = count()?,
            "x-secret" => shape.secret = value == &Json::Bool(true),
            "$schema" | "$id" | "$defs" | "title" | "description" | "default" | "examples" => {}
            _ => return Err(odd()),
        }
        Ok(())
    }
}
