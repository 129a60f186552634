//! `domains`: the mail domains, their signatures and policies.

use std::fmt;

use schemars::JsonSchema;
use serde::Deserialize;

use super::dns::Signed;
use super::leaf::{DnsName, FilePath, MailAddress, Name, OneOrMany, OrNone, Period};
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
    /// The domain's MX hosts, best first. Default: this host alone; none if its `role` does not receive.
    #[serde(default)]
    pub mx: Option<Spanned<Vec<Spanned<Exchange>>>>,
    /// Another domain of this file whose addresses all exist here too. `mx`, `spf`, `dmarc`, `mta_sts`, `tls_rpt`,
    /// `dane` and `autoconfig` are taken from there where they are not written here; keys for DKIM are not.
    pub alias_of: Option<Spanned<Name>>,
    /// Selectors that sign, of those in `dkim`. Default: all. The others are published only: before they sign, or
    /// while mail that they have signed is on its way.
    #[serde(default)]
    pub sign_with: Option<Spanned<Vec<Spanned<String>>>>,
    /// Whether the domain's zone is signed (DNSSEC). Default: as the closest domain or zone above it of which it is said,
    /// else `unsigned`.
    pub dnssec: Option<Spanned<Signed>>,
    /// TLSA records for this domain's MX host (RFC 7672) and the ports of its users. Default: published where the host's
    /// zone is signed.
    pub dane: Option<Spanned<Dane>>,
    /// The policy that other servers read over HTTPS (RFC 8461). Default: none.
    pub mta_sts: Option<Spanned<MtaSts>>,
    /// Reports about failed TLS (RFC 8460). Default: none are asked for.
    pub tls_rpt: Option<Spanned<TlsRpt>>,
    /// Whether mail programs find this server by themselves: SRV records (RFC 6186) and, where there is a listener `https`,
    /// the names `autoconfig` and `autodiscover`. Default: `true`.
    pub autoconfig: Option<Spanned<bool>>,
    /// Further records of the zone that must not contradict ours.
    #[serde(default)]
    pub records: Option<Spanned<Vec<Spanned<ExtraRecord>>>>,
}

/// An MX host of a domain.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Exchange {
    /// Its name. `.` alone says that the domain takes no mail (RFC 7505).
    #[schemars(length(min = 1))]
    pub host: Spanned<String>,
    /// Smaller is tried first. Default: 10, 20, 30 ... by place.
    #[schemars(range(min = 0, max = 65535))]
    pub preference: Option<Spanned<u16>>,
}

/// TLSA records for the MX host.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Dane {
    /// Whether they are published.
    pub publish: Option<Spanned<bool>>,
    /// Usage, selector and matching type. Default and best: `3 1 1`, the key's own digest.
    #[schemars(length(min = 1))]
    pub form: Option<Spanned<String>>,
    /// How long others may remember them. Default: `dns.ttl`.
    pub ttl: Option<Spanned<Period>>,
    /// Names to publish them for besides the MX host. Mail uses none.
    #[serde(default)]
    pub names: Option<Vec<Spanned<Name>>>,
}

/// The MTA-STS policy of the domain.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MtaSts {
    /// What senders do when TLS or the certificate fails.
    pub mode: Spanned<StsMode>,
    /// How long senders remember it. Default: `7d`.
    pub max_age: Option<Spanned<Period>>,
    /// Host patterns, where they are not just the MX hosts: `mail.example.org` or `*.example.org`.
    #[serde(default)]
    pub mx: Option<Vec<Spanned<String>>>,
    /// A fixed id in place of one that follows from the policy.
    #[schemars(length(min = 1))]
    pub id: Option<Spanned<String>>,
    /// Who serves the policy. Default: `mailctl`.
    pub served_by: Option<Spanned<ServedBy>>,
}

/// RFC 8461 §5.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum StsMode {
    /// They do not deliver.
    Enforce,
    /// The policy is withdrawn.
    None,
    /// They deliver, and report.
    Testing,
}

/// Who serves `https://mta-sts.DOMAIN/`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ServedBy {
    /// A web server of your own, elsewhere.
    External,
    Mailctl,
}

/// Reports about failed TLS.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TlsRpt {
    /// Who receives them. Default: `postmaster` of the domain.
    pub reports_to: Option<Spanned<OneOrMany<MailAddress>>>,
}

/// A record that is published beside ours.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExtraRecord {
    /// Its name, relative to the domain; `@` is the domain itself. One with a final dot is absolute.
    #[schemars(length(min = 1))]
    pub name: Spanned<String>,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: Spanned<RecordType>,
    /// Its data as in a zone file; names in it end with a dot, TXT stands without quotes.
    #[schemars(length(min = 1))]
    pub value: Spanned<String>,
}

/// Types of extra records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum RecordType {
    A,
    Aaaa,
    Caa,
    Cname,
    Mx,
    Srv,
    Tlsa,
    Txt,
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
    /// What receivers shall do with mail of subdomains. Default: as `policy`.
    pub subdomain_policy: Option<Spanned<DmarcPolicy>>,
    /// Who receives single failed messages (`ruf`); few receivers send them. Default: nobody.
    pub failure_reports_to: Option<Spanned<OneOrMany<MailAddress>>>,
    /// The percentage of mail that the policy is for. Dropped by RFC 9989; a warning says so.
    #[schemars(range(min = 0, max = 100))]
    pub pct: Option<Spanned<u32>>,
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

/// The SPF record of the domain (RFC 7208). Its MX, the addresses that this host sends from, and what the relays on its
/// ways name as `spf` are always in it.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spf {
    /// Domains whose SPF records also apply, e.g. that of a relay.
    #[serde(default)]
    pub include: Option<Vec<Spanned<DnsName>>>,
    /// Further mechanisms, as they stand in a record, each an entry of its own: `ip4:198.51.100.7`.
    #[serde(default)]
    pub mechanisms: Option<Vec<Spanned<String>>>,
    /// What the record says of everyone else. Default: `fail`.
    pub all: Option<Spanned<SpfAll>>,
}

/// RFC 7208 §4.6.2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SpfAll {
    /// `-all`: not allowed.
    Fail,
    /// `?all`: nothing is said.
    Neutral,
    /// `+all`: everybody may.
    Pass,
    /// `~all`: probably not allowed.
    Softfail,
}
