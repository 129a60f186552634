//! Paths into the file: `domains.example.org.dmarc`, `relay.routes[2].via`, as `allow` names places.

use super::node::{Node, Value};

/// The path of the innermost key around an offset; empty for the file as a whole.
pub fn at(root: &Node, offset: u32) -> String {
    let mut path = String::new();
    let mut node = root;
    while let Some((step, inner)) = step(node, offset) {
        if !path.is_empty() && !step.starts_with('[') {
            path.push('.');
        }
        path.push_str(&step);
        node = inner;
    }
    path
}

fn step(node: &Node, offset: u32) -> Option<(String, &Node)> {
    match &node.value {
        Value::Map(entries) => {
            let around = |from: u32, to: u32| from <= offset && offset <= to;
            let entry = entries
                .iter()
                .find(|e| around(e.key_span.start, e.key_span.end) || around(e.value.span.start, e.value.span.end))?;
            Some((entry.key.clone(), &entry.value))
        }
        Value::List(items) => {
            let index = items.iter().position(|i| i.span.start <= offset && offset <= i.span.end)?;
            Some((format!("[{index}]"), items.get(index)?))
        }
        _ => None,
    }
}

/// Whether `path` is `parent` or below it.
pub fn is_within(path: &str, parent: &str) -> bool {
    path.strip_prefix(parent).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compiler::config::tree;

    #[test]
    fn the_innermost_key_names_the_place() {
        let text = "domains:\n  example.org:\n    dmarc: { policy: none }\nrelay:\n  routes:\n    - { via: direct }\n";
        let root = tree::read(text).root.unwrap();
        let path = |needle: &str| at(&root, u32::try_from(text.find(needle).unwrap()).unwrap());
        assert_eq!(path("none"), "domains.example.org.dmarc.policy");
        assert_eq!(path("example"), "domains.example.org");
        assert_eq!(path("direct"), "relay.routes[0].via");
        assert!(is_within(&path("none"), "domains.example.org"));
        assert!(is_within("relay.routes[0].via", "relay.routes"));
        assert!(!is_within("domains.example.org", "domains.example"));
    }
}
