//! The spelling of a tree that a digest is taken over: equal meaning, equal octets.
//!
//! Layout, comments and quoting style do not show. Nor does the order of keys that are words of the
//! language. The order of keys that are data does: the first account of a domain receives its `postmaster` mail.

use std::fmt::Write as _;

use super::node::{Entry, Node, Value};
use super::shape::{Schema, ShapeId};

/// One spelling for each value, every type marked.
pub fn canonical(schema: &Schema, root: &Node) -> String {
    let mut out = String::new();
    write(schema, &schema.leaves([schema.root]), root, &mut out);
    out
}

fn write(schema: &Schema, shapes: &[ShapeId], node: &Node, out: &mut String) {
    match &node.value {
        Value::Bool(b) => out.push_str(if *b { "true" } else { "false" }),
        Value::Float(f) => {
            let _ = write!(out, "{f:?}");
        }
        Value::Integer(i) => {
            let _ = write!(out, "{i}");
        }
        Value::List(items) => {
            let inner = schema.items(shapes);
            out.push('[');
            for item in items {
                write(schema, &inner, item, out);
                out.push(',');
            }
            out.push(']');
        }
        Value::Map(entries) => {
            let mut entries: Vec<&Entry> = entries.iter().collect();
            if schema.keys_are_words(shapes) {
                entries.sort_by(|a, b| a.key.cmp(&b.key));
            }
            out.push('{');
            for entry in entries {
                let _ = write!(out, "{:?}:", entry.key);
                write(schema, &schema.under(shapes, &entry.key), &entry.value, out);
                out.push(',');
            }
            out.push('}');
        }
        Value::Null => out.push('~'),
        Value::Text(text) => {
            let _ = write!(out, "{text:?}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compiler::config::{schema, tree};

    fn of(text: &str) -> String {
        canonical(schema::compiled(), &tree::read(text).root.unwrap())
    }

    #[test]
    fn layout_and_the_order_of_words_do_not_show() {
        let one = of("host: { name: a.b, addresses: [x] }\nversion: 1\n");
        assert_eq!(one, of("# why\nversion: 1\nhost:\n    addresses:\n    - 'x'\n    name: \"a.b\"\n"));
        assert_ne!(one, of("version: '1'\nhost: { name: a.b, addresses: [x] }\n"));
    }

    #[test]
    fn the_order_of_data_shows() {
        assert_ne!(of("accounts: { a@b.c: {}, d@b.c: {} }"), of("accounts: { d@b.c: {}, a@b.c: {} }"));
        assert_ne!(
            of("domains: { a.b: { dkim: { x: {}, y: {} } } }"),
            of("domains: { a.b: { dkim: { y: {}, x: {} } } }")
        );
    }
}
