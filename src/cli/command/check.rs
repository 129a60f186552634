//! `mailctl check`: compiles and reports.

use crate::cli::context::{Context, verdict};
use crate::cli::{Failure, Format, Outcome, print};
use crate::plan::digest::Digest;

#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[arg(long, value_enum, default_value = "human")]
    format: Format,
    /// Do not look for secret files (they are on another machine).
    #[arg(long)]
    no_secrets: bool,
}

pub fn run(context: &Context, arguments: &Arguments) -> Result<Outcome, Failure> {
    let (compilation, report) = context.compile_quietly(!arguments.no_secrets, arguments.format)?;
    if arguments.format == Format::Json || !compilation.diagnostics.is_empty() {
        print(&report);
    }
    match (&compilation.plan, arguments.format) {
        (None, _) => Err(Failure(String::new())),
        (Some(_), Format::Json) => Ok(Outcome::Done),
        (Some(plan), Format::Human) => {
            print(&format!(
                "{}: good ({}), plan {}",
                context.config.display(),
                verdict(&compilation.diagnostics),
                Digest::of_plan(plan)
            ));
            Ok(Outcome::Done)
        }
    }
}
