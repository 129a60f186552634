//! `logging`: what the server says about its work.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::compiler::config::spanned::Spanned;

/// What the server writes to its log, and how.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Logging {
    /// One line of text or one JSON object an event. Default: `text`.
    pub format: Option<Spanned<LogFormat>>,
    /// The least important kind of event that is written. Default: `info`.
    pub level: Option<Spanned<LogLevel>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    Json,
    Text,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    Debug,
    Error,
    Info,
    Warn,
}
