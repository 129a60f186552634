//! `tests/rules/NAME.md`: for each rule the files that fire it and those that do not, with their exact reports.
//!
//! A file has sections `## Fires` and `## Silent`, several of each if need be (`## Fires: with a relay`). A section
//! holds a `yaml` block, where sections of the file that do not matter may be left out, and the `report` that it gives.
//! Before them may stand blocks that set the scene: `file NAME` (a file that the YAML names; `file NAME world-readable`
//! for one that everybody may read), `previous` (the configuration whose plan is active), `observed` (what DNS says:
//! `NAME TYPE DATA` lines, `NAME TYPE` for nothing). Rules of the live world have a `seen` block behind the `yaml`
//! (see `live.rs`), and the report is that of `mailctl dns check`.
//! `MAILCTL_BLESS=1` writes the reports, and a first file for a new rule from its example.

use std::fmt::Write as _;
use std::path::PathBuf;

use mailctl::compiler::Inputs;
use mailctl::compiler::observed::{Kind, Observed, Question};
use mailctl::compiler::rules::{self, Check, Rule};

use crate::fixtures::{golden, inputs, report, root, shown, with_file};
use crate::rules::complete;

/// A fenced block: what stands behind the back-ticks, and its lines.
struct Block {
    kind: String,
    text: String,
}

/// A section with its blocks, and the text between them as it is.
struct Section {
    heading: String,
    blocks: Vec<Block>,
}

fn sections(text: &str) -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::new();
    let mut open: Option<Block> = None;
    for line in text.lines() {
        match (&mut open, line.strip_prefix("```")) {
            (Some(_), Some("")) => sections.last_mut().unwrap().blocks.extend(open.take()),
            (Some(block), _) => block.text += &format!("{line}\n"),
            (None, Some(kind)) => open = Some(Block { kind: kind.to_owned(), text: String::new() }),
            (None, None) => {
                if let Some(heading) = line.strip_prefix("## ") {
                    sections.push(Section { heading: heading.to_owned(), blocks: Vec::new() });
                }
            }
        }
    }
    assert!(open.is_none(), "a block is not closed");
    sections
}

/// Compiles the last `yaml` of a section in its scene.
fn run(rule: &Rule, section: &Section, inputs: &Inputs) -> (bool, String) {
    let mut inputs = inputs.clone();
    let mut outcome = None;
    for block in &section.blocks {
        match block.kind.split_once(' ').unwrap_or((&block.kind, "")) {
            ("file", name) => {
                let (name, exposed) = name.strip_suffix(" world-readable").map_or((name, false), |name| (name, true));
                inputs = with_file(inputs, name, block.text.as_bytes());
                if exposed {
                    inputs = inputs.exposing(name.into());
                }
            }
            ("previous", _) => {
                let (compilation, rendered) = report("previous.yaml", &complete(&block.text), &inputs);
                inputs = inputs.after(Some(compilation.plan.unwrap_or_else(|| panic!("{}: {rendered}", rule.code))));
            }
            ("observed", _) => inputs = inputs.seeing(observed(&block.text)),
            ("yaml", _) => {
                let (compilation, rendered) = report("mailserver.yaml", &complete(&block.text), &inputs);
                let fired = compilation.diagnostics.iter().any(|d| d.code == rule.code);
                outcome = Some((fired, rendered));
            }
            ("seen", _) => {
                let yaml = section.blocks.iter().rfind(|b| b.kind == "yaml").expect("a yaml before what is seen");
                let (compilation, rendered) = report("mailserver.yaml", &complete(&yaml.text), &inputs);
                let plan = compilation.plan.unwrap_or_else(|| panic!("{}: {rendered}", rule.code));
                outcome = Some(crate::live::report(rule.code, &plan, &block.text));
            }
            ("report", _) => {}
            (other, _) => panic!("{}: no such block: {other}", rule.code),
        }
    }
    outcome.unwrap_or_else(|| panic!("{}: no yaml under `{}`", rule.code, section.heading))
}

fn observed(text: &str) -> Observed {
    let mut observed = Observed::default();
    for line in text.lines() {
        let mut words = line.splitn(3, ' ');
        let name = words.next().unwrap().to_owned();
        let word = words.next().unwrap_or_else(|| panic!("no type: {line}"));
        let kind = Kind::ALL.into_iter().find(|k| k.word() == word).unwrap_or_else(|| panic!("no type: {line}"));
        let answer = observed.answers.entry(Question { name, kind }).or_default();
        answer.records.extend(words.next().map(str::to_owned));
    }
    observed
}

