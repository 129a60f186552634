//! Versions of the language: a table of steps, each from one version to the next.
//!
//! A step edits the text, so that comments and layout stay; the number of the version is changed by
//! [`migrate`] itself. There is one version today and therefore no step.

use super::patch;
use crate::compiler::config::VERSION;
use crate::compiler::config::finding::Finding;
use crate::compiler::config::node::{Node, Value};
use crate::compiler::config::tree;
use crate::compiler::rules::complete;
use crate::compiler::rules::file::language_version;
use crate::ground::diagnostic::{Diagnostic, Edit};

/// From version `from` to the next one.
#[derive(Debug, Clone, Copy)]
pub struct Step {
    pub from: u32,
    /// What changes, in a sentence.
    pub what: &'static str,
    /// The edits that a text needs, by its tree.
    pub edits: fn(&str, &Node) -> Vec<Edit>,
}

/// Every step there is, by version.
pub const STEPS: &[Step] = &[];

/// A text in the newest version.
#[derive(Debug)]
pub struct Migrated {
    pub text: String,
    /// The version that it was written in.
    pub from: u32,
    pub steps: Vec<Step>,
}

/// Brings a text to the version that this compiler reads.
///
/// # Errors
/// The diagnostics of a text that cannot be read, or says no version, or one that is not known.
pub fn migrate(text: &str) -> Result<Migrated, Vec<Diagnostic>> {
    migrate_by(text, STEPS, VERSION)
}

fn migrate_by(text: &str, steps: &[Step], newest: u32) -> Result<Migrated, Vec<Diagnostic>> {
    let (mut root, mut version) = read(text, newest)?;
    let mut migrated = Migrated { text: text.to_owned(), from: version, steps: Vec::new() };
    while let Some(step) = steps.iter().find(|s| s.from == version) {
        let mut edits = (step.edits)(&migrated.text, &root);
        if let Some(number) = root.get("version") {
            edits.push(Edit { span: number.span.clone(), text: (version + 1).to_string() });
        }
        let patched = patch::apply(&migrated.text, &[&edits]);
        let stuck = |span, version: u32| {
            Finding::at("OPS-003", &span, "this is where it stops").detail(format!(
                "The step from version {version} to {} cannot be made on this file. {}",
                version + 1,
                step.what
            ))
        };
        if patched.applied != [true] {
            return Err(vec![complete(stuck(root.span.start..root.span.start, step.from))]);
        }
        migrated.text = patched.text;
        migrated.steps.push(*step);
        (root, version) = read(&migrated.text, newest)?;
        if version != step.from + 1 {
            return Err(vec![complete(stuck(0..0, step.from))]);
        }
    }
    if version == newest {
        return Ok(migrated);
    }
    let span = root.get("version").map_or(0..0, |n| n.span.clone());
    Err(vec![complete(language_version::unknown(version, &span))])
}

fn read(text: &str, newest: u32) -> Result<(Node, u32), Vec<Diagnostic>> {
    let read = tree::read(text);
    if !read.findings.is_empty() {
        return Err(read.findings.into_iter().map(complete).collect());
    }
    let root = read.root.unwrap_or(Node { span: 0..0, value: Value::Null });
    let version = match root.get("version").map(|n| (&n.value, n.span.clone())) {
        Some((Value::Integer(number), span)) => u32::try_from(*number)
            .ok()
            .filter(|v| (1..=newest).contains(v))
            .ok_or_else(|| language_version::unknown(u32::try_from(*number).unwrap_or(u32::MAX), &span)),
        Some((_, span)) => Err(Finding::at("OPS-003", &span, "no number")
            .detail("The version of the language is a whole number.")
            .fix(format!("version: {newest}"))),
        None => Err(Finding::at("OPS-003", &(root.span.start..root.span.start), "no `version`")
            .detail("The file does not say which version of the language it is written in.")
            .fix(format!("version: {newest}"))),
    };
    match version {
        Ok(version) => Ok((root, version)),
        Err(finding) => Err(vec![complete(finding)]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A step that no version of the language has: `relais` becomes `relay`.
    const RENAME: Step = Step {
        from: 1,
        what: "`relais` is called `relay`.",
        edits: |_, root| match &root.value {
            Value::Map(entries) => entries
                .iter()
                .filter(|e| e.key == "relais")
                .map(|e| Edit { span: e.key_span.clone(), text: "relay".to_owned() })
                .collect(),
            _ => Vec::new(),
        },
    };
    const NOTHING: Step = Step { from: 2, what: "Nothing but the number.", edits: |_, _| Vec::new() };

    #[test]
    fn steps_follow_each_other_and_keep_what_they_do_not_name() {
        let text = "# mine\r\nversion: 1 # old\r\nrelais:   {}   # keep\r\n";
        let migrated = migrate_by(text, &[RENAME, NOTHING], 3).unwrap();
        assert_eq!(migrated.text, "# mine\r\nversion: 3 # old\r\nrelay:   {}   # keep\r\n");
        assert_eq!((migrated.from, migrated.steps.len()), (1, 2));
        let migrated = migrate_by(&migrated.text, &[RENAME, NOTHING], 3).unwrap();
        assert!(migrated.steps.is_empty());
    }

    #[test]
    fn version_1_is_the_newest() {
        let text = "version: 1\nhost: {}\n";
        let migrated = migrate(text).unwrap();
        assert_eq!((migrated.text.as_str(), migrated.steps.len()), (text, 0));
    }

    #[test]
    fn what_is_not_known_is_refused() {
        for text in ["version: 2\n", "version: -1\n", "version: x\n", "host: {}\n", "", "version: 4294967297\n"] {
            assert_eq!(migrate(text).unwrap_err()[0].code, "OPS-003", "{text}");
        }
        assert_eq!(migrate("version: [\n").unwrap_err()[0].code, "YAML-001");
        assert_eq!(migrate_by("version: &v 1\nx: *v\n", &[RENAME], 2).unwrap().text, "version: &v 2\nx: *v\n");
        assert_eq!(migrate_by("x: &v 1\nversion: *v\n", &[RENAME], 2).unwrap_err()[0].code, "OPS-003");
        assert!(migrate_by("version: 1\n", &[], 2).is_err(), "a step is missing");
    }

    #[test]
    fn there_is_one_step_for_each_older_version() {
        let from: Vec<u32> = STEPS.iter().map(|s| s.from).collect();
        assert_eq!(from, (1..VERSION).collect::<Vec<_>>());
    }
}
