//! `mailctl history`: the plans that were active.

use crate::cli::context::{Context, show};
use crate::cli::{Failure, Format, Outcome};

#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[arg(long, value_enum, default_value = "human")]
    format: Format,
}

pub fn run(context: &Context, arguments: &Arguments) -> Result<Outcome, Failure> {
    let history = context.state.history()?;
    let table = || {
        let mut text = String::from("GENERATION  ACTIVATED             PLAN\n");
        for record in &history {
            let note = record.rollback_to.map_or_else(String::new, |to| format!("  (back to {to})"));
            text.push_str(&format!(
                "{:>10}  {}  {}{note}\n",
                record.generation,
                record.activated.rfc3339(),
                record.digest
            ));
        }
        text
    };
    show(arguments.format, table, || serde_json::json!({ "history": history }))?;
    Ok(Outcome::Done)
}
