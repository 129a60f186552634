//! `domains`: the mail domains, their signatures and policies.

use std::fmt;

use schemars::JsonSchema;
use serde::Deserialize;

use super::leaf::{DnsName, FilePath, MailAddress, OneOrMany, OrNone};
use crate::compiler::config::spanned::{Entries, Spanned};
use crate::plan::document::DkimAlgorithm;

/// A mail domain.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MailDomain {
    /// DKIM signatures: `none`, or a map from selector to its key. Default: two keys that the server makes,
    /// `mailctl-rsa` and `mailctl-ed25519`.
    pub dkim: Option<Spanned<OrNone<Selectors>>>,
    /// Who receives what no account, alias or subaddress of the domain does. Default: nobody, such mail is refused.
    pub catch_all: Option<Spanned<OneOrMany<MailAddress>>>,
    /// Character between a user and a detail that is ignored in delivery (`user+detail@`), or `none`. Default: `+`.
    pub subaddress: Option<Spanned<OrNone<Separator>>>,
    /// What others shall do with mail that claims to come from the domain and does not.
    pub dmarc: Option<Spanned<Dmarc>>,
    /// Who may send for the domain.
    pub spf: Option<Spanned<Spf>>,
}

/// DKIM selectors by name.
pub type Selectors = Entries<String, Option<Selector>>;

/// One DKIM selector.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Selector {
    /// Algorithm of a key that the server makes. Default: `rsa-sha256`. With `key` it follows from the file.
    pub algorithm: Option<Spanned<Algorithm>>,
    /// A key of your own. Default: the server makes one and keeps it in its state folder.
    pub key: Option<Spanned<KeyFile>>,
}

/// A private key in a file.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyFile {
    /// PEM file with a PKCS#8 private key, RSA (2048 bits) or Ed25519.
    pub file: Spanned<FilePath>,
}

/// Algorithms of DKIM signatures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Algorithm {
    /// RFC 8463: short keys; not every receiver knows it.
    Ed25519Sha256,
    /// RFC 6376: known to everyone.
    RsaSha256,
}

impl Algorithm {
    pub fn planned(self) -> DkimAlgorithm {
        match self {
            Self::Ed25519Sha256 => DkimAlgorithm::Ed25519Sha256,
            Self::RsaSha256 => DkimAlgorithm::RsaSha256,
        }
    }
}

/// What stands between user and detail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum Separator {
    #[serde(rename = "+")]
    Plus,
    #[serde(rename = "-")]
    Hyphen,
    #[serde(rename = "=")]
    Equals,
}

impl Separator {
    pub fn character(self) -> char {
        match self {
            Self::Plus => '+',
            Self::Hyphen => '-',
            Self::Equals => '=',
        }
    }
}

/// The DMARC record of the domain (RFC 7489).
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Dmarc {
    /// What receivers shall do with mail that fails. Default: `none`, which only asks for reports.
    pub policy: Option<Spanned<DmarcPolicy>>,
    /// Who receives the reports. Default: `postmaster` of the domain.
    pub reports_to: Option<Spanned<OneOrMany<MailAddress>>>,
}

/// RFC 7489 §6.3, tag `p`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum DmarcPolicy {
    /// Deliver as if nothing were, and report.
    None,
    /// Treat as suspicious.
    Quarantine,
    /// Refuse.
    Reject,
}

impl fmt::Display for DmarcPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "none",
            Self::Quarantine => "quarantine",
            Self::Reject => "reject",
        })
    }
}

/// The SPF record of the domain (RFC 7208). The MX and the addresses of this host are always in it.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spf {
    /// Domains whose SPF records also apply, e.g. that of a relay.
    #[serde(default)]
    pub include: Option<Vec<Spanned<DnsName>>>,
    /// What the record says of everyone else. Default: `fail`.
    pub all: Option<Spanned<SpfAll>>,
}

/// RFC 7208 §4.6.2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SpfAll {
    /// `-all`: not allowed.
    Fail,
    /// `~all`: probably not allowed.
    Softfail,
}
