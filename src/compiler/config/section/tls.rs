//! `tls`: how TLS is spoken.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::compiler::config::spanned::Spanned;

/// How TLS is spoken on every listener.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// The oldest version that is accepted, between quotes. Default: `"1.2"`.
    pub min_version: Option<Spanned<Version>>,
}

/// A version of TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, JsonSchema)]
pub enum Version {
    /// Withdrawn by RFC 8996; refused (TLS-002).
    #[serde(rename = "1.0")]
    V1_0,
    /// Withdrawn by RFC 8996; refused (TLS-002).
    #[serde(rename = "1.1")]
    V1_1,
    /// RFC 5246, spoken by everyone.
    #[serde(rename = "1.2")]
    V1_2,
    /// RFC 8446 only.
    #[serde(rename = "1.3")]
    V1_3,
}
