//! `tls`: how TLS is spoken.

use schemars::JsonSchema;
use serde::Deserialize;

use super::leaf::FilePath;
use crate::compiler::config::spanned::Spanned;

/// How TLS is spoken on every listener.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// The oldest version that is accepted, between quotes. Default: `"1.2"`.
    pub min_version: Option<Spanned<Version>>,
    /// Which cipher suites are offered. Default: `intermediate`.
    pub profile: Option<Spanned<TlsProfile>>,
    /// Whether clients may resume sessions by ticket. Default: `false`; some servers fail on resumed sessions.
    pub session_tickets: Option<Spanned<bool>>,
    /// Cipher suites by name. Rarely a good idea; the profile's list is safe.
    #[serde(default)]
    pub ciphers: Option<Vec<Spanned<String>>>,
    /// Own Diffie-Hellman parameters. The groups of RFC 7919 and elliptic curves are used; this is read by nobody.
    pub dh_parameters: Option<Spanned<FilePath>>,
}

/// Which cipher suites are offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TlsProfile {
    /// TLS 1.3, and 1.2 with forward secrecy and authenticated encryption (RFC 9325 §4.2).
    Intermediate,
    /// TLS 1.3 for people; other servers on port 25 may still use 1.2.
    Modern,
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
