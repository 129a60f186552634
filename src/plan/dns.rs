//! The plan's part about DNS: the records wanted, and the MTA-STS policies that some of them announce.
//!
//! Names are absolute, without the trailing dot and in lower case; the root is `.`.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ground::secret::SecretRef;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DkimAlgorithm {
    /// RFC 8463.
    Ed25519Sha256,
    /// RFC 6376 with the 2048 bits of RFC 8301 §3.2.
    RsaSha256,
}

/// One wanted record.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DnsRecord {
    /// The zone it belongs to as far as the plan knows: the mail domain or the host's parent.
    pub zone: String,
    pub name: String,
    pub ttl_seconds: u32,
    pub data: DnsData,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum DnsData {
    A(std::net::Ipv4Addr),
    Aaaa(std::net::Ipv6Addr),
    /// RFC 8659 §4.1.
    Caa {
        /// 128: who does not know the tag must not issue.
        flags: u8,
        /// `issue`, `issuewild`, `iodef`.
        tag: String,
        value: String,
    },
    /// The canonical name. No other record may have this record's name (RFC 2181 §10.1).
    Cname(String),
    /// A DKIM key record whose public half is made at activation: domain and selector name the key.
    DkimGenerated {
        domain: String,
        selector: String,
        algorithm: DkimAlgorithm,
    },
    Mx {
        preference: u16,
        /// `.`: the domain takes no mail (RFC 7505).
        exchange: String,
    },
    /// RFC 2782.
    Srv {
        priority: u16,
        weight: u16,
        port: u16,
        /// `.`: the service is not offered.
        target: String,
    },
    /// RFC 6698 §2.1.
    Tlsa {
        usage: u8,
        selector: u8,
        matching: u8,
        /// Hex in lower case.
        association: String,
    },
    /// A TLSA record `3 1 1` for a certificate whose key is not known to the plan: made here, or asked for from an
    /// ACME authority. While one key follows another there is a record for each.
    TlsaGenerated {
        /// The first of the certificate's names.
        certificate: String,
    },
    /// The whole text; writers split it at 255 octets (RFC 1035 §3.3.14).
    Txt(String),
}

impl DnsData {
    /// The record's type, e.g. `TXT`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::A(_) => "A",
            Self::Aaaa(_) => "AAAA",
            Self::Caa { .. } => "CAA",
            Self::Cname(_) => "CNAME",
            Self::DkimGenerated { .. } | Self::Txt(_) => "TXT",
            Self::Mx { .. } => "MX",
            Self::Srv { .. } => "SRV",
            Self::Tlsa { .. } | Self::TlsaGenerated { .. } => "TLSA",
        }
    }

    /// Whether the data depends on a key that the plan does not know.
    pub fn is_generated(&self) -> bool {
        matches!(self, Self::DkimGenerated { .. } | Self::TlsaGenerated { .. })
    }
}

/// As people read it, on one line; nothing is escaped, and a key that is not known is said to be made later.
impl fmt::Display for DnsData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::A(address) => address.fmt(f),
            Self::Aaaa(address) => address.fmt(f),
            Self::Caa { flags, tag, value } => write!(f, "{flags} {tag} \"{value}\""),
            Self::Cname(target) => f.write_str(target),
            Self::DkimGenerated { algorithm: DkimAlgorithm::Ed25519Sha256, .. } => {
                f.write_str("DKIM ed25519 key made at activation")
            }
            Self::DkimGenerated { algorithm: DkimAlgorithm::RsaSha256, .. } => {
                f.write_str("DKIM RSA key made at activation")
            }
            Self::Mx { preference, exchange } => write!(f, "{preference} {exchange}"),
            Self::Srv { priority, weight, port, target } => write!(f, "{priority} {weight} {port} {target}"),
            Self::Tlsa { usage, selector, matching, association } => {
                write!(f, "{usage} {selector} {matching} {association}")
            }
            Self::TlsaGenerated { certificate } => write!(f, "3 1 1 of the key of {certificate}, made at activation"),
            Self::Txt(text) => f.write_str(text),
        }
    }
}

/// How the records reach the name servers, and what is known of the zones that hold them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Publication {
    #[serde(default, skip_serializing_if = "PublishWay::is_print")]
    pub way: PublishWay,
    /// The zones of the records wanted: whether they are signed (DNSSEC).
    pub zones: BTreeMap<String, bool>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum PublishWay {
    /// Written to a file for another tool.
    File { format: RecordFormat, path: PathBuf },
    /// A person does it.
    #[default]
    Print,
    /// To the primary server (RFC 2136), signed with a TSIG key (RFC 8945).
    Rfc2136 {
        #[schemars(with = "String")]
        server: SocketAddr,
        key_name: String,
        algorithm: TsigAlgorithm,
        /// Base64.
        #[schemars(with = "serde_json::Value")]
        key: SecretRef,
    },
}

