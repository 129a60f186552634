//! `relay`: smart hosts.

use schemars::JsonSchema;
use serde::Deserialize;

use super::leaf::{FilePath, Name, SecretSource};
use super::listeners::TlsWord;
use crate::compiler::config::spanned::Spanned;

/// Smart hosts: servers that deliver our mail to others.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Relays {
    /// The relay for all mail to other servers. Default: none, mail goes to the recipients' MX directly.
    pub default: Option<Spanned<Relay>>,
}

/// A smart host. Its certificate is always verified against its name.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Relay {
    /// Its name.
    pub host: Spanned<Name>,
    /// Its port. Default: 465 with `tls: implicit`, 587 with `tls: starttls-required`.
    #[schemars(range(min = 1, max = 65535))]
    pub port: Option<Spanned<u16>>,
    /// When TLS begins: `implicit` or `starttls-required`. Default: `starttls-required` with port 587, 25 or 2525, else `implicit`.
    pub tls: Option<Spanned<TlsWord>>,
    /// Why implicit TLS is right on a port where STARTTLS is usual.
    #[schemars(length(min = 1))]
    pub tls_override_reason: Option<Spanned<String>>,
    /// Name to log in with.
    #[schemars(length(min = 1))]
    pub user: Option<Spanned<String>>,
    /// Password to log in with, sent to this relay only.
    pub password: Option<Spanned<SecretSource>>,
    /// PEM file with the only authorities that may vouch for the relay. Default: the public ones.
    pub authority: Option<Spanned<FilePath>>,
}
