//! What holds where a key is absent, and why: one row for each key of the language.
//!
//! The order of the rows is the canonical order in which `mailctl fmt` writes keys. `mailctl config show`
//! prints the rows of absent keys. A new key of a section brings a row here; tests see that no key is
//! without one, and that the values of this table, written out, give the same plan.
//!
//! Keys of which exactly one is given (`file`, `env` ...) have none. A path joins keys with `.`; `*` stands for a key that is data, `[]` for an entry of a list.

use std::collections::HashMap;
use std::sync::OnceLock;

use super::meaning::Meaning;
use table::ROWS;

mod table;

/// One key of the language.
#[derive(Debug)]
pub struct Row {
    pub path: &'static str,
    pub default: Default,
    /// Why the default is what it is; for [`Default::Nothing`] what its absence means.
    pub reason: &'static str,
}

/// What takes the place of an absent key.
#[derive(Debug)]
pub enum Default {
    /// It follows from the rest of the file; the parts of the path that stand for `*` and `[]` are given, in order.
    Derived(fn(&Meaning<'_>, &[&str]) -> Option<String>),
    /// Entries with these names and without settings of their own.
    Entries(fn(&Meaning<'_>) -> Vec<String>),
    /// Nothing does.
    Nothing,
    /// The key must be there.
    Required,
    /// A map of further keys, each with its own row.
    Section,
    /// This value, as it would be written.
    Value(&'static str),
}

/// The row of a path.
pub fn row(path: &str) -> Option<&'static Row> {
    rank(path).and_then(|at| ROWS.get(at))
}

/// The place of a path in the canonical order.
pub fn rank(path: &str) -> Option<usize> {
    static RANKS: OnceLock<HashMap<&'static str, usize>> = OnceLock::new();
    RANKS.get_or_init(|| ROWS.iter().enumerate().map(|(at, row)| (row.path, at)).collect()).get(path).copied()
}

/// The path of `key` in the map at `path`.
pub fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

/// All rows, in canonical order.
pub fn rows() -> &'static [Row] {
    ROWS
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compiler::config::schema;
    use crate::compiler::config::shape::{Schema, ShapeId};

    /// Every key below `path`, as the schema has it, but for those of a choice.
    fn keys(schema: &Schema, shapes: &[ShapeId], path: &str, out: &mut Vec<String>) {
        let choice = is_choice(schema, shapes);
        for id in shapes {
            let shape = schema.shape(*id);
            for (name, inner) in &shape.properties {
                let path = join(path, name);
                keys(schema, &schema.leaves([*inner]), &path, out);
                if !choice {
                    out.push(path);
                }
            }
            if let Some(inner) = shape.additional {
                keys(schema, &schema.leaves([inner]), &join(path, "*"), out);
            }
            if let Some(inner) = shape.items {
                keys(schema, &schema.leaves([inner]), &format!("{path}[]"), out);
            }
        }
    }

    fn is_choice(schema: &Schema, shapes: &[ShapeId]) -> bool {
        shapes.iter().filter(|id| schema.shape(**id).types.contains("object")).count() > 1
    }

    #[test]
    fn every_key_has_a_row_and_every_row_a_key() {
        let schema = schema::compiled();
        let mut known = Vec::new();
        keys(schema, &schema.leaves([schema.root]), "", &mut known);
        let without: Vec<_> = known.iter().filter(|path| row(path).is_none()).collect();
        assert!(without.is_empty(), "keys without a row in the table of defaults: {without:?}");
        let gone: Vec<_> = ROWS.iter().map(|r| r.path).filter(|p| !known.iter().any(|k| k == p)).collect();
        assert!(gone.is_empty(), "rows without a key: {gone:?}");
        assert_eq!(ROWS.len(), known.len(), "a row stands twice");
    }

    #[test]
    fn required_is_what_the_schema_requires() {
        let schema = schema::compiled();
        let mut shapes = vec![(String::new(), schema.leaves([schema.root]))];
        while let Some((path, leaves)) = shapes.pop() {
            for id in &leaves {
                let shape = schema.shape(*id);
                for (name, inner) in &shape.properties {
                    let path = join(&path, name);
                    let needed = shape.required.contains(name) && !is_choice(schema, &leaves);
                    let said = matches!(row(&path).map(|r| &r.default), Some(Default::Required));
                    assert_eq!(needed, said, "{path}");
                    shapes.push((path, schema.leaves([*inner])));
                }
                let inner = shape.additional.map(|i| (join(&path, "*"), i));
                let items = shape.items.map(|i| (format!("{path}[]"), i));
                shapes.extend(inner.into_iter().chain(items).map(|(path, id)| (path, schema.leaves([id]))));
            }
        }
    }

    #[test]
    fn every_default_has_a_reason() {
        for row in ROWS {
            let bare = matches!(row.default, Default::Required | Default::Section);
            assert_eq!(row.reason.is_empty(), bare, "{}", row.path);
        }
    }
}
