//! The plan as a value. Every field is something the server, a renderer or the diff acts on.
//!
//! Maps are ordered, numbers are integers, options that are unset are absent from the JSON. Sizes are
//! octets, durations whole seconds; the unit stands in the name.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ground::secret::SecretRef;
use crate::vocabulary::mail::{Address, Domain};
use crate::vocabulary::network::Network;

pub use super::dns::{
    DkimAlgorithm, DnsData, DnsRecord, MtaStsMode, MtaStsPolicy, Publication, PublishWay, RecordFormat, TsigAlgorithm,
    mta_sts_matches,
};
pub use super::firewall::{Family, FilterBackend, FirewallRule, OutgoingFilter, PacketFilter};
pub use super::outbound::{
    BackupHop, BackupMx, BackupRecipients, Fallback, NextHop, Outbound, OutboundTls, Relay, RelayCredentials, RelayTls,
    Relaying, ResolverSource, Route, TlsPolicy, Validation,
};

/// Version of this document's form. A server refuses a plan of another.
pub const FORMAT: u32 = 1;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// Always [`FORMAT`].
    pub format: u32,
    /// Program and version that compiled it, e.g. `mailctl 0.1.0`.
    pub compiler: String,
    /// `sha256:` and hex over the configuration's values; comments and layout do not count.
    pub source_digest: String,
    pub profile: Profile,
    pub host: Host,
    /// By listener name.
    pub listeners: BTreeMap<String, Listener>,
    pub tls: Tls,
    /// The first is served where no SNI name matches. May be empty only if no listener uses TLS.
    pub certificates: Vec<Certificate>,
    #[schemars(with = "BTreeMap<String, DomainPlan>")]
    pub domains: BTreeMap<Domain, DomainPlan>,
    /// By canonical address (local part in lower case).
    #[schemars(with = "BTreeMap<String, Account>")]
    pub accounts: BTreeMap<Address, Account>,
    /// By canonical alias address: flattened, no alias points at an alias.
    #[schemars(with = "BTreeMap<String, AliasTargets>")]
    pub aliases: BTreeMap<Address, AliasTargets>,
    /// Sorted by [`AliasPattern::precedence`]: of several that fit, the first receives.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alias_patterns: Vec<AliasPattern>,
    /// How mail that is forwarded to other servers names its sender. Absent: it keeps its reverse-path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forwarding: Option<Srs>,
    pub outbound: Outbound,
    /// Absent: no relaying without a login.
    #[serde(default, skip_serializing_if = "Relaying::is_nobody")]
    pub relaying: Relaying,
    pub storage: Storage,
    /// What the server removes by itself.
    #[serde(default, skip_serializing_if = "Retention::is_empty")]
    pub retention: Retention,
    pub limits: Limits,
    pub logging: Logging,
    /// Where figures for Prometheus are served, in clear and to whoever reaches it. Absent: nowhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub metrics: Option<SocketAddr>,
    /// Records wanted, sorted.
    pub dns: Vec<DnsRecord>,
    pub publication: Publication,
    /// Connections from the Internet to accept, sorted; everything else to mail ports is refused.
    pub firewall: Vec<FirewallRule>,
    /// Absent: nothing is filtered but what `firewall` says.
    #[serde(default, skip_serializing_if = "PacketFilter::is_default")]
    pub packet_filter: PacketFilter,
}