/// The file of a rule, written anew with the reports that it gives now.
fn rendered(rule: &Rule, sections: &[Section], inputs: &Inputs) -> Result<String, String> {
    let mut out = format!("# {} {}\n", rule.code, rule.name);
    for section in sections {
        let _ = write!(out, "\n## {}\n", section.heading);
        let (fired, report) = run(rule, section, inputs);
        let wanted = section.heading.starts_with("Fires");
        if fired != wanted {
            return Err(format!("{} under `{}`: fired is {fired}\n{report}", rule.code, section.heading));
        }
        for block in section.blocks.iter().filter(|b| b.kind != "report") {
            let _ = write!(out, "\n```{}\n{}```\n", block.kind, block.text);
        }
        let _ = write!(out, "\n```report\n{report}```\n");
    }
    Ok(out)
}

#[test]
fn every_rule_fires_and_stays_silent_word_for_word() {
    let inputs = inputs();
    let bless = std::env::var_os("MAILCTL_BLESS").is_some();
    let mut failures = Vec::new();
    let mut expected: Vec<PathBuf> = Vec::new();
    for rule in rules::catalogue() {
        let path = root("tests/rules").join(format!("{}.md", rule.name));
        expected.push(path.clone());
        let mut text = std::fs::read_to_string(&path).unwrap_or_default();
        let derivable = !matches!(rule.check, Check::Live | Check::Online(_) | Check::Transition(_));
        if text.is_empty() && bless && derivable {
            let (fires, silent) = (rule.explanation.example, rule.explanation.instead);
            text = format!("## Fires\n```yaml\n{fires}\n```\n## Silent\n```yaml\n{silent}\n```\n");
        }
        let sections = sections(&text);
        for heading in ["Fires", "Silent"] {
            if !sections.iter().any(|s| s.heading.starts_with(heading)) {
                failures.push(format!("{} has no `## {heading}` in {}", rule.code, path.display()));
            }
        }
        match rendered(rule, &sections, &inputs) {
            Err(failure) => failures.push(failure),
            Ok(now) if bless => std::fs::write(&path, now).unwrap(),
            Ok(now) if now != text => failures.push(format!("{}:\n{text}\n--- now\n{now}", path.display())),
            Ok(_) => {}
        }
    }
    for entry in std::fs::read_dir(root("tests/rules")).unwrap() {
        let path = entry.unwrap().path();
        if !expected.contains(&path) {
            failures.push(format!("{} belongs to no rule", path.display()));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// Rewrites the reports and the table of `docs/misconfigurations.md`; the prose stays.
fn misconfigurations(text: &str, inputs: &Inputs) -> String {
    let (mut body, mut table) =
        (String::new(), String::from("| | mistake | reported as | severity |\n| --- | --- | --- | --- |\n"));
    let mut heading = String::new();
    let mut block: Option<Block> = None;
    let mut after_report = false;
    for line in text.lines() {
        if let Some(Block { kind, text: yaml }) = &mut block {
            if line != "```" {
                *yaml += &format!("{line}\n");
                continue;
            }
            if kind == "yaml" {
                let (title, code) =
                    heading.strip_suffix(')').and_then(|h| h.rsplit_once(" (")).expect("## N. Title (CODE)");
                let (compilation, rendered) = report("mailserver.yaml", &complete(yaml), inputs);
                let found = compilation.diagnostics.iter().find(|d| d.code == code);
                let found = found.unwrap_or_else(|| panic!("{heading}: not reported\n{rendered}"));
                let (number, mistake) = title.split_once(". ").expect("## N. Title (CODE)");
                let severity = format!("{:?}", found.severity).to_lowercase();
                let _ = writeln!(table, "| {number} | {mistake} | {code} `{}` | {severity} |", found.name);
                let alone: Vec<_> = compilation.diagnostics.iter().filter(|d| d.code == code).cloned().collect();
                let _ = write!(body, "```yaml\n{yaml}```\n\n```text\n{}```\n", shown(&complete(yaml), &alone));
            }
            after_report = true;
            block = None;
        } else if let Some(kind) = line.strip_prefix("```") {
            block = Some(Block { kind: kind.to_owned(), text: String::new() });
        } else if !(after_report && line.is_empty()) {
            if let Some(text) = line.strip_prefix("## ") {
                heading = text.to_owned();
                body += if after_report { "\n" } else { "" };
            }
            after_report = false;
            let _ = writeln!(body, "{line}");
        }
    }
    let (head, rest) = body.split_once("<!-- table -->\n").expect("the table has its place");
    let (_, tail) = rest.split_once("<!-- end of table -->\n").expect("the table has its end");
    format!("{head}<!-- table -->\n{table}<!-- end of table -->\n{tail}")
}

#[test]
fn the_mistakes_that_cost_mail_most_often_are_reported() {
    let path = root("docs/misconfigurations.md");
    let text = std::fs::read_to_string(&path).unwrap();
    let now = misconfigurations(&text, &inputs());
    assert_eq!(now.matches("\n## ").count(), 25);
    golden(&path, &now).unwrap();
}
