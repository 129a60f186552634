//! The plan's part about mail for others: where it goes, through which relays, protected how, and for whom
//! this server relays. What the words mean is here; `mailflow` acts on them.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ground::secret::SecretRef;
use crate::vocabulary::mail::{Address, AddressPattern, Domain, DomainPattern};
use crate::vocabulary::network::Network;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Outbound {
    /// Smart hosts by name. Routes, fallbacks and `default` name them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub relays: BTreeMap<String, Relay>,
    /// Asked in order for each recipient; the first that matches decides.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub routes: Vec<Route>,
    /// For whoever no route matches.
    pub default: NextHop,
    /// Of `default`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_fallback: Option<Fallback>,
    /// Local ends of connections to other servers, one or more of a family; a family without one gets the
    /// system's choice. Several of a family take turns.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub source_addresses: Vec<IpAddr>,
    /// For direct delivery to domains that `tls_policies` does not match.
    pub tls: OutboundTls,
    /// For direct delivery, by the recipient's domain; the closest pattern decides.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(with = "BTreeMap<String, TlsPolicy>")]
    pub tls_policies: BTreeMap<DomainPattern, TlsPolicy>,
    /// PEM file with the only authorities that may vouch for MX hosts where TLS is required. Absent: the
    /// public ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authority: Option<PathBuf>,
    /// Waits between attempts; the last repeats until `lifetime_seconds`.
    pub retry_after_seconds: Vec<u64>,
    /// From acceptance to the bounce (RFC 5321 §4.5.4.1: at least 4 to 5 days).
    pub lifetime_seconds: u64,
    /// From acceptance to the notice that a message is late (RFC 3464 §2.3.3, `delayed`), sent once a
    /// message. Absent: never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delay_notice_seconds: Option<u64>,
    pub resolver: ResolverSource,
    #[serde(default, skip_serializing_if = "Validation::is_internet")]
    pub validation: Validation,
    /// Direct delivery connects here. 25 unless `profile: lab`.
    pub mx_port: u16,
}

/// Whether answers of DNS are validated here (RFC 4035 §5), and by whose key.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Validation {
    /// By the DS or DNSKEY records of a private root in this file.
    Anchor(PathBuf),
    /// By the root of the Internet.
    #[default]
    Internet,
    /// Not at all.
    None,
}

impl Validation {
    fn is_internet(&self) -> bool {
        self == &Self::Internet
    }
}

/// Where a message goes next.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum NextHop {
    /// To the MX of the recipient's domain.
    Direct,
    /// To the relay of this name.
    Relay(String),
}

/// Where mail of some senders for some recipients goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Route {
    /// Envelope senders. Empty: everybody, bounces (whose sender is nobody) included.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<String>")]
    pub senders: Vec<AddressPattern>,
    /// Empty: everybody.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<String>")]
    pub recipients: Vec<AddressPattern>,
    pub via: NextHop,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fallback: Option<Fallback>,
}

/// The way that takes over when the first one does not deliver.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Fallback {
    pub via: NextHop,
    /// Failed attempts for a recipient, of the first way, after which this one is taken; at least 1.
    pub after_attempts: u32,
}

/// TLS to MX hosts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum OutboundTls {
    /// When offered, whatever the certificate (RFC 7435).
    Opportunistic,
    /// As [`TlsPolicy::Required`], for everybody.
    Required,
}

/// TLS to the MX hosts of some domains.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TlsPolicy {
    /// Never: for hosts whose TLS is broken.
    None,
    /// When offered, whatever the certificate (RFC 7435).
    Opportunistic,
    /// Always, and the certificate must be valid for the MX host's name; else the mail waits.
    Required,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ResolverSource {
    /// Name servers to ask, port 53 unless given.
    #[schemars(with = "Vec<String>")]
    Addresses(Vec<SocketAddr>),
    /// Those of the machine (`/etc/resolv.conf`), read at start.
    System,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Relay {
    #[schemars(with = "String")]
    pub host: Domain,
    pub port: u16,
    pub tls: RelayTls,
    /// Absent: the relay knows us by our address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credentials: Option<RelayCredentials>,
    /// PEM file with the only authorities that may vouch for the relay. Absent: the public ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authority: Option<PathBuf>,
    /// Whether what goes there bears our DKIM signatures.
    pub sign: bool,
}

/// The certificate is verified in both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RelayTls {
    Implicit,
    StarttlsRequired,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RelayCredentials {
    pub user: String,
    #[schemars(with = "serde_json::Value")]
    pub password: SecretRef,
}

/// For whom this server passes mail on without a login.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Relaying {
    /// Peers in these networks may send as anybody to anybody on SMTP listeners. Sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<String>")]
    pub accept_from: Vec<Network>,
    /// Domains whose mail anybody may bring and that is queued for their primary server.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(with = "BTreeMap<String, BackupMx>")]
    pub backup: BTreeMap<Domain, BackupMx>,
}

impl Relaying {
    /// Whether nobody may relay.
    pub fn is_nobody(&self) -> bool {
        self.accept_from.is_empty() && self.backup.is_empty()
    }
}

/// A domain that this server is a secondary MX of. Its next hop comes before all routes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BackupMx {
    pub next_hop: BackupHop,
    pub recipients: BackupRecipients,
}

/// Where a backup domain's mail goes. TLS is as for direct delivery to the domain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum BackupHop {
    Host {
        #[schemars(with = "String")]
        host: Domain,
        port: u16,
    },
    /// To the MX hosts of the domain that are better than this server (RFC 5321 §5.1).
    Mx,
}

/// Whose mail is taken for a backup domain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BackupRecipients {
    /// Everybody's: what the primary refuses is bounced, to forged senders too.
    Any,
    /// Canonical addresses; others are refused at once.
    #[schemars(with = "BTreeSet<String>")]
    Listed(BTreeSet<Address>),
}
