//! `directory`: where accounts live besides this file.

use schemars::JsonSchema;
use serde::Deserialize;

use super::leaf::{Name, SecretSource, Url};
use crate::compiler::config::spanned::Spanned;

/// Where accounts live besides this file.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Directory {
    /// Whether accounts may also be kept in the store, by `mailctl account`. Default: `false`.
    pub database: Option<Spanned<bool>>,
    /// An LDAP server.
    pub ldap: Option<Spanned<Ldap>>,
    /// An identity provider whose tokens are accepted (RFC 7628).
    pub oauth: Option<Spanned<Oauth>>,
}

/// An LDAP server.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ldap {
    /// `ldaps://host`, or `ldap://host` with `starttls`.
    pub url: Spanned<Url>,
    /// Whether TLS begins by StartTLS, and is required. Default: `true` with `ldap://`.
    pub starttls: Option<Spanned<bool>>,
    /// Where people are searched.
    #[schemars(length(min = 1))]
    pub base: Spanned<String>,
    /// Who searches.
    pub bind_dn: Option<Spanned<String>>,
    /// The searcher's password.
    pub bind_password: Option<Spanned<SecretSource>>,
    /// Domains whose accounts are all in the directory.
    #[serde(default)]
    pub domains: Option<Vec<Spanned<Name>>>,
}

/// An identity provider.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Oauth {
    /// The provider, as it names itself in its tokens.
    pub issuer: Spanned<Url>,
    /// Whom a token must be meant for. Without it, tokens for other services would be accepted.
    pub audience: Option<Spanned<String>>,
    /// Where tokens are checked (RFC 7662). Default: by the issuer's keys.
    pub introspection: Option<Spanned<Url>>,
}
