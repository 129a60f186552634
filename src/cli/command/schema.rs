//! `mailctl schema`: the JSON Schemas, for editors and for other programs.

use crate::cli::{Failure, Outcome, print_json};
use crate::{compiler, plan};

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Which document.
    #[arg(value_enum, default_value = "config")]
    document: Document,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Document {
    /// mailserver.yaml
    Config,
    /// plan.json
    Plan,
}

pub fn run(arguments: &Arguments) -> Result<Outcome, Failure> {
    match arguments.document {
        Document::Config => print_json(&compiler::schema())?,
        Document::Plan => print_json(&plan::codec::schema())?,
    }
    Ok(Outcome::Done)
}
