//! The sections of the language, one file each.
//!
//! The doc comment of a type or key is its documentation: it goes into the JSON Schema and from there into
//! editors and `docs/language.md`. Defaults are stated there, applied in
//! `compiler::config::meaning`, and given their reasons in the table of `compiler::config::default`.

pub mod accounts;
pub mod aliases;
pub mod allow;
pub mod certificates;
pub mod directory;
pub mod dns;
pub mod domains;
pub mod filter;
pub mod firewall;
pub mod host;
pub mod leaf;
pub mod limits;
pub mod listeners;
pub mod logging;
pub mod metrics;
pub mod outbound;
pub mod relay;
pub mod storage;
pub mod tls;

use schemars::JsonSchema;
use serde::Deserialize;

use super::spanned::{Entries, Spanned};
use crate::vocabulary::mail::{Address, Domain};

/// A mail server: one file that says everything about it.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Version of the language. This compiler knows version 1.
    #[schemars(range(min = 1, max = 1000))]
    pub version: Spanned<u32>,
    /// What the server is for. Default: `production`.
    pub profile: Option<Spanned<Profile>>,
    /// Further files that hold `accounts` and `aliases`: paths, or patterns with `*` and `?` within one segment
    /// (`accounts/*.yaml`). Relative ones start at the folder of this file.
    #[serde(default)]
    pub include: Option<Vec<Spanned<leaf::FilePath>>>,
    /// The machine: its name and its public addresses.
    pub host: Spanned<host::Host>,
    /// The doors of the server: map from a name to its settings, or to nothing for the settings that belong to the
    /// name. Default: `smtp`, `submissions`, `imaps`.
    pub listeners: Option<Spanned<Entries<String, Option<listeners::Listener>>>>,
    /// How TLS is spoken on every listener.
    pub tls: Option<Spanned<tls::Tls>>,
    /// Where certificates come from. Default: one that the server signs itself, with a warning.
    pub certificates: Option<Spanned<certificates::Certificates>>,
    /// The mail domains that this server is the final destination of.
    pub domains: Spanned<Entries<Domain, Option<domains::MailDomain>>>,
    /// The mailboxes, by address.
    #[serde(default)]
    pub accounts: Option<Spanned<Entries<Address, Option<accounts::Account>>>>,
    /// Further addresses, and who receives their mail: accounts, aliases, addresses at other servers. One `*` in the
    /// local part stands for any text: `sales-*@example.org`.
    pub aliases: Option<Spanned<Entries<Address, leaf::OneOrMany<leaf::MailAddress>>>>,
    /// Where accounts live besides this file.
    pub directory: Option<Spanned<directory::Directory>>,
    /// Smart hosts that take mail for other servers, and whom this server relays for.
    pub relay: Option<Spanned<relay::Relays>>,
    /// How mail to other servers is sent.
    pub outbound: Option<Spanned<outbound::Outbound>>,
    /// What is done with mail that may be unwanted.
    pub filter: Option<Spanned<filter::Filter>>,
    /// Where records go, and whom the server asks.
    pub dns: Option<Spanned<dns::Dns>>,
    /// The packet filter around the server.
    pub firewall: Option<Spanned<firewall::Firewall>>,
    /// Where mail is kept.
    pub storage: Option<Spanned<storage::Storage>>,
    /// Bounds on what others may use of the server.
    pub limits: Option<Spanned<limits::Limits>>,
    /// What the server writes to its log, and how.
    pub logging: Option<Spanned<logging::Logging>>,
    /// Figures for Prometheus. Default: none are served.
    pub metrics: Option<Spanned<metrics::Metrics>>,
    /// Warnings that somebody has thought about.
    #[serde(default)]
    pub allow: Option<Vec<Spanned<allow::Allow>>>,
}

/// What a server is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Profile {
    /// A test: reserved names, loopback addresses, unusual ports and self-signed certificates are no errors.
    Lab,
    /// A server on the Internet.
    Production,
}
