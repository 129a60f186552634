//! `mailctl explain CODE`: what a rule checks, why, and what to write instead.

use crate::cli::{Failure, Outcome, print};
use crate::compiler::{self, rules};

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// A code such as PORT-004, or a rule's name. Without it: the list of all rules.
    code: Option<String>,
}

pub fn run(arguments: &Arguments) -> Result<Outcome, Failure> {
    let Some(code) = &arguments.code else {
        let line = |rule: &&rules::Rule| format!("{:<9} {:<45} {}\n", rule.code, rule.name, rule.summary);
        print(&rules::catalogue().iter().map(line).collect::<String>());
        return Ok(Outcome::Done);
    };
    let rule = compiler::explain(code).ok_or_else(|| {
        let names = rules::catalogue().iter().flat_map(|rule| [rule.code, rule.name]);
        let near = names.min_by_key(|name| strsim::damerau_levenshtein(&name.to_lowercase(), &code.to_lowercase()));
        Failure(format!("there is no rule `{code}`; did you mean `{}`?", near.unwrap_or("PORT-001")))
    })?;
    print(&rule.markdown());
    Ok(Outcome::Done)
}