impl Plan {
    /// The port of `listener` in the network of the machine: where its packet filter sees connections arrive. A
    /// router or load balancer maps ports before they come here, a container engine behind the filter.
    pub fn machine_port(&self, listener: &Listener) -> u16 {
        if self.host.bridged { listener.public_port() } else { listener.port }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Profile {
    Lab,
    Production,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Host {
    /// EHLO name, MX target, greeting.
    #[schemars(with = "String")]
    pub name: Domain,
    /// Public addresses, sorted.
    pub addresses: Vec<IpAddr>,
    pub role: Role,
    /// Whose PROXY headers are believed, on listeners with `proxy_protocol`. Sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<String>")]
    pub proxy_trusted: Vec<Network>,
    /// Whether the server is in a container's network of its own, and an engine publishes its ports.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub bridged: bool,
    /// Whom `security.txt` (RFC 9116) names. Absent: the postmaster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub security_contact: Option<Address>,
}

/// What the server does as a whole, and so what it refuses whatever the listeners are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Takes mail for `relaying.backup` and the host's postmaster only; nobody sends.
    BackupMx,
    /// Everything.
    Full,
    /// Takes mail for our domains; nobody sends, neither users nor trusted networks.
    ReceiveOnly,
    /// Takes mail from users and trusted networks only. The domains' mail is received elsewhere: mail for
    /// them leaves like any other, to the MX.
    SendOnly,
    /// As [`Role::SendOnly`], from users who have logged in alone.
    SubmissionOnly,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Protocol {
    /// Port 80: ACME's http-01 (RFC 8555 §8.3), and the way to [`Protocol::Https`].
    Http,
    /// MTA-STS policies (RFC 8461 §3.3), settings for mail programs, `security.txt`, health.
    Https,
    Imap,
    Pop3,
    /// Server to server: never AUTH.
    Smtp,
    /// Our users: nothing without AUTH.
    Submission,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TlsMode {
    Implicit,
    None,
    /// Offered, never required.
    Starttls,
    StarttlsRequired,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Listener {
    pub protocol: Protocol,
    pub port: u16,
    /// The port that the Internet sees, where a router or a container engine maps it to another. Absent: `port`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub published: Option<u16>,
    pub tls: TlsMode,
    /// Sockets to bind, sorted. Wildcards are `0.0.0.0` and `[::]` (bound IPv6-only).
    #[schemars(with = "Vec<String>")]
    pub sockets: Vec<SocketAddr>,
    /// In place of `tls.min_version` and `tls.profile` on this listener.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls_min_version: Option<TlsVersion>,
    /// Every connection begins with a PROXY header, version 1 or 2, before TLS. Who is not in
    /// `host.proxy_trusted` is turned away.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub proxy_protocol: bool,
}

impl Listener {
    /// The port that the Internet sees.
    pub fn public_port(&self) -> u16 {
        self.published.unwrap_or(self.port)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// `1.2` or `1.3`.
    pub min_version: TlsVersion,
    pub profile: TlsProfile,
    /// Whether clients may resume sessions with tickets (RFC 5077, RFC 8446 §2.2).
    pub session_tickets: bool,
}

/// Which protocol versions and cipher suites are spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TlsProfile {
    /// TLS 1.3, and 1.2 with ECDHE and AEAD suites (RFC 9325 §4.2) where `min_version` allows it.
    Intermediate,
    /// TLS 1.3 alone, except on a listener whose own `tls_min_version` is 1.2.
    Modern,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub enum TlsVersion {
    #[serde(rename = "1.2")]
    V1_2,
    #[serde(rename = "1.3")]
    V1_3,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Certificate {
    /// Names it is valid for, the SNI match set; the first is what it is called. Sorted, but that the host's comes
    /// first where it is asked for or made here. May hold `*.` wildcards.
    pub names: Vec<String>,
    pub source: CertificateSource,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum CertificateSource {
    /// PEM files. `spki_sha256` is hex over the leaf's SubjectPublicKeyInfo (what TLSA 3 1 1 holds).
    Files { chain: PathBuf, key: PathBuf, spki_sha256: String },
    /// From an authority that speaks ACME (RFC 8555). Until it has issued one, a self-signed certificate is served.
    Acme {
        /// URL of the authority's directory.
        directory: String,
        challenge: AcmeChallenge,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        contact: Option<String>,
        /// External account binding (RFC 8555 §7.3.4): key identifier and MAC key.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        external_account: Option<AcmeAccount>,
        /// PEM file with the only authorities that may vouch for the directory's server. Absent: the public ones.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        authority: Option<PathBuf>,
    },
    /// Made at activation, kept in the state folder, renewed by itself.
    SelfSigned {},
}

/// How an ACME authority is convinced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum AcmeChallenge {
    #[serde(rename = "dns-01")]
    Dns01,
    #[serde(rename = "http-01")]
    Http01,
    #[serde(rename = "tls-alpn-01")]
    TlsAlpn01,
}

/// The account at an ACME authority that wants one first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AcmeAccount {
    pub id: String,
    #[schemars(with = "serde_json::Value")]
    pub key: SecretRef,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DomainPlan {
    /// Every local part of this domain is the same one of that domain, for receiving and as a sender. Never
    /// points at a domain that has an `alias_of` itself; nothing else of such a domain says who receives.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub alias_of: Option<Domain>,
    /// Who receives what no account, alias, alias pattern or subaddress of the domain does.
    #[serde(default, skip_serializing_if = "AliasTargets::is_empty")]
    pub catch_all: AliasTargets,
    /// Between user and detail (RFC 5233), e.g. `+`. Absent: no subaddressing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subaddress_separator: Option<char>,
    /// Signers; every message that leaves for the domain's addresses is signed with each.
    pub dkim: Vec<DkimSelector>,
    /// Absent: the domain has no policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mta_sts: Option<MtaStsPolicy>,
}

/// Who receives for an address that is not itself a mailbox.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AliasTargets {
    /// Canonical account addresses of this plan.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    #[schemars(with = "BTreeSet<String>")]
    pub local: BTreeSet<Address>,
    /// Addresses in domains that are not of this plan: the message is forwarded there.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    #[schemars(with = "BTreeSet<String>")]
    pub remote: BTreeSet<Address>,
}

impl AliasTargets {
    pub fn is_empty(&self) -> bool {
        self.local.is_empty() && self.remote.is_empty()
    }
}

/// Local parts `prefix*suffix` of one domain, `*` being any text, the empty one too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AliasPattern {
    #[schemars(with = "String")]
    pub domain: Domain,
    /// In lower case; may be empty.
    pub prefix: String,
    /// In lower case; may be empty.
    pub suffix: String,
    pub targets: AliasTargets,
}

impl AliasPattern {
    /// Ascending is most specific first: by domain, then the longest literal text, then the prefix and the
    /// suffix as text.
    pub fn precedence(&self) -> (&Domain, std::cmp::Reverse<usize>, &str, &str) {
        let literal = self.prefix.len() + self.suffix.len();
        (&self.domain, std::cmp::Reverse(literal), &self.prefix, &self.suffix)
    }
}

/// Sender Rewriting Scheme: forwarded mail leaves from an address of ours that holds the original sender's,
/// so that SPF fits and a bounce finds its way back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Srs {
    /// Right of the `@` of rewritten senders. Mail for it must arrive here and its SPF must allow us; the
    /// host's name or a mail domain.
    #[schemars(with = "String")]
    pub domain: Domain,
    pub key: SrsKey,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum SrsKey {
    /// Made at activation, kept in the state folder as `keys/srs`.
    Generated {},
    /// At least 16 octets. For several hosts that take each other's bounces.
    #[schemars(with = "serde_json::Value")]
    Secret(SecretRef),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DkimSelector {
    /// The label before `._domainkey`.
    pub selector: String,
    pub algorithm: DkimAlgorithm,
    pub key: DkimKey,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum DkimKey {
    /// PKCS#8 PEM file; `public_key` is the `p=` value (base64).
    File { path: PathBuf, public_key: String },
    /// Made at activation, kept in the state folder under `keys/dkim/`. Its public half is not known
    /// to the plan; `dns records` reads it from the state folder.
    Generated {},
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// Absent, and no `app_passwords`: the account receives and nobody can log in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<Password>,
    /// Further passwords by label, each as good as the first except for SCRAM. The label is logged.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub app_passwords: BTreeMap<String, Password>,
    /// Where else mail for the account goes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forward: Option<Forward>,
    /// Absent: unlimited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quota_octets: Option<u64>,
    /// Canonical addresses (besides its own, its aliases and their subaddresses) it may use as sender.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    #[schemars(with = "BTreeSet<String>")]
    pub send_as: BTreeSet<Address>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Forward {
    /// Local targets receive as if the mail were theirs, their own forwards included.
    pub to: AliasTargets,
    /// Whether the account's own INBOX gets the mail too.
    pub keep_copy: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Password {
    /// One-way: `$argon2id$…`, `$6$…`, `$5$…`.
    Hash(String),
    /// The password itself, or a hash in one of the forms above, read at activation.
    #[schemars(with = "serde_json::Value")]
    Secret(SecretRef),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Storage {
    /// SQLite rows and segments in this folder. Absent path: `store` in the state folder.
    Embedded {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        path: Option<PathBuf>,
    },
}

/// How long messages stay in mailboxes of these special uses (RFC 6154), counted from their arrival in the
/// mailbox. Absent: for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Retention {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub junk_seconds: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trash_seconds: Option<u64>,
}

impl Retention {
    pub fn is_empty(&self) -> bool {
        self == &Self::default()
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// SIZE (RFC 1870).
    pub message_octets_max: u64,
    /// RCPT TO per message.
    pub recipients_max: u32,
    /// Connections of all listeners together.
    pub connections_max: u32,
    /// Connections from one address (IPv6: one /64).
    pub connections_per_source_max: u32,
    /// Silence after which an SMTP session, or one not logged in, ends. RFC 5321 §4.5.3.2: 5 minutes.
    pub command_timeout_seconds: u64,
    /// Silence of a logged-in session. RFC 9051 §5.4: at least 30 minutes.
    pub session_timeout_seconds: u64,
    /// Password checks running at once; each takes about 20 MB and 20 ms.
    pub password_checks_max: u32,
    /// How long open sessions may go on after a stop was asked for.
    pub drain_seconds: u64,
    /// Absent: passwords may be guessed without end (but three times in a session).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub login_failures: Option<LoginFailures>,
    /// Messages that one account may submit in any hour. Absent: any number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub messages_per_hour_max: Option<u32>,
}

/// When nobody from one address (IPv6: one /64) may log in for a while.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LoginFailures {
    /// Failed logins, of all protocols together.
    pub max: u32,
    /// Counted from the first failure; at its end all are forgotten.
    pub window_seconds: u64,
    /// Networks whose failed logins do not count, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<String>")]
    pub exempt: Vec<Network>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Logging {
    pub format: LogFormat,
    pub level: LogLevel,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    Json,
    Text,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LogLevel {
    Debug,
    Error,
    Info,
    Warn,
}
