//! `relay`: mail that others deliver for us, and mail that we deliver for others.

use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::{self, Deserializer, MapAccess, Visitor};

use super::leaf::{AddressPattern, DnsName, FilePath, MailAddress, Name, NetworkBlock, SecretSource};
use super::listeners::TlsWord;
use crate::compiler::config::spanned::{Entries, Spanned};
use crate::vocabulary::mail::Domain;

/// Smart hosts, and whom this server relays for.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Relays {
    /// Where mail to other servers goes that no route takes: a relay, the name of one of `hosts`, or `direct`.
    /// Default: `direct`, to the recipients' MX.
    pub default: Option<Spanned<RelayChoice>>,
    /// Relays by name, for `default`, `routes` and `fallback`.
    pub hosts: Option<Spanned<Entries<String, Relay>>>,
    /// Which mail goes where; the first that matches wins.
    #[serde(default)]
    pub routes: Option<Spanned<Vec<Spanned<Route>>>>,
    /// What takes mail for which `default` has failed several times: one of `hosts`, or `direct`.
    pub fallback: Option<Spanned<String>>,
    /// Attempts before `fallback`. Default: 3.
    #[schemars(range(min = 1, max = 1000))]
    pub fallback_after: Option<Spanned<u32>>,
    /// Hosts that may relay through port 25 without a password, each by its address.
    #[serde(default)]
    pub accept_from: Option<Spanned<Vec<Spanned<NetworkBlock>>>>,
    /// Domains of other servers that this one takes mail for while they are down.
    pub backup_for: Option<Spanned<Entries<Domain, Option<Backup>>>>,
}

/// A relay in place, or the name of one.
#[derive(Debug, Clone)]
pub enum RelayChoice {
    Here(Box<Relay>),
    Named(String),
}

impl JsonSchema for RelayChoice {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "RelayChoice".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let relay = generator.subschema_for::<Relay>();
        json_schema!({ "anyOf": [{ "type": "string", "minLength": 1 }, relay] })
    }
}

impl<'de> Deserialize<'de> for RelayChoice {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Form;
        impl<'de> Visitor<'de> for Form {
            type Value = RelayChoice;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a relay or the name of one")
            }
            fn visit_str<E: de::Error>(self, name: &str) -> Result<RelayChoice, E> {
                Ok(RelayChoice::Named(name.to_owned()))
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<RelayChoice, A::Error> {
                let relay = Relay::deserialize(de::value::MapAccessDeserializer::new(map))?;
                Ok(RelayChoice::Here(Box::new(relay)))
            }
        }
        deserializer.deserialize_any(Form)
    }
}

/// A smart host. Its certificate is always verified against its name.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Relay {
    /// Its name.
    pub host: Spanned<Name>,
    /// Its port. Default: 465 with `tls: implicit`, 587 with `tls: starttls-required`.
    #[schemars(range(min = 1, max = 65535))]
    pub port: Option<Spanned<u16>>,
    /// When TLS begins: `implicit` or `starttls-required`. Default: `starttls-required` with port 587, 25, 2525 or 2587,
    /// else `implicit`.
    pub tls: Option<Spanned<TlsWord>>,
    /// Why this TLS mode is right on a port where another is usual.
    #[schemars(length(min = 1))]
    pub tls_override_reason: Option<Spanned<String>>,
    /// How we prove who we are. Default: `password` if `user` is given, else `address`.
    pub auth: Option<Spanned<RelayAuth>>,
    /// Name to log in with.
    #[schemars(length(min = 1))]
    pub user: Option<Spanned<String>>,
    /// Password to log in with, sent to this relay only.
    pub password: Option<Spanned<SecretSource>>,
    /// SASL mechanisms that may be used, best first. Default: the strongest that it offers.
    #[serde(default)]
    pub mechanisms: Option<Spanned<Vec<Spanned<String>>>>,
    /// PEM file with the only authorities that may vouch for the relay. Default: the public ones.
    pub authority: Option<Spanned<FilePath>>,
    /// Domains whose SPF records name the relay's addresses; they are included in those of our domains.
    #[serde(default)]
    pub spf: Option<Vec<Spanned<DnsName>>>,
    /// Whether we sign what goes there (DKIM). Default: `true`.
    pub sign: Option<Spanned<bool>>,
}

/// How we prove to a relay who we are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RelayAuth {
    /// It knows our address.
    Address,
    /// `user` and `password`.
    Password,
}

/// Mail of some senders, or to some recipients, and its way.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Route {
    /// Senders: `user@example.org`, `example.org`, or `.example.org` for all below it. Default: everybody.
    #[serde(default)]
    pub senders: Option<Spanned<Vec<Spanned<AddressPattern>>>>,
    /// Recipients, alike. Default: everybody.
    #[serde(default)]
    pub recipients: Option<Spanned<Vec<Spanned<AddressPattern>>>>,
    /// One of `hosts`, or `direct`.
    #[schemars(length(min = 1))]
    pub via: Spanned<String>,
    /// What takes the mail after `fallback_after` failures: one of `hosts`, or `direct`.
    #[schemars(length(min = 1))]
    pub fallback: Option<Spanned<String>>,
    /// Attempts before `fallback`. Default: 3.
    #[schemars(range(min = 1, max = 1000))]
    pub fallback_after: Option<Spanned<u32>>,
}

/// A domain that this server is a backup MX for.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Backup {
    /// The domain's own server. Default: the MX hosts with a better preference than ours.
    pub next_hop: Option<Spanned<Name>>,
    /// Its port. Default: 25.
    #[schemars(range(min = 1, max = 65535))]
    pub port: Option<Spanned<u16>>,
    /// Addresses that exist there. Default: all are taken, and what the domain's server then refuses must be bounced.
    #[serde(default)]
    pub recipients: Option<Spanned<Vec<Spanned<MailAddress>>>>,
}