impl PublishWay {
    pub fn is_print(&self) -> bool {
        self == &Self::Print
    }
}

/// Forms of records that other tools read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RecordFormat {
    Dnscontrol,
    Json,
    Markdown,
    Nsupdate,
    /// A folder with a file for each zone.
    Octodns,
    Terraform,
    TerraformCloudflare,
    #[serde(rename = "terraform-route53")]
    TerraformRoute53,
    Zone,
}

/// RFC 8945 §6.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum TsigAlgorithm {
    #[serde(rename = "hmac-sha256")]
    HmacSha256,
    #[serde(rename = "hmac-sha512")]
    HmacSha512,
}

/// The MTA-STS policy of a domain (RFC 8461 §3.2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MtaStsPolicy {
    /// What the TXT record `_mta-sts` names; senders fetch the policy anew when it changes.
    pub id: String,
    /// The policy as it is served at `https://mta-sts.DOMAIN/.well-known/mta-sts.txt`.
    pub text: String,
    /// Whether this server serves it. Else another one must, with these octets.
    pub served_here: bool,
}

/// RFC 8461 §3.2, `mode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MtaStsMode {
    Enforce,
    None,
    Testing,
}

impl MtaStsMode {
    pub fn word(self) -> &'static str {
        match self {
            Self::Enforce => "enforce",
            Self::None => "none",
            Self::Testing => "testing",
        }
    }
}

impl MtaStsPolicy {
    /// The text of a policy. RFC 8461 §3.2: lines end with CRLF or LF; CRLF is what its examples have.
    pub fn write(mode: MtaStsMode, max_age_seconds: u64, mx: &[String]) -> String {
        let mut text = format!("version: STSv1\r\nmode: {}\r\n", mode.word());
        for pattern in mx {
            text.push_str(&format!("mx: {pattern}\r\n"));
        }
        text.push_str(&format!("max_age: {max_age_seconds}\r\n"));
        text
    }

    /// An unreadable mode counts as `none`, as it does for senders.
    pub fn mode(&self) -> MtaStsMode {
        match self.values("mode").next() {
            Some("enforce") => MtaStsMode::Enforce,
            Some("testing") => MtaStsMode::Testing,
            _ => MtaStsMode::None,
        }
    }

    pub fn max_age_seconds(&self) -> u64 {
        self.values("max_age").next().and_then(|text| text.parse().ok()).unwrap_or(0)
    }

    /// The host patterns.
    pub fn mx(&self) -> impl Iterator<Item = &str> {
        self.values("mx")
    }

    fn values<'p>(&'p self, key: &'static str) -> impl Iterator<Item = &'p str> {
        self.text.lines().filter_map(move |line| line.strip_prefix(key)?.strip_prefix(':').map(str::trim))
    }
}

/// Whether a host pattern of a policy matches an MX host (RFC 8461 §4.1: a wildcard stands for one left-most label).
pub fn mta_sts_matches(pattern: &str, host: &str) -> bool {
    match pattern.strip_prefix("*.") {
        Some(parent) => host.split_once('.').is_some_and(|(_, rest)| rest.eq_ignore_ascii_case(parent)),
        None => pattern.eq_ignore_ascii_case(host),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_reads_as_it_was_written() {
        let mx = ["mail.example.org".to_owned(), "*.example.net".to_owned()];
        let text = MtaStsPolicy::write(MtaStsMode::Enforce, 604_800, &mx);
        assert_eq!(
            text,
            "version: STSv1\r\nmode: enforce\r\nmx: mail.example.org\r\nmx: *.example.net\r\nmax_age: 604800\r\n"
        );
        let policy = MtaStsPolicy { id: "1".to_owned(), text, served_here: true };
        assert_eq!((policy.mode(), policy.max_age_seconds()), (MtaStsMode::Enforce, 604_800));
        assert_eq!(policy.mx().collect::<Vec<_>>(), mx);
    }

    #[test]
    fn rfc8461_4_1_a_wildcard_is_one_label() {
        assert!(mta_sts_matches("mail.example.org", "MAIL.example.org"));
        assert!(mta_sts_matches("*.example.org", "mail.example.org"));
        assert!(!mta_sts_matches("*.example.org", "a.mail.example.org"));
        assert!(!mta_sts_matches("*.example.org", "example.org"));
    }
}
