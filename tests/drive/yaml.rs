//! Mutations that know what a YAML document is made of: values swapped between keys, subtrees doubled, keys renamed
//! and removed, any node replaced by a scalar that some reader of YAML takes for something else. Shared by the
//! language's tests and by `fuzz/`.

use mailctl::compiler::config::node::{Node, Value};
use mailctl::compiler::config::tree;

use super::numbers::Numbers;

/// Scalars and small structures with a history of misunderstandings.
pub const NASTY: [&str; 56] = [
    "",
    "~",
    "null",
    "no",
    "No",
    "on",
    "yes",
    "y",
    "off",
    "true",
    "\"true\"",
    "0",
    "-0",
    "1",
    "-1",
    "0465",
    "0o25",
    "0x19",
    "25",
    "65536",
    "2147483648",
    "4294967296",
    "9223372036854775807",
    "9223372036854775808",
    "1e3",
    "1e999",
    ".5",
    ".inf",
    "-.inf",
    ".nan",
    "22:30",
    "190:20:30",
    "1_000",
    "12e03",
    "2026-11-24",
    "\"\"",
    "' '",
    "\"\\0\"",
    "\"\\u202e\"",
    "\"\\x07\"",
    "ä",
    "💌",
    "\u{feff}x",
    "[]",
    "{}",
    "[[]]",
    "[~]",
    "{a: b}",
    "{\"\": x}",
    "*a",
    "&a x",
    "!!int \"3\"",
    "<<",
    "a@b@c",
    "\"a b\"@example.org",
    "../../etc/passwd",
];

/// A document as it will be written again. A key is raw too, so that it can be a nasty one.
enum Tree {
    List(Vec<Tree>),
    Map(Vec<(String, Tree)>),
    Raw(String),
}

/// `text` with one to three changes to its structure, in block or flow style; `None` if it cannot be read.
pub fn mutate_structure(text: &str, numbers: &mut Numbers) -> Option<String> {
    let mut root = from_node(&tree::read(text).root?);
    for _ in 0..=numbers.below(3) {
        change(&mut root, numbers);
    }
    let mut out = String::new();
    if numbers.below(3) == 0 {
        flow(&root, &mut out);
        out.push('\n');
    } else {
        block(&root, 0, &mut out);
    }
    Some(out)
}

fn from_node(node: &Node) -> Tree {
    match &node.value {
        Value::List(items) => Tree::List(items.iter().map(from_node).collect()),
        Value::Map(entries) => Tree::Map(entries.iter().map(|e| (quoted(&e.key), from_node(&e.value))).collect()),
        Value::Text(text) => Tree::Raw(quoted(text)),
        _ => Tree::Raw(node.to_json().to_string()),
    }
}

fn quoted(text: &str) -> String {
    let plain = !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"@.-_/".contains(&b));
    let word = plain && text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/');
    if word { text.to_owned() } else { serde_json::Value::from(text).to_string() }
}

fn change(root: &mut Tree, numbers: &mut Numbers) {
    let count = size(root);
    let (a, b) = (numbers.below(count), numbers.below(count));
    match numbers.below(6) {
        0 => {
            let copy = copy(nth(root, &mut { b }));
            *nth(root, &mut { a }) = copy;
        }
        1 => {
            let (first, second) = (copy(nth(root, &mut { a })), copy(nth(root, &mut { b })));
            *nth(root, &mut { a }) = second;
            if b < size(root) {
                *nth(root, &mut { b }) = first;
            }
        }
        2 => edit_children(nth(root, &mut { a }), numbers),
        _ => *nth(root, &mut { a }) = Tree::Raw((*numbers.pick(&NASTY)).to_owned()),
    }
}

/// A child doubled, removed, moved or renamed.
fn edit_children(tree: &mut Tree, numbers: &mut Numbers) {
    match tree {
        Tree::List(items) if !items.is_empty() => {
            let at = numbers.below(items.len());
            if numbers.below(2) == 0 {
                items.remove(at);
            } else {
                items.insert(at, copy(&items[at]));
            }
        }
        Tree::Map(entries) if !entries.is_empty() => {
            let at = numbers.below(entries.len());
            match numbers.below(4) {
                0 => {
                    entries.remove(at);
                }
                1 => entries.insert(at, (entries[at].0.clone(), copy(&entries[at].1))),
                2 => entries[at].0 = (*numbers.pick(&NASTY)).to_owned(),
                _ => {
                    let other = numbers.below(entries.len());
                    let key = entries[other].0.clone();
                    entries[other].0 = std::mem::replace(&mut entries[at].0, key);
                }
            }
        }
        tree => {
            let doubled = vec![copy(tree), copy(tree)];
            *tree = Tree::List(doubled);
        }
    }
}

fn copy(tree: &Tree) -> Tree {
    match tree {
        Tree::List(items) => Tree::List(items.iter().map(copy).collect()),
        Tree::Map(entries) => Tree::Map(entries.iter().map(|(k, v)| (k.clone(), copy(v))).collect()),
        Tree::Raw(text) => Tree::Raw(text.clone()),
    }
}

fn size(tree: &Tree) -> usize {
    1 + match tree {
        Tree::List(items) => items.iter().map(size).sum(),
        Tree::Map(entries) => entries.iter().map(|(_, v)| size(v)).sum(),
        Tree::Raw(_) => 0,
    }
}

/// The node that comes `at` nodes after `tree` in the order of the text.
fn nth<'t>(tree: &'t mut Tree, at: &mut usize) -> &'t mut Tree {
    if *at == 0 {
        return tree;
    }
    *at -= 1;
    let children: Vec<&mut Tree> = match tree {
        Tree::List(items) => items.iter_mut().collect(),
        Tree::Map(entries) => entries.iter_mut().map(|(_, v)| v).collect(),
        Tree::Raw(_) => Vec::new(),
    };
    for child in children {
        let below = size(child);
        if *at < below {
            return nth(child, at);
        }
        *at -= below;
    }
    unreachable!("`at` is below the size of the tree")
}

fn flow(tree: &Tree, out: &mut String) {
    match tree {
        Tree::List(items) => {
            out.push('[');
            for item in items {
                flow(item, out);
                out.push_str(", ");
            }
            out.push(']');
        }
        Tree::Map(entries) => {
            out.push('{');
            for (key, value) in entries {
                out.push_str(key);
                out.push_str(": ");
                flow(value, out);
                out.push_str(", ");
            }
            out.push('}');
        }
        Tree::Raw(text) => out.push_str(text),
    }
}

fn block(tree: &Tree, indent: usize, out: &mut String) {
    let margin = "  ".repeat(indent);
    let mut line = |head: &str, value: &Tree| match value {
        Tree::Raw(text) => out.push_str(&format!("{margin}{head} {text}\n")),
        Tree::List(items) if items.is_empty() => out.push_str(&format!("{margin}{head} []\n")),
        Tree::Map(entries) if entries.is_empty() => out.push_str(&format!("{margin}{head} {{}}\n")),
        value => {
            out.push_str(&format!("{margin}{head}\n"));
            block(value, indent + 1, out);
        }
    };
    match tree {
        Tree::List(items) => items.iter().for_each(|item| line("-", item)),
        Tree::Map(entries) => entries.iter().for_each(|(key, value)| line(&format!("{key}:"), value)),
        Tree::Raw(text) => out.push_str(&format!("{margin}{text}\n")),
    }
}
