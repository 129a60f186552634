//! `allow`: warnings that somebody has thought about.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::compiler::config::spanned::Spanned;

/// A warning or note that is not to be shown. Errors cannot be silenced.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Allow {
    /// Code or name of the rule.
    #[schemars(length(min = 1))]
    pub code: Spanned<String>,
    /// Only there, and below: keys with dots, `domains.example.org` or `listeners.imap`. Default: everywhere.
    #[schemars(length(min = 1))]
    pub path: Option<Spanned<String>>,
    /// Why it is right here, for whoever reads the file next.
    #[schemars(length(min = 1))]
    pub reason: Spanned<String>,
}
