//! The compiler: one YAML text and the files that it names to a frozen plan, or to everything that is wrong.
//!
//! `config` reads and types the text, `rules` judges it, `lower` makes the plan. [`compile`] is the whole of
//! it: a pure function that never panics. A plan exists if and only if there is no error; warnings and notes
//! come with it. Findings are sorted by their place: file, then offset. `edit` changes the text for people.
//!
//! It does not touch the running server, DNS or the network, and it reads no secret.

mod allowance;
pub mod config;
pub mod edit;
pub mod lower;
pub mod observed;
pub mod rules;

pub use config::inputs::Inputs;
pub use rules::explain;

use std::fmt;

use aws_lc_rs::digest::{Context, SHA256};

use crate::ground::diagnostic::{Diagnostic, Severity, Source, SourceMap};
use crate::plan::Plan;
use config::canonical::canonical_into;
use config::effective::Effective;
use config::finding::Finding;
use config::material::Material;
use config::meaning::Meaning;
use config::node::Node;
use config::records;
use config::section::Config;
use config::{check, include, schema, spanned, tree};
use rules::{Evidence, Sight, Transition};

/// What a compilation gives: a plan if and only if there is no error, all findings by position, and the files
/// that their places lie in.
#[derive(Debug)]
pub struct Compilation {
    pub plan: Option<Plan>,
    pub diagnostics: Vec<Diagnostic>,
    pub sources: SourceMap,
}

/// Compiles one configuration. A pure function of its arguments; never panics.
///
/// `source.text` comes from [`text`], so that it has no byte order mark.
pub fn compile(source: &Source<'_>, inputs: &Inputs) -> Compilation {
    let mut findings = Vec::new();
    let mut sources = SourceMap::new(source.name, source.text);
    let outcome = stages(source, inputs, &mut sources, &mut findings);
    let mut diagnostics: Vec<Diagnostic> = findings.into_iter().map(rules::complete).collect();
    if let Some(Outcome { allowing: Some((config, root)), .. }) = &outcome {
        let unused = allowance::apply(config, root, &mut diagnostics);
        diagnostics.extend(unused.into_iter().map(rules::complete));
    }
    let place = |d: &Diagnostic| d.primary.as_ref().map_or(0, |p| p.span.start);
    diagnostics
        .sort_by(|a, b| (place(a), a.severity, a.code, &a.detail).cmp(&(place(b), b.severity, b.code, &b.detail)));
    // An alias repeats what is wrong in its anchor.
    diagnostics.dedup();
    let stopped = diagnostics.iter().any(|d| d.severity == Severity::Error);
    Compilation { plan: outcome.map(|o| o.plan).filter(|_| !stopped), diagnostics, sources }
}

/// Rules that miss an entry. Where one was malformed and reported as such, they would report it again.
const OF_MISSING_ENTRIES: [&str; 4] = ["ACC-004", "ACC-005", "ACC-006", "ID-007"];
/// Those of them that miss an account or alias, which is all that an included file can hold.
const OF_MISSING_PEOPLE: [&str; 2] = ["ACC-004", "ACC-005"];

/// What the stages leave behind: the plan, which may still be withheld, and what `allow` is judged with, if the file
/// has it: a hundred thousand accounts are not kept three times.
struct Outcome {
    plan: Plan,
    allowing: Option<(Config, Node)>,
}

