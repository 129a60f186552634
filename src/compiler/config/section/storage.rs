//! `storage`: where mail is kept, how long, and where its copies are.

use schemars::JsonSchema;
use serde::Deserialize;

use super::leaf::{FilePath, Period, SecretSource, Url};
use crate::compiler::config::spanned::Spanned;

/// Where mail is kept.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Storage {
    /// In files of this machine, without another server. The default.
    pub embedded: Option<Spanned<Embedded>>,
    /// In a PostgreSQL database that several servers share, message bytes in `s3`.
    pub postgres: Option<Spanned<Postgres>>,
    /// An S3-compatible object store.
    pub s3: Option<Spanned<S3>>,
    /// How long mail stays in some mailboxes.
    pub retention: Option<Spanned<Retention>>,
    /// What happens to the mail of an account that leaves this file. Default: `retain`.
    pub deletion: Option<Spanned<Deletion>>,
    /// Whether message bytes are compressed. Default: `false`.
    pub compression: Option<Spanned<bool>>,
    /// Copies of the store.
    pub backup: Option<Spanned<Backup>>,
}

/// The store in files.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Embedded {
    /// Its folder. Default: `store` in the state folder.
    pub path: Option<Spanned<FilePath>>,
    /// What file system the folder is on. Default: `local`.
    pub filesystem: Option<Spanned<FileSystem>>,
}

/// Kinds of file systems, by what they promise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum FileSystem {
    Cifs,
    Fuse,
    /// A disk of this machine, or a block device that behaves like one.
    Local,
    Nfs,
}

/// A PostgreSQL database.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Postgres {
    /// Its connection URL, a secret because it holds the password.
    pub url: Spanned<SecretSource>,
}

/// An S3-compatible object store.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct S3 {
    pub endpoint: Spanned<Url>,
    #[schemars(length(min = 1))]
    pub bucket: Spanned<String>,
    #[schemars(length(min = 1))]
    pub access_key: Spanned<String>,
    pub secret_key: Spanned<SecretSource>,
}

/// How long mail stays in some mailboxes.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Retention {
    /// In Trash. Default: for ever.
    pub trash: Option<Spanned<Period>>,
    /// In Junk. Default: for ever.
    pub junk: Option<Spanned<Period>>,
}

/// What happens to the mail of an account that leaves this file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Deletion {
    Destroy,
    Retain,
}

/// Copies of the store.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Backup {
    /// Whether there are any. `false` says aloud that somebody else makes them. Default: `true` if the section is there.
    pub enabled: Option<Spanned<bool>>,
    /// A folder, best on another device.
    pub path: Option<Spanned<FilePath>>,
    /// An object store.
    pub s3: Option<Spanned<S3>>,
    /// How often. Default: `1d`.
    pub every: Option<Spanned<Period>>,
    /// The key that copies are encrypted with.
    pub encryption_key: Option<Spanned<SecretSource>>,
    /// Whether `path` is on the same device as the mail. Default: not known.
    pub same_device: Option<Spanned<bool>>,
}
