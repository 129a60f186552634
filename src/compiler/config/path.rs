//! Paths into the file: `domains.example.org.dmarc`, `relay.routes[2].via`, as `allow` names places.

use super::node::{Entry, Node, Value};
use crate::ground::diagnostic::Span;

/// The paths of the keys around an offset, from the outermost to the innermost. Keys may hold dots themselves
/// (`example.org`), so that only whole paths can be compared.
pub fn around(root: &Node, offset: u32) -> Vec<String> {
    let mut paths = Vec::new();
    let mut path = String::new();
    let mut node = root;
    while let Some((step, inner)) = step(node, offset) {
        if !path.is_empty() && !step.starts_with('[') {
            path.push('.');
        }
        path.push_str(&step);
        paths.push(path.clone());
        node = inner;
    }
    paths
}

fn step(node: &Node, offset: u32) -> Option<(String, &Node)> {
    match &node.value {
        Value::Map(entries) => {
            let near = entries.iter().find(|e| is_around(e, offset));
            // An included file's accounts lie outside of the section that they were merged into.
            let merged = |e: &&Entry| match &e.value.value {
                Value::Map(inner) => inner.iter().any(|e| is_around(e, offset)),
                _ => false,
            };
            let entry = near.or_else(|| entries.iter().find(merged))?;
            Some((entry.key.clone(), &entry.value))
        }
        Value::List(items) => {
            let index = items.iter().position(|i| i.span.start <= offset && offset <= i.span.end)?;
            Some((format!("[{index}]"), items.get(index)?))
        }
        _ => None,
    }
}

/// Whether an offset lies in a key or in its value.
fn is_around(entry: &Entry, offset: u32) -> bool {
    let within = |span: &Span| span.start <= offset && offset <= span.end;
    within(&entry.key_span) || within(&entry.value.span)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compiler::config::tree;

    #[test]
    fn the_innermost_key_names_the_place() {
        let text = "domains:\n  example.org:\n    dmarc: { policy: none }\nrelay:\n  routes:\n    - { via: direct }\n";
        let root = tree::read(text).root.unwrap();
        let paths = |needle: &str| around(&root, u32::try_from(text.find(needle).unwrap()).unwrap());
        assert_eq!(
            paths("none"),
            ["domains", "domains.example.org", "domains.example.org.dmarc", "domains.example.org.dmarc.policy"]
        );
        assert_eq!(paths("example"), ["domains", "domains.example.org"]);
        assert_eq!(paths("direct"), ["relay", "relay.routes", "relay.routes[0]", "relay.routes[0].via"]);
    }
}
