//! `certificates`: where certificates come from.

use schemars::JsonSchema;
use serde::Deserialize;

use super::leaf::FilePath;
use crate::compiler::config::spanned::Spanned;

/// Where certificates come from. The first file is served to clients that ask for no name, or for an unknown one.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Certificates {
    /// Let the server make a certificate for `host.name` and sign it itself. Clients warn; for tests.
    pub self_signed: Option<Spanned<bool>>,
    /// Certificates in PEM files.
    #[serde(default)]
    pub files: Option<Vec<Spanned<CertificateFiles>>>,
}

/// A certificate with its key.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CertificateFiles {
    /// PEM file: the certificate of this server first, then the intermediate ones (`fullchain.pem`).
    pub chain: Spanned<FilePath>,
    /// PEM file: the private key.
    pub key: Spanned<FilePath>,
}