fn stages(
    source: &Source<'_>,
    inputs: &Inputs,
    sources: &mut SourceMap,
    findings: &mut Vec<Finding>,
) -> Option<Outcome> {
    let read = tree::read(source.text);
    findings.extend(read.findings);
    let mut root = read.root.filter(|_| !findings.iter().any(|f| f.code.starts_with("YAML-")))?;
    let lost_files = include::merge(&mut root, sources, inputs, read.repeated, findings);
    let source_digest = source_digest(&root);
    let mut checked = check::check(schema::compiled(), root);
    findings.append(&mut checked.findings);
    let tree = checked.tree.take()?;
    let config: Config = match spanned::decode(&tree) {
        Ok(config) => config,
        Err(error) => {
            let finding = Finding::at("OPS-002", &(0..0), "here, somewhere")
                .detail(format!("The schema admits what the types do not: {error}. This is a bug in mailctl."));
            findings.push(finding);
            return None;
        }
    };
    let tree = config.allow.as_ref().map(|_| tree);
    let meaning = Meaning::of(&config);
    let material = Material::read(&meaning, inputs);
    let records = records::records(&meaning, &material);
    let evidence = Evidence { meaning: &meaning, material: &material, records: &records, inputs };
    let judged = rules::judge(&evidence);
    let misled = |f: &Finding| {
        (checked.lost_entries && OF_MISSING_ENTRIES.contains(&f.code))
            || (lost_files && OF_MISSING_PEOPLE.contains(&f.code))
    };
    findings.extend(judged.into_iter().filter(|f| !checked.touches_broken(f) && !misled(f)));
    let plan = lower::plan(&meaning, &material, &records, source_digest);
    if let Some(previous) = &inputs.previous {
        findings.extend(rules::judge_transition(&Transition { meaning: &meaning, next: &plan, previous }));
    }
    if let Some(observed) = &inputs.observed {
        findings.extend(rules::judge_online(&Sight { meaning: &meaning, plan: &plan, observed }));
    }
    Some(Outcome { plan, allowing: tree.map(|tree| (config, tree)) })
}

/// Every value that is in force, with its origin and the files that the origins lie in; `None` where something is
/// not well-formed, which [`compile`] reports.
pub fn effective(source: &Source<'_>, inputs: &Inputs) -> Option<(Vec<Effective>, SourceMap)> {
    let mut sources = SourceMap::new(source.name, source.text);
    let tree::Tree { root, mut findings, repeated } = tree::read(source.text);
    let mut root = root?;
    include::merge(&mut root, &mut sources, inputs, repeated, &mut findings);
    let mut checked = check::check(schema::compiled(), root);
    findings.append(&mut checked.findings);
    let root = checked.tree.filter(|_| findings.is_empty())?;
    let config: Config = spanned::decode(&root).ok()?;
    Some((config::effective::effective(schema::compiled(), &root, &Meaning::of(&config)), sources))
}

/// `sha256:` and hex over the meaning of all files: comments, layout and the order of words do not change it.
fn source_digest(root: &Node) -> String {
    let mut hashed = Hashed { context: Context::new(&SHA256), waiting: String::with_capacity(Hashed::AT_ONCE) };
    // Hashing does not fail.
    let _ = canonical_into(schema::compiled(), root, &mut hashed);
    hashed.context.update(hashed.waiting.as_bytes());
    let hex: String = hashed.context.finish().as_ref().iter().map(|b| format!("{b:02x}")).collect();
    format!("sha256:{hex}")
}

/// Text on its way into a digest. It comes in short pieces, which would be hashed slowly one by one.
struct Hashed {
    context: Context,
    waiting: String,
}

impl Hashed {
    /// Octets that are hashed together.
    const AT_ONCE: usize = 8 * 1024;
}

impl fmt::Write for Hashed {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if self.waiting.len() + text.len() > Self::AT_ONCE {
            self.context.update(self.waiting.as_bytes());
            self.waiting.clear();
        }
        if text.len() > Self::AT_ONCE {
            self.context.update(text.as_bytes());
        } else {
            self.waiting.push_str(text);
        }
        Ok(())
    }
}

/// A file that is no UTF-8: the text with every bad sequence replaced, to be shown, and the finding.
#[derive(Debug)]
pub struct NotUtf8 {
    pub shown: String,
    pub diagnostic: Diagnostic,
}

impl NotUtf8 {
    /// The outcome of a compilation that could not begin.
    pub fn into_compilation(self, name: &str) -> Compilation {
        Compilation { plan: None, diagnostics: vec![self.diagnostic], sources: SourceMap::new(name, self.shown) }
    }
}

/// The text of a configuration file, without a leading byte order mark.
///
/// # Errors
/// [`NotUtf8`] with the place of the first bad octet.
pub fn text(bytes: &[u8]) -> Result<&str, Box<NotUtf8>> {
    config::text::decode(bytes)
        .map_err(|e| Box::new(NotUtf8 { shown: e.shown, diagnostic: rules::complete(e.finding) }))
}

/// The JSON Schema (2020-12) of the language, generated from its types.
pub fn schema() -> serde_json::Value {
    config::schema::document()
}
