//! YAML and OPS: the file itself, its syntax, keys and values.
//!
//! Standards: YAML 1.2.2 with its core schema, JSON Schema 2020-12. Most of these are raised by the reader while it parses
//! (`compiler::config::{tree, check, format}`); their explanations live here so that the catalogue is whole.

pub mod language_version;
pub mod missing_key;
pub mod unknown_key;
pub mod unreadable_quantity;
pub mod wrong_type_or_value;
pub mod yaml_beyond_bounds;
pub mod yaml_syntax;
