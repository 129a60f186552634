//! The spelling of a tree that a digest is taken over: equal meaning, equal octets.
//!
//! Layout, comments and quoting style do not show. Nor does the order of keys that are words of the
//! language. The order of keys that are data does: the first account of a domain receives its `postmaster` mail.

use std::fmt::{self, Write};

use super::node::{Entry, Node, Value};
use super::shape::{Schema, ShapeId};

/// One spelling for each value, every type marked.
pub fn canonical(schema: &Schema, root: &Node) -> String {
    let mut out = String::new();
    // A string takes everything.
    let _ = canonical_into(schema, root, &mut out);
    out
}

/// The same piece by piece: it is as long as the file.
///
/// # Errors
/// Those of `out`.
pub fn canonical_into(schema: &Schema, root: &Node, out: &mut impl Write) -> fmt::Result {
    write(schema, &schema.leaves([schema.root]), root, out)
}

fn write(schema: &Schema, shapes: &[ShapeId], node: &Node, out: &mut impl Write) -> fmt::Result {
    match &node.value {
        Value::Bool(b) => out.write_str(if *b { "true" } else { "false" }),
        Value::Float(f) => write!(out, "{f:?}"),
        Value::Integer(i) => write!(out, "{i}"),
        Value::List(items) => {
            let inner = schema.items(shapes);
            out.write_char('[')?;
            for item in items {
                write(schema, &inner, item, out)?;
                out.write_char(',')?;
            }
            out.write_char(']')
        }
        Value::Map(entries) => {
            let mut entries: Vec<&Entry> = entries.iter().collect();
            if schema.keys_are_words(shapes) {
                entries.sort_by(|a, b| a.key.cmp(&b.key));
            }
            out.write_char('{')?;
            for entry in entries {
                quoted(&entry.key, out)?;
                out.write_char(':')?;
                write(schema, &schema.under(shapes, &entry.key), &entry.value, out)?;
                out.write_char(',')?;
            }
            out.write_char('}')
        }
        Value::Null => out.write_char('~'),
        Value::Text(text) => quoted(text, out),
    }
}

/// As `{:?}` writes it, which looks at each character alone.
fn quoted(text: &str, out: &mut impl Write) -> fmt::Result {
    if !text.bytes().all(|b| matches!(b, b' '..=b'~') && b != b'"' && b != b'\\') {
        return write!(out, "{text:?}");
    }
    out.write_char('"')?;
    out.write_str(text)?;
    out.write_char('"')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compiler::config::{schema, tree};

    fn of(text: &str) -> String {
        canonical(schema::compiled(), &tree::read(text).root.unwrap())
    }

    #[test]
    fn texts_are_quoted_as_by_debug() {
        for text in ["", "a b", "it's", "\"", "\\", "\u{7f}", "\t", "ü", "~"] {
            let mut out = String::new();
            quoted(text, &mut out).unwrap();
            assert_eq!(out, format!("{text:?}"));
        }
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
