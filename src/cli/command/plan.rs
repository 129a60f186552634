//! `mailctl plan`: compiles, shows the difference from the active plan, writes the plan for review.

use std::path::PathBuf;

use super::stages::table;
use crate::apply::proposal::Proposal;
use crate::artefact::render::review;
use crate::cli::context::{Context, colour_out, tell};
use crate::cli::report::{ReportFormat, report};
use crate::cli::{Failure, Outcome, print, print_json};
use crate::compiler::Compilation;
use crate::ground::{diagnostic, file, limits};
use crate::plan::Plan;
use crate::plan::change::{self, Change};
use crate::runtime::server::stages::outlook;

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// `sarif` prints the findings alone, `github` the findings and the review as text.
    #[arg(long, value_enum, default_value = "human")]
    format: ReportFormat,
    /// Write the plan to this file, for `mailctl apply FILE`.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Exit with 2 when there is something to do.
    #[arg(long)]
    detailed_exitcode: bool,
    /// Do not look for secret files (they are on another machine).
    #[arg(long)]
    no_secrets: bool,
    /// Also ask DNS, and judge what is published by what the plan wants.
    #[arg(long)]
    online: bool,
}

pub fn run(context: &Context, arguments: &Arguments) -> Result<Outcome, Failure> {
    let inputs = context.inputs(!arguments.no_secrets);
    let inputs = if arguments.online { context.looking(inputs)? } else { inputs };
    let compilation = context.compilation(&inputs)?;
    let Some(plan) = &compilation.plan else {
        refuse(&compilation, arguments.format)?;
        return Err(Failure(String::new()));
    };
    let active = match context.state.active()? {
        Some(_) => Some(context.state.active_plan()?),
        None => None,
    };
    let former = active.as_ref().map(|(_, plan)| plan);
    let changes = change::diff(former, plan);
    let proposal = Proposal::new(plan, active.as_ref().map(|(activation, _)| activation.digest.clone()))?;
    show(&compilation, former, plan, &changes, arguments.format)?;
    if arguments.format == ReportFormat::Human && former.is_some() {
        let waits = outlook(&context.state, former, plan)?;
        if !waits.is_empty() {
            print(&format!("\nNot at once, when this is applied:\n\n{}", table(&waits)));
        }
    }
    if let Some(out) = &arguments.out {
        let mut bytes = serde_json::to_vec(&proposal)?;
        bytes.push(b'\n');
        file::replace(out, &bytes, 0o644).map_err(|error| Failure(format!("{}: {error}", out.display())))?;
        if arguments.format == ReportFormat::Human {
            eprintln!("written to {0}; to activate exactly this: mailctl apply {0}", out.display());
        }
    }
    Ok(if arguments.detailed_exitcode && !changes.is_empty() { Outcome::Differences } else { Outcome::Done })
}

/// Findings and review, where the form has room for both.
fn show(
    compilation: &Compilation,
    former: Option<&Plan>,
    plan: &Plan,
    changes: &[Change],
    format: ReportFormat,
) -> Result<(), Failure> {
    match format {
        ReportFormat::Human => {
            tell(compilation);
            print(&review::human(former, plan, changes, colour_out()));
        }
        ReportFormat::Json => {
            let mut value = review::json(former, plan, changes);
            value["findings"] = diagnostic::json_value(&compilation.sources, &compilation.diagnostics);
            print_json(&value)?;
        }
        ReportFormat::Sarif => print(&report(compilation, format, false)),
        ReportFormat::Github => {
            print(&report(compilation, format, false));
            print(&review::human(former, plan, changes, false));
        }
        ReportFormat::Markdown => {
            let findings = report(compilation, format, false);
            let left = limits::MARKDOWN_OCTETS_MAX.saturating_sub(findings.len());
            print(&format!("{}\n{findings}", review::markdown(former, plan, changes, left)));
        }
    }
    Ok(())
}

/// Findings of a configuration without a plan.
fn refuse(compilation: &Compilation, format: ReportFormat) -> Result<(), Failure> {
    match format {
        ReportFormat::Human => tell(compilation),
        ReportFormat::Json => {
            let findings = diagnostic::json_value(&compilation.sources, &compilation.diagnostics);
            print_json(&serde_json::json!({ "version": review::FORMAT, "findings": findings }))?;
        }
        _ => print(&report(compilation, format, false)),
    }
    Ok(())
}
