//! The catalogue of rules: what is well-formed and still wrong, or unwise.
//!
//! One rule, one file, one code, one explanation, one source (`docs/rules/` and `mailctl explain` print
//! what stands in the file). A rule sees the same [`Meaning`] that is lowered into the plan, and with
//! [`Material`] also what the named files hold. It reports [`Finding`]s; [`complete`] adds what the
//! catalogue knows.
//!
//! Severities: an error stops the plan; a warning or note is printed with it. `profile: lab` relaxes what
//! only matters on the Internet, and each rule says so itself.
//!
//! Codes that the reader raises while it parses ([`Check::Reading`]) have their explanation here too.

pub mod account;
pub mod auth;
pub mod catalogue;
pub mod certificate;
pub mod dane;
pub mod dkim;
pub mod dns;
pub mod file;
pub mod filter;
pub mod firewall;
pub mod identity;
pub mod network;
pub mod port;
pub mod relay;
pub mod secret;
pub mod storage;
pub mod sts;
pub mod tls;

use crate::compiler::config::finding::Finding;
use crate::compiler::config::inputs::Inputs;
use crate::compiler::config::material::Material;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::config::records::Wanted;
use crate::compiler::observed::Observed;
use crate::ground::diagnostic::{Diagnostic, RuleHelp, Severity};
use crate::ground::limits;
use crate::plan::Plan;

/// One rule of the catalogue, as data.
#[derive(Debug)]
pub struct Rule {
    /// Stable for ever, e.g. `PORT-004`.
    pub code: &'static str,
    /// Kebab-case name of what is flagged.
    pub name: &'static str,
    /// The heaviest severity it is reported with.
    pub severity: Severity,
    /// Fixed sentence, the same in every report.
    pub summary: &'static str,
    pub check: Check,
    pub explanation: Explanation,
    /// Standards and reports.
    pub references: &'static [&'static str],
}

/// What `mailctl explain` prints of a rule.
#[derive(Debug)]
pub struct Explanation {
    pub what: &'static str,
    pub why: &'static str,
    /// Sections of a file that fires it. Tests put the other sections around them.
    pub example: &'static str,
    /// The same sections, right. Tests see that they do not fire it.
    pub instead: &'static str,
    /// When the finding may stand, and what is then written down (`allow`, or a key of its own). For errors: why
    /// never, or which key says so aloud.
    pub ignore: &'static str,
}

