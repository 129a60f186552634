//! `include`: accounts and aliases that stand in files of their own, merged into the spanned tree of the main file.
//!
//! An included file holds `accounts` and `aliases` and nothing else, so that what the server does can be read in one
//! file. Its entries keep their places. Paths in it start at the folder of the main file, as everywhere. Bounds:
//! `limits::{INCLUDED_FILES_MAX, INCLUDED_OCTETS_MAX, INCLUDE_NAMES_MAX}`; aliases of all files share one budget.
//!
//! It does not see entries that two files give: both stay in the tree, and ACC-007 shows both places.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use super::finding::{Finding, listed, nearest, shortened};
use super::glob::Pattern;
use super::inputs::{InputError, Inputs, MatchError};
use super::node::{Entry, Node, Value};
use super::{text, tree};
use crate::ground::diagnostic::{SourceMap, Span};
use crate::ground::limits;

/// Sections that an included file may hold.
const SECTIONS: [&str; 2] = ["accounts", "aliases"];

/// Merges what `root` includes into it and adds the files to `sources`. True: something could not be taken over, so
/// that entries may be missing. `repeated` is what the aliases of the main file spent.
pub fn merge(
    root: &mut Node,
    sources: &mut SourceMap,
    inputs: &Inputs,
    repeated: usize,
    findings: &mut Vec<Finding>,
) -> bool {
    // What is no list of texts is left to the schema check.
    let patterns: Vec<(String, Span)> = match root.get("include").map(|n| &n.value) {
        Some(Value::List(items)) => items.iter().filter_map(pattern).collect(),
        _ => return false,
    };
    let folder = Path::new(sources.main().name()).parent().unwrap_or(Path::new("")).to_owned();
    let mut reader = Reader {
        sources,
        inputs,
        folder,
        seen: BTreeSet::new(),
        octets: 0,
        names: limits::INCLUDE_NAMES_MAX,
        repeated,
        findings: Vec::new(),
    };
    for (pattern, span) in patterns {
        let Some(paths) = reader.paths(&pattern, &span) else { break };
        if !paths.into_iter().all(|path| reader.file(root, &path, &span)) {
            break;
        }
    }
    let lost = !reader.findings.is_empty();
    findings.append(&mut reader.findings);
    lost
}

fn pattern(node: &Node) -> Option<(String, Span)> {
    match &node.value {
        Value::Text(text) if !text.is_empty() => Some((text.clone(), node.span.clone())),
        _ => None,
    }
}

struct Reader<'a> {
    sources: &'a mut SourceMap,
    inputs: &'a Inputs,
    /// Of the main file, as it is shown.
    folder: PathBuf,
    /// A file that two patterns name is read once.
    seen: BTreeSet<PathBuf>,
    octets: usize,
    /// Names that globs may still look at.
    names: usize,
    repeated: usize,
    findings: Vec<Finding>,
}

