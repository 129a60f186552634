//! The plan's part about DNS: the records wanted, and the MTA-STS policies that some of them announce.
//!
//! Names are absolute, without the trailing dot and in lower case; the root is `.`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

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
            Self::Tlsa { .. } => "TLSA",
        }
    }
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
