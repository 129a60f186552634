//! SEC: secrets are references, never values.
//!
//! A secret that stands in the file is refused and shown as asterisks in the report. Secret files are looked for and not read;
//! `Inputs::ignoring_secrets` leaves that out where the plan is made on another machine.

pub mod secret_exposed;
pub mod secret_in_clear;
pub mod secret_not_there;

use crate::compiler::rules::Rule;

/// The rules of this topic. A new rule is one file and one line here.
pub const RULES: &[&Rule] = &[&secret_in_clear::RULE, &secret_not_there::RULE, &secret_exposed::RULE];
