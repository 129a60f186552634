//! `storage`: where mail is kept.

use schemars::JsonSchema;
use serde::Deserialize;

use super::leaf::FilePath;
use crate::compiler::config::spanned::Spanned;

/// Where mail is kept.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Storage {
    /// In files of this machine, without another server. The only kind in this version.
    pub embedded: Option<Spanned<Embedded>>,
}

/// The store in files.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Embedded {
    /// Its folder. Default: `store` in the state folder.
    pub path: Option<Spanned<FilePath>>,
}
