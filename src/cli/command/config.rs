//! `mailctl config show`: every value that is in force, and where it comes from.

use crate::cli::context::{Context, show, tell};
use crate::cli::rewrite::Original;
use crate::cli::{Failure, Format, Outcome};
use crate::compiler;
use crate::compiler::config::effective::{Effective, Origin};
use crate::ground::diagnostic::{Source, SourceMap};

#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Every value that is in force, also where the file says nothing.
    Show(Show),
}

#[derive(Debug, clap::Args)]
pub struct Show {
    /// Say where each value comes from: a place in the file, or the reason of a default.
    #[arg(long)]
    origin: bool,
    #[arg(long, value_enum, default_value = "human")]
    format: Format,
}

pub fn run(context: &Context, command: &Command) -> Result<Outcome, Failure> {
    let Command::Show(arguments) = command;
    let original = Original::read(context)?;
    let name = context.config.display().to_string();
    let source = Source { name: &name, text: original.text() };
    let inputs = context.inputs(false);
    let Some((values, sources)) = compiler::effective(&source, &inputs) else {
        tell(&compiler::compile(&source, &inputs));
        return Err(Failure(String::new()));
    };
    let json =
        || serde_json::json!({ "version": 1, "values": values.iter().map(|v| value(&sources, v)).collect::<Vec<_>>() });
    show(arguments.format, || table(&sources, &values, arguments.origin), json)?;
    Ok(Outcome::Done)
}

fn table(sources: &SourceMap, values: &[Effective], origin: bool) -> String {
    let mut out = String::new();
    for Effective { path, value, origin: from, .. } in values {
        let shown = value.as_deref().unwrap_or("-");
        out.push_str(&format!("{path}: {shown}\n"));
        if !origin {
            continue;
        }
        match from {
            Origin::Default { reason } => out.push_str(&format!("    default: {reason}\n")),
            Origin::File(span) => {
                let place = sources.place(span);
                let (name, at) = (place.file.name(), place.start);
                out.push_str(&format!("    {name}:{}:{}\n", at.line, at.column));
            }
        }
    }
    out
}

fn value(sources: &SourceMap, effective: &Effective) -> serde_json::Value {
    let origin = match &effective.origin {
        Origin::Default { reason } => serde_json::json!({ "kind": "default", "reason": reason }),
        Origin::File(span) => {
            let place = sources.place(span);
            serde_json::json!({ "kind": "file", "file": place.file.name(), "line": place.start.line, "column": place.start.column })
        }
    };
    serde_json::json!({ "path": effective.path, "keys": effective.keys, "value": effective.value, "origin": origin })
}
