//! Who imports whom: paths that begin with `crate::`, `super::` or `self::`, resolved to modules.

use std::collections::{BTreeMap, BTreeSet};

use crate::source::{Source, closing, name_byte};

/// One path written in a module, from the crate's root, e.g. `["plan", "document", "Plan"]`.
pub struct Import {
    pub path: Vec<String>,
    pub at: usize,
}

/// Every path of the shipped code that leaves its own module.
pub fn imports(source: &Source) -> Vec<Import> {
    let mut found = Vec::new();
    for root in ["crate", "super", "self"] {
        for at in source.words(root) {
            let rest = &source.code[at + root.len()..];
            // `pub(crate)` and a `self` receiver are no paths; `super::super` is read from its first word.
            if !rest.starts_with("::") || source.code[..at].ends_with("::") || !source.ships(at) {
                continue;
            }
            for path in expand(&source.code[at..]) {
                if let Some(path) = absolute(&source.module(), &path) {
                    found.push(Import { path, at });
                }
            }
        }
    }
    found
}

/// `a::{b, c::{self, d}}` to `a::b`, `a::c`, `a::c::d`.
fn expand(text: &str) -> Vec<Vec<String>> {
    let mut prefix = Vec::new();
    let mut rest = text.trim_start();
    loop {
        let name: String = rest.bytes().take_while(|b| name_byte(*b)).map(char::from).collect();
        rest = &rest[name.len()..];
        if !name.is_empty() {
            prefix.push(name);
        }
        let Some(after) = rest.strip_prefix("::") else { return vec![prefix] };
        rest = after.trim_start();
        if rest.starts_with('{') {
            let inner = &rest[1..closing(rest, 0) - 1];
            let branches = branches(inner);
            return branches.iter().flat_map(|b| expand(b)).map(|tail| [prefix.clone(), tail].concat()).collect();
        }
        if !rest.bytes().next().is_some_and(name_byte) {
            return vec![prefix];
        }
    }
}

/// Splits at the commas of the outermost level.
fn branches(inner: &str) -> Vec<&str> {
    let (mut parts, mut depth, mut start) = (Vec::new(), 0usize, 0);
    for (i, b) in inner.bytes().enumerate() {
        match b {
            b'{' => depth += 1,
            b'}' => depth = depth.saturating_sub(1),
            b',' if depth == 0 => {
                parts.push(&inner[start..i]);
                start = i + 1;
            }
            _ => {}
        }
    }
    parts.push(&inner[start..]);
    parts.into_iter().filter(|p| !p.trim().is_empty()).collect()
}

fn absolute(module: &[String], path: &[String]) -> Option<Vec<String>> {
    let mut base: Vec<String> = match path.first()?.as_str() {
        "crate" => Vec::new(),
        _ => module.to_vec(),
    };
    let mut tail = path;
    while let Some((first, rest)) = tail.split_first() {
        match first.as_str() {
            "super" => {
                base.pop()?;
            }
            "crate" | "self" => {}
            _ => break,
        }
        tail = rest;
    }
    base.extend(tail.iter().filter(|p| *p != "self").cloned());
    Some(base)
}

/// Edges between the children of each folder: an import from below child A to below child B is A → B.
///
/// A folder's own `mod.rs` is one unit with what is below it and takes no part.
pub fn sibling_edges(sources: &[Source]) -> BTreeMap<Vec<String>, BTreeMap<(String, String), String>> {
    let modules: BTreeSet<Vec<String>> = sources.iter().map(Source::module).collect();
    let mut folders: BTreeMap<Vec<String>, BTreeMap<(String, String), String>> = BTreeMap::new();
    for source in sources {
        let from = source.module();
        for import in imports(source) {
            let Some(to) = (0..=import.path.len()).rev().map(|n| &import.path[..n]).find(|p| modules.contains(*p))
            else {
                continue;
            };
            let shared = from.iter().zip(to).take_while(|(a, b)| a == b).count();
            if let (Some(a), Some(b)) = (from.get(shared), to.get(shared)) {
                let place = format!("{}:{}", source.path.display(), source.line(import.at));
                folders.entry(from[..shared].to_vec()).or_default().entry((a.clone(), b.clone())).or_insert(place);
            }
        }
    }
    folders
}

/// One circle among the edges, as the list of its members, if there is one.
pub fn circle(edges: &BTreeMap<(String, String), String>) -> Option<Vec<String>> {
    let next = |from: &str| edges.keys().filter(move |(a, _)| a == from).map(|(_, b)| b.clone()).collect::<Vec<_>>();
    let starts: BTreeSet<&String> = edges.keys().map(|(a, _)| a).collect();
    for start in starts {
        // Breadth first, so that the circle shown is a shortest one.
        let mut trails = vec![vec![start.clone()]];
        let mut seen = BTreeSet::new();
        while let Some(trail) = (!trails.is_empty()).then(|| trails.remove(0)) {
            for to in next(trail.last().unwrap()) {
                if to == *start {
                    return Some(trail);
                }
                if seen.insert(to.clone()) {
                    trails.push([trail.clone(), vec![to]].concat());
                }
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(path: &str, text: &str) -> Vec<String> {
        imports(&Source::new(path, text)).iter().map(|i| i.path.join("::")).collect()
    }

    #[test]
    fn paths_are_resolved() {
        let text = "use crate::{plan::{self, document::Plan}, ground::clock};\nfn f(self) { super::b::g(); }\n";
        assert_eq!(
            paths("src/state/store/a.rs", text),
            ["plan", "plan::document::Plan", "ground::clock", "state::store::b::g"]
        );
        assert_eq!(paths("src/a/mod.rs", "use super::super::x; use self::y::*;"), ["a::y"]);
        assert!(paths("src/a.rs", "// crate::b\npub(crate) fn f() { \"crate::c\"; }").is_empty());
        assert!(paths("src/a.rs", "#[cfg(test)]\nmod tests { use crate::b::C; }").is_empty());
    }

    #[test]
    fn circles_are_found() {
        let files = |b: &str| {
            vec![
                Source::new("src/s/mod.rs", "use crate::s::a;"),
                Source::new("src/s/a.rs", "use crate::s::b::B;"),
                Source::new("src/s/b.rs", b),
            ]
        };
        let straight = sibling_edges(&files("use crate::s::X;"));
        assert!(straight.values().all(|edges| circle(edges).is_none()));
        let round = sibling_edges(&files("use super::a::A;"));
        assert_eq!(circle(&round[&vec!["s".to_owned()]]).unwrap(), ["a", "b"]);
    }
}
