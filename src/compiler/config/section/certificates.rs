//! `certificates`: where certificates come from.

use schemars::JsonSchema;
use serde::Deserialize;

use super::leaf::{FilePath, MailAddress, SecretSource, Url};
use crate::compiler::config::spanned::Spanned;

/// Where certificates come from. The first file is served to clients that ask for no name, or for an unknown one.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Certificates {
    /// Let the server make a certificate for `host.name` and sign it itself. Clients warn; for tests.
    pub self_signed: Option<Spanned<bool>>,
    /// Certificates in PEM files, chosen by the name that a client asks for (SNI).
    #[serde(default)]
    pub files: Option<Vec<Spanned<CertificateFiles>>>,
    /// Certificates from an authority that speaks ACME (RFC 8555).
    pub acme: Option<Spanned<Acme>>,
}

/// A certificate with its key.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CertificateFiles {
    /// PEM file: the certificate of this server first, then the intermediate ones (`fullchain.pem`).
    pub chain: Spanned<FilePath>,
    /// PEM file: the private key.
    pub key: Spanned<FilePath>,
    /// Whether whoever renews the certificate keeps the key. TLSA records (DANE) depend on it. Default: not known.
    pub key_reuse: Option<Spanned<bool>>,
}

/// An ACME authority and how it is convinced. Whoever names one agrees to its terms of service.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Acme {
    /// The authority's directory. Default: Let's Encrypt.
    pub directory: Option<Spanned<Url>>,
    /// PEM file with the only authorities that may vouch for the directory's server. Default: the public ones.
    pub authority: Option<Spanned<FilePath>>,
    /// Who is told about the account.
    pub contact: Option<Spanned<MailAddress>>,
    /// How the names are proved. Default: `tls-alpn-01`.
    pub challenge: Option<Spanned<Challenge>>,
    /// Names besides `host.name` and those that follow from `domains`; `*.example.org` with `dns-01` only. What a
    /// certificate in `files` holds is not asked for.
    #[serde(default)]
    pub names: Option<Vec<Spanned<String>>>,
    /// The account at an authority that wants one first (RFC 8555 §7.3.4).
    pub external_account: Option<Spanned<ExternalAccount>>,
    /// Whether another program answers on ports 80 and 443 of this host. Default: `false`.
    pub existing_webserver: Option<Spanned<bool>>,
}

/// External account binding (RFC 8555 §7.3.4).
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExternalAccount {
    /// Key identifier from the authority.
    #[schemars(length(min = 1))]
    pub id: Spanned<String>,
    /// MAC key from the authority, base64url.
    pub key: Spanned<SecretSource>,
}

/// ACME challenges.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Challenge {
    /// A TXT record (RFC 8555 §8.4), pushed as `dns.publish` says. The only one for wildcards.
    #[serde(rename = "dns-01")]
    Dns01,
    /// A file served on port 80 (RFC 8555 §8.3).
    #[serde(rename = "http-01")]
    Http01,
    /// A certificate served on port 443 (RFC 8737).
    #[serde(rename = "tls-alpn-01")]
    TlsAlpn01,
}