impl Reader<'_> {
    /// The files that a pattern stands for. `None`: a bound is reached.
    fn paths(&mut self, pattern: &str, span: &Span) -> Option<Vec<PathBuf>> {
        let parsed = Pattern::new(pattern);
        if parsed.segments.contains(&"**") {
            let finding = Finding::at("OPS-020", span, "`**` is not known")
                .detail("`*` and `?` stand for characters within one segment of a path; nothing reaches into folders below.")
                .fix("name each folder: accounts/*.yaml, accounts/*/*.yaml");
            self.findings.push(finding);
            return Some(Vec::new());
        }
        if !parsed.is_glob() {
            return Some(vec![PathBuf::from(pattern)]);
        }
        match self.inputs.matching(&parsed, &mut self.names) {
            Ok(paths) if paths.is_empty() => {
                let finding = Finding::at("OPS-020", span, "no file matches")
                    .detail(format!(
                        "`{}` matches no file. A relative path starts at the folder of this file; hidden files and \
                         folders do not match `*`.",
                        shortened(pattern)
                    ))
                    .fix("correct the pattern, or remove it until there is a file");
                self.findings.push(finding);
                Some(paths)
            }
            Ok(paths) => Some(paths),
            Err(MatchError::Unlistable(folder, error)) => {
                self.unreadable(&folder, &error, "folder", span);
                Some(Vec::new())
            }
            Err(MatchError::TooMany) => {
                let what = format!("more than {} names", limits::INCLUDE_NAMES_MAX);
                self.beyond(&format!("The patterns up to here would look at {what}."), span);
                None
            }
        }
    }

    /// Reads one file into `root`. False: a bound is reached.
    fn file(&mut self, root: &mut Node, path: &Path, span: &Span) -> bool {
        let path: &PathBuf = &path.components().filter(|c| *c != Component::CurDir).collect();
        if !self.seen.insert(path.clone()) {
            return true;
        }
        if self.seen.len() > limits::INCLUDED_FILES_MAX {
            self.beyond(&format!("More than {} files are included.", limits::INCLUDED_FILES_MAX), span);
            return false;
        }
        let left = limits::INCLUDED_OCTETS_MAX.saturating_sub(self.octets);
        let bytes = match self.inputs.read_bounded(path, left) {
            Ok(bytes) => bytes,
            Err(InputError::TooLong(_)) => {
                let octets = limits::INCLUDED_OCTETS_MAX;
                self.beyond(&format!("The included files have more than {octets} octets together."), span);
                return false;
            }
            Err(error) => {
                self.unreadable(path, &error, "file", span);
                return true;
            }
        };
        self.octets += bytes.len();
        let name = self.folder.join(path).display().to_string();
        let (shown, decoded) = match text::decode(&bytes) {
            Ok(text) => (text.to_owned(), None),
            Err(bad) => (bad.shown, Some(bad.finding)),
        };
        let Some(base) = self.sources.add(&name, shown) else {
            self.beyond("The files are longer than places can count.", span);
            return false;
        };
        if let Some(mut finding) = decoded {
            finding.shift(base);
            self.findings.push(finding);
            return true;
        }
        let read = tree::read_after(self.sources.file(base).text(), self.repeated).moved(base);
        self.repeated = read.repeated;
        self.findings.extend(read.findings);
        if let Some(included) = read.root {
            self.sections(root, included);
        }
        true
    }

    fn sections(&mut self, root: &mut Node, included: Node) {
        let entries = match included.value {
            Value::Map(entries) => entries,
            // A file that is still empty.
            Value::Null => return,
            _ => {
                let finding = Finding::at("OPS-002", &included.span, format!("this is {}", included.kind()))
                    .detail(format!(
                        "An included file is a map with {}; this is {}.",
                        listed(SECTIONS, "and"),
                        included.kind()
                    ))
                    .fix("accounts: { user@example.org: { password: { file: /run/secrets/user } } }");
                self.findings.push(finding);
                return;
            }
        };
        for entry in entries {
            match entry.key.as_str() {
                "include" => self.findings.push(nested(&entry)),
                key if SECTIONS.contains(&key) => self.section(root, entry),
                _ => self.findings.push(foreign(&entry)),
            }
        }
    }

    /// Puts the entries of a section behind those that `root` has.
    fn section(&mut self, root: &mut Node, section: Entry) {
        let Value::Map(sections) = &mut root.value else { return };
        let mut added = match section.value.value {
            Value::Map(added) => added,
            Value::Null => return,
            _ => {
                let kind = section.value.kind();
                let finding = Finding::at("OPS-002", &section.value.span, format!("this is {kind}"))
                    .detail(format!("`{}` wants a map; this is {kind}.", section.key));
                self.findings.push(finding);
                return;
            }
        };
        match sections.iter_mut().find(|e| e.key == section.key) {
            None => {
                let value = Node { span: section.value.span, value: Value::Map(added) };
                sections.push(Entry { key: section.key, key_span: section.key_span, value });
            }
            Some(own) => match &mut own.value.value {
                Value::Map(entries) => entries.append(&mut added),
                nothing @ Value::Null => *nothing = Value::Map(added),
                // The schema check says what is wrong with it.
                _ => {}
            },
        }
    }

    fn unreadable(&mut self, path: &Path, error: &InputError, kind: &str, span: &Span) {
        let path = shortened(&path.display().to_string());
        let finding = Finding::at("OPS-021", span, format!("this {kind} cannot be used"))
            .detail(format!("The {kind} `{path}` {error}. A relative path starts at the folder of this file."))
            .fix("correct the path, or let the user who runs mailctl read it");
        self.findings.push(finding);
    }

    fn beyond(&mut self, detail: &str, span: &Span) {
        let finding = Finding::at("YAML-002", span, "this crosses the limit")
            .detail(format!("{detail} Reading of included files ended here."))
            .fix("include fewer or smaller files");
        self.findings.push(finding);
    }
}

fn nested(entry: &Entry) -> Finding {
    Finding::at("OPS-023", &entry.key_span, "an include inside an include")
        .detail("Only the main file includes others, so that one look at it shows all files of the server.")
        .fix("move the entry into the `include` of the main file")
}

fn foreign(entry: &Entry) -> Finding {
    let near = nearest(&entry.key, SECTIONS);
    let text = near.map_or_else(|| "not in an included file".to_owned(), |n| format!("did you mean `{n}`?"));
    let finding = Finding::at("OPS-022", &entry.key_span, text).detail(format!(
        "`{}` stands in an included file, which holds {} only.",
        shortened(&entry.key),
        listed(SECTIONS, "and")
    ));
    match near {
        Some(near) => finding.fix(format!("{near}: ...")),
        None => finding.fix("move it into the main file"),
    }
}
