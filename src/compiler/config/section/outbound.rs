//! `outbound`: mail to other servers.

use schemars::JsonSchema;
use serde::Deserialize;

use super::leaf::{FilePath, Ip, Name, Period, SecretSource};
use crate::compiler::config::spanned::{Entries, Spanned};
use crate::vocabulary::mail::Domain;

/// How mail to other servers is sent.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Outbound {
    /// Waits between attempts; the last one repeats. Default: `5m, 15m, 30m, 1h, 2h, 4h`.
    #[schemars(length(min = 1))]
    pub retry: Option<Vec<Spanned<Period>>>,
    /// How long a message is tried before it bounces. Default: `5d` (RFC 5321 §4.5.4.1).
    pub lifetime: Option<Spanned<Period>>,
    /// When the sender is told that a message still waits. Default: `1d`.
    pub delay_notice: Option<Spanned<Period>>,
    /// Port of other servers' MX hosts, for tests. Default: 25. Only with `profile: lab`.
    #[schemars(range(min = 1, max = 65535))]
    pub mx_port: Option<Spanned<u16>>,
    /// TLS to servers of which nothing better is known. Default: `opportunistic`.
    pub tls: Option<Spanned<OutboundTls>>,
    /// TLS to the servers of single domains.
    pub policies: Option<Spanned<Entries<Domain, Policy>>>,
    /// PEM file with the only authorities that may vouch for MX hosts where TLS is `required`. Default: the public ones.
    pub authority: Option<Spanned<FilePath>>,
    /// Whether DANE (RFC 7672) is followed where a domain has it. Default: `true`.
    pub dane: Option<Spanned<bool>>,
    /// Whether MTA-STS (RFC 8461) is followed where a domain has it. Default: `true`.
    pub mta_sts: Option<Spanned<bool>>,
    /// Which of the two decides. Default and only right value: `dane` (RFC 8461 §2).
    pub precedence: Option<Spanned<Precedence>>,
    /// Addresses of this machine to send from. Default: what the system chooses.
    #[serde(default)]
    pub source_addresses: Option<Vec<Spanned<Ip>>>,
    /// Whether other servers are reached over IPv4. Default: `true`.
    pub ipv4: Option<Spanned<bool>>,
    /// Whether other servers are reached over IPv6. Default: `true`.
    pub ipv6: Option<Spanned<bool>>,
    /// Mail that is sent on to other servers for its recipients.
    pub forwarding: Option<Spanned<Forwarding>>,
}

/// TLS to other servers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum OutboundTls {
    /// Never. As a general rule refused (TLS-007); for one broken server with a reason.
    None,
    /// If the server offers it (RFC 7435).
    Opportunistic,
    /// Always, and the certificate must be valid for the MX host's name; else the mail waits and bounces.
    Required,
}

/// TLS to the servers of one domain.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    pub tls: Spanned<OutboundTls>,
    /// Why, where it is weaker than the general rule.
    #[schemars(length(min = 1))]
    pub reason: Option<Spanned<String>>,
}

/// What decides when a domain has both DANE and MTA-STS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Precedence {
    Dane,
    MtaSts,
}

/// Mail that is sent on. Its sender is rewritten (SRS), or SPF would fail at the other server.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Forwarding {
    /// Whether senders are rewritten. Default: `false`, and nothing is sent on.
    pub srs: Option<Spanned<bool>>,
    /// The domain of rewritten senders, one of `domains`. Default: the first.
    pub domain: Option<Spanned<Name>>,
    /// Secret that rewritten senders are sealed with. Default: the server makes one and keeps it in its state folder.
    pub secret: Option<Spanned<SecretSource>>,
}
