//! `accounts`: the mailboxes.

use schemars::JsonSchema;
use serde::Deserialize;

use super::leaf::{FilePath, MailAddress, PasswordHash, SecretSource, Size, mark_secret};
use crate::compiler::config::spanned::{Entries, Spanned};

/// A mailbox with its owner.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// How the owner logs in. Default: nobody logs in; the mailbox receives only.
    pub password: Option<Spanned<Password>>,
    /// How much mail it may hold. Default: as much as the disk.
    pub quota: Option<Spanned<Size>>,
    /// Addresses that the owner may send from, besides the own one and its aliases.
    #[serde(default)]
    pub send_as: Option<Vec<Spanned<MailAddress>>>,
    /// Further addresses of this mailbox.
    #[serde(default)]
    pub aliases: Option<Vec<Spanned<MailAddress>>>,
    /// Further passwords, by a label that says which device or program has it. Each can be taken away alone.
    pub app_passwords: Option<Spanned<Entries<String, Password>>>,
    /// Where the mailbox's mail is sent on to. Other servers see the rewritten sender of `outbound.forwarding`.
    #[serde(default)]
    pub forward_to: Option<Vec<Spanned<MailAddress>>>,
    /// Whether mail that is sent on also stays here. Default: `true`.
    pub keep_copy: Option<Spanned<bool>>,
    /// Sieve script (RFC 5228) that sorts what arrives.
    pub sieve: Option<Spanned<FilePath>>,
}

/// A password: where it is found, or a one-way hash of it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(transform = mark_secret)]
pub enum Password {
    /// A systemd credential of that name (`LoadCredential=`), holding the password or a hash.
    Credential(#[schemars(length(min = 1))] String),
    /// An environment variable of the server's process, holding the password or a hash.
    Env(#[schemars(length(min = 1))] String),
    /// A file that holds the password or a hash and nothing else; one line end is dropped.
    File(Spanned<FilePath>),
    /// A one-way hash (`$argon2id$`, `$6$`, `$5$`), as `mailctl account hash-password` prints it.
    Hash(PasswordHash),
}

impl Password {
    /// The reference, unless the hash is written out.
    pub fn source(&self) -> Option<SecretSource> {
        match self {
            Self::Credential(name) => Some(SecretSource::Credential(name.clone())),
            Self::Env(name) => Some(SecretSource::Env(name.clone())),
            Self::File(path) => Some(SecretSource::File(path.clone())),
            Self::Hash(_) => None,
        }
    }
}
