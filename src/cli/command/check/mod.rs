//! `mailctl check`: compiles and reports, once or whenever a file changes ([`watch`]), or mends first ([`fix`]).
//!
//! The report goes to standard output in every form, since it is the result. Without `--fix` nothing is written anywhere.

mod fix;
mod watch;

use crate::cli::context::{Context, colour_out, verdict};
use crate::cli::report::{ReportFormat, report};
use crate::cli::{Failure, Outcome, print};
use crate::compiler::Inputs;
use crate::plan::digest::Digest;

#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[arg(long, value_enum, default_value = "human")]
    format: ReportFormat,
    /// Do not look for secret files (they are on another machine).
    #[arg(long)]
    no_secrets: bool,
    /// Also ask DNS, and judge what is published by what the plan wants.
    #[arg(long, conflicts_with = "watch")]
    online: bool,
    /// Go on, and report again whenever a file changes; Ctrl-C ends it.
    #[arg(long)]
    watch: bool,
    /// Make the edits that need no decision: shows the difference and asks before it writes.
    #[arg(long, conflicts_with_all = ["format", "watch"])]
    fix: bool,
    /// With --fix: write without asking.
    #[arg(long, requires = "fix")]
    yes: bool,
}

pub fn run(context: &Context, arguments: &Arguments) -> Result<Outcome, Failure> {
    if arguments.watch {
        return watch::run(context, arguments);
    }
    if arguments.fix
        && let Outcome::Differences = fix::run(context, arguments)?
    {
        return Ok(Outcome::Differences);
    }
    let inputs = context.inputs(!arguments.no_secrets);
    let inputs = if arguments.online { context.looking(inputs)? } else { inputs };
    let (text, good) = once(context, arguments, &inputs)?;
    print(&text);
    if good { Ok(Outcome::Done) } else { Err(Failure(String::new())) }
}

/// What one run prints, and whether there is a plan.
fn once(context: &Context, arguments: &Arguments, inputs: &Inputs) -> Result<(String, bool), Failure> {
    let compilation = context.compilation(inputs)?;
    let human = arguments.format == ReportFormat::Human;
    let mut text = String::new();
    if !human || !compilation.diagnostics.is_empty() {
        text = report(&compilation, arguments.format, colour_out());
    }
    if let Some(plan) = compilation.plan.as_ref().filter(|_| human) {
        let (name, digest) = (compilation.sources.main().name(), Digest::of_plan(plan));
        text.push_str(&format!("{name}: good ({}), plan {digest}\n", verdict(&compilation.diagnostics)));
    }
    Ok((text, compilation.plan.is_some()))
}