/// When a rule can be decided.
#[derive(Debug)]
pub enum Check {
    /// With the files that the configuration names.
    Material(fn(&Evidence<'_>, &mut Vec<Finding>)),
    /// From what others see of the running server; `mailctl dns check` and `mailctl doctor` raise it.
    Live,
    /// From the configuration alone.
    Meaning(fn(&Meaning<'_>, &mut Vec<Finding>)),
    /// With what DNS says now. Only `plan --online` and `check --online` ask; never an error.
    Online(fn(&Sight<'_>, &mut Vec<Finding>)),
    /// While the file is read; the reader raises it.
    Reading,
    /// With the plan that is active now.
    Transition(fn(&Transition<'_>, &mut Vec<Finding>)),
}

/// What rules about files look at.
#[derive(Debug)]
pub struct Evidence<'e> {
    pub meaning: &'e Meaning<'e>,
    pub material: &'e Material<'e>,
    /// Every record that the configuration wants, with its place.
    pub records: &'e [Wanted<'e>],
    pub inputs: &'e Inputs,
}

/// What rules about the way from one plan to the next look at.
#[derive(Debug)]
pub struct Transition<'e> {
    pub meaning: &'e Meaning<'e>,
    pub next: &'e Plan,
    pub previous: &'e Plan,
}

/// What rules about the live world look at.
#[derive(Debug)]
pub struct Sight<'e> {
    pub meaning: &'e Meaning<'e>,
    pub plan: &'e Plan,
    pub observed: &'e Observed,
}

/// All rules, by code.
pub fn catalogue() -> &'static [&'static Rule] {
    &catalogue::CATALOGUE
}

/// The rule of that code or name, in any case.
pub fn explain(code_or_name: &str) -> Option<&'static Rule> {
    let is = |known: &str| known.eq_ignore_ascii_case(code_or_name.trim());
    catalogue().iter().copied().find(|r| is(r.code) || is(r.name))
}

/// Judges a configuration by every rule that needs no plan.
pub fn judge(evidence: &Evidence<'_>) -> Vec<Finding> {
    let mut out = Vec::new();
    for rule in catalogue() {
        let before = out.len();
        match rule.check {
            Check::Material(check) => check(evidence, &mut out),
            Check::Meaning(check) => check(evidence.meaning, &mut out),
            Check::Live | Check::Online(_) | Check::Reading | Check::Transition(_) => {}
        }
        if out.len() - before > limits::FINDINGS_MAX {
            // An error must not go where only warnings are left: it decides about the plan.
            out[before..].sort_by_key(|f| f.severity.unwrap_or(rule.severity));
            out.truncate(before + limits::FINDINGS_MAX);
        }
    }
    out
}

/// Judges the step from the plan that is active.
pub fn judge_transition(transition: &Transition<'_>) -> Vec<Finding> {
    let mut out = Vec::new();
    for rule in catalogue() {
        if let Check::Transition(check) = rule.check {
            check(transition, &mut out);
        }
    }
    out
}

/// Judges the plan against what was seen.
pub fn judge_online(sight: &Sight<'_>) -> Vec<Finding> {
    let mut out = Vec::new();
    for rule in catalogue() {
        if let Check::Online(check) = rule.check {
            check(sight, &mut out);
        }
    }
    out
}

/// A finding about the live world, which no place in a file stands for.
pub fn live(code: &'static str, severity: Severity, detail: String, fix: String) -> Diagnostic {
    let bare =
        Finding { code, severity: None, primary: None, related: Vec::new(), detail, fix: Some(fix), edits: Vec::new() };
    Diagnostic { severity, ..complete(bare) }
}

/// Adds name, severity, summary and references.
pub fn complete(finding: Finding) -> Diagnostic {
    let Finding { code, severity, primary, related, detail, fix, edits } = finding;
    let at = catalogue().binary_search_by_key(&code, |rule| rule.code);
    let rule = at.ok().and_then(|at| catalogue().get(at).copied());
    Diagnostic {
        code,
        name: rule.map_or("unlisted", |r| r.name),
        severity: severity.or(rule.map(|r| r.severity)).unwrap_or(Severity::Error),
        summary: rule.map_or("This code is not in the catalogue. This is a bug in mailctl.", |r| r.summary).to_owned(),
        primary,
        related,
        detail,
        fix,
        edits,
        references: rule.map_or(&[], |r| r.references),
    }
}

/// What every rule says of itself, for forms of a report that carry it along.
pub fn help() -> Vec<RuleHelp> {
    let of = |rule: &&Rule| RuleHelp {
        code: rule.code,
        name: rule.name,
        severity: rule.severity,
        summary: rule.summary,
        what: rule.explanation.what,
        text: rule.plain(),
        markdown: rule.markdown(),
    };
    catalogue().iter().map(of).collect()
}

impl Rule {
    /// The whole explanation without markup.
    pub fn plain(&self) -> String {
        let Explanation { what, why, example, instead, ignore } = &self.explanation;
        let references = self.references.join(", ");
        format!(
            "{what}\n\n{why}\n\nExample:\n{example}\n\nUse instead:\n{instead}\n\nWhen to ignore: {ignore}\n\n\
             References: {references}"
        )
    }

    /// The whole explanation as Markdown.
    pub fn markdown(&self) -> String {
        let Explanation { what, why, example, instead, ignore } = &self.explanation;
        let severity = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "note",
        };
        let mut text = format!("# {} `{}` ({severity})\n\n{}\n", self.code, self.name, self.summary);
        for (heading, body) in [("What it does", what), ("Why it matters", why)] {
            text.push_str(&format!("\n## {heading}\n\n{body}\n"));
        }
        for (heading, yaml) in [("Example", example), ("Use instead", instead)] {
            text.push_str(&format!("\n## {heading}\n\n```yaml\n{yaml}\n```\n"));
        }
        text.push_str(&format!("\n## When to ignore\n\n{ignore}\n"));
        text.push_str("\n## References\n\n");
        for reference in self.references {
            text.push_str(&format!("- {reference}\n"));
        }
        text
    }
}
