//! `allow`: warnings and notes that somebody has thought about are not shown; what silences nothing is reported.

use std::collections::{HashMap, HashSet};

use super::config::finding::Finding;
use super::config::node::Node;
use super::config::path;
use super::config::section::Config;
use super::rules::explain;
use crate::ground::diagnostic::{Diagnostic, Severity};

/// A rule's code, and the place where it is allowed.
type Key = (&'static str, Option<String>);

/// What became of the entries that name one rule, or one rule at one place.
struct Wanted {
    /// The first of them; the others can silence nothing any more.
    first: usize,
    silenced: bool,
    /// Whether there was an error, which cannot be allowed.
    error: bool,
}

/// Takes out of `diagnostics` what the file allows, and gives back a finding for each entry that allows nothing.
pub fn apply(config: &Config, root: &Node, diagnostics: &mut Vec<Diagnostic>) -> Vec<Finding> {
    let entries: Vec<_> = config.allow.iter().flatten().map(|entry| (entry, explain(&entry.code.value))).collect();
    let keys = entries.iter().map(|(entry, rule)| {
        let place = entry.path.as_ref().map(|path| path.value.trim().to_owned());
        rule.map(|rule| (rule.code, place))
    });
    let keys: Vec<Option<Key>> = keys.collect();
    // Both lists are as long as somebody liked: each finding is looked up, not compared with each entry.
    let mut wanted: HashMap<Key, Wanted> = HashMap::new();
    for (first, key) in keys.iter().enumerate() {
        if let Some(key) = key {
            wanted.entry(key.clone()).or_insert(Wanted { first, silenced: false, error: false });
        }
    }
    let codes: HashSet<&str> = keys.iter().flatten().map(|(code, _)| *code).collect();
    diagnostics.retain(|diagnostic| {
        if !codes.contains(diagnostic.code) {
            return true;
        }
        let place = diagnostic.primary.as_ref().map(|p| path::around(root, p.span.start));
        let places = place.unwrap_or_default().into_iter().map(Some).chain([None]);
        let named = places.map(|place| (diagnostic.code, place)).filter(|key| wanted.contains_key(key));
        let named: Vec<Key> = named.collect();
        if diagnostic.severity == Severity::Error {
            for key in &named {
                if let Some(found) = wanted.get_mut(key) {
                    found.error = true;
                }
            }
            return true;
        }
        let first = named.iter().min_by_key(|key| wanted.get(key).map(|w| w.first));
        match first.and_then(|key| wanted.get_mut(key)) {
            Some(found) => {
                found.silenced = true;
                false
            }
            None => true,
        }
    });
    let mut unused = Vec::new();
    for (at, ((entry, rule), key)) in entries.iter().zip(&keys).enumerate() {
        let found = key.as_ref().and_then(|key| wanted.get(key));
        if found.is_some_and(|w| w.silenced && w.first == at) {
            continue;
        }
        let error = found.is_some_and(|w| w.error);
        let detail = match rule {
            None => {
                format!("`{}` is the code or name of no rule.", super::config::finding::shortened(&entry.code.value))
            }
            Some(rule) if error => {
                format!("{} is reported as an error here. An error stops the plan and cannot be allowed.", rule.code)
            }
            Some(rule) => {
                format!("{} has no finding {}.", rule.code, if entry.path.is_some() { "there" } else { "here" })
            }
        };
        let finding = Finding::at("OPS-007", &entry.code.span, "silences nothing").detail(detail);
        unused.push(finding.fix("remove the entry; `mailctl check` lists the codes that are reported"));
    }
    unused
}
