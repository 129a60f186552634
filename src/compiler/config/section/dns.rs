//! `dns`: where records go, and whom the server asks.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::{self, Deserializer, SeqAccess, Visitor};

use super::leaf::{DnsName, FilePath, MailAddress, Period, SecretSource, Server, Url};
use crate::compiler::config::spanned::{Entries, Spanned};
use crate::vocabulary::mail::Domain;

/// Where records go, and whom the server asks.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Dns {
    /// How records reach the name servers. Default: `print`, by hand.
    pub publish: Option<Spanned<Publish>>,
    /// Zones that hold our names and are not one of `domains`, with whether they are signed (DNSSEC).
    pub zones: Option<Spanned<Entries<Domain, Signed>>>,
    /// Authorities that may issue certificates (RFC 8659). The records stand at `host.name` and at the names that
    /// certificates are asked for, not at the domains, where they would bind web sites too.
    pub caa: Option<Spanned<Caa>>,
    /// Names that neither send nor receive mail, e.g. `www.example.org`: published are a null MX (RFC 7505), an SPF
    /// record that allows nobody and a DMARC record that refuses. Default: none.
    #[serde(default)]
    pub parked: Option<Spanned<Vec<Spanned<DnsName>>>>,
    /// How long others may remember the records. Default: `1h`; `5m` while `phase` is `rollout`.
    pub ttl: Option<Spanned<Period>>,
    /// Whether the server is being introduced, and records change often. Default: `steady`.
    pub phase: Option<Spanned<Phase>>,
    /// Name servers to ask: `system` (those of the machine, the default) or a list of addresses.
    pub resolver: Option<Spanned<Resolver>>,
    /// Whether answers are validated here (DNSSEC). Default: `true`; `false` trusts the resolver's word.
    pub validate: Option<Spanned<bool>>,
    /// A file with the DS or DNSKEY records of a private root zone, for tests. Default: the root of the Internet.
    pub trust_anchor: Option<Spanned<FilePath>>,
}

/// How records reach the name servers.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Publish {
    /// Written to a file for another tool.
    File(Spanned<PublishFile>),
    /// Printed, for a person with a web form.
    Print(Spanned<bool>),
    /// Sent to the primary name server (RFC 2136) under a key (RFC 8945).
    Rfc2136(Spanned<Rfc2136>),
}

/// A file for another tool, written by `mailctl apply`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PublishFile {
    pub format: Spanned<PublishFormat>,
    /// The file; for `octodns` the folder of its zone files.
    pub path: Spanned<FilePath>,
}

/// Forms of records that other tools read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PublishFormat {
    /// DNSControl: a file for `require` in `dnsconfig.js`.
    Dnscontrol,
    /// For programs, with everything in fields of its own.
    Json,
    /// A page for people with a web form.
    Markdown,
    /// A script for nsupdate.
    Nsupdate,
    /// octoDNS: a folder with one YAML file a zone.
    Octodns,
    /// Terraform or OpenTofu: a local map, for any provider.
    Terraform,
    /// Terraform or OpenTofu, for Cloudflare.
    TerraformCloudflare,
    /// Terraform or OpenTofu, for Amazon Route 53.
    #[serde(rename = "terraform-route53")]
    TerraformRoute53,
    /// A master file without SOA and NS, to be included.
    Zone,
}

/// A primary name server that takes updates.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rfc2136 {
    pub server: Spanned<Server>,
    /// Name of the TSIG key.
    pub key_name: Spanned<DnsName>,
    /// The TSIG key, base64.
    pub key: Spanned<SecretSource>,
    /// Default: `hmac-sha256`.
    pub algorithm: Option<Spanned<Tsig>>,
}

/// TSIG algorithms (RFC 8945 §6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Tsig {
    #[serde(rename = "hmac-sha256")]
    HmacSha256,
    #[serde(rename = "hmac-sha512")]
    HmacSha512,
}

/// Whether a zone is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Signed {
    /// DNSSEC, with a DS record at the parent.
    Signed,
    Unsigned,
}

/// Authorities that may issue certificates.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Caa {
    /// Their CAA names, e.g. `letsencrypt.org`.
    #[schemars(length(min = 1))]
    pub issuers: Spanned<Vec<Spanned<DnsName>>>,
    /// The only account that may ask (RFC 8657 §3).
    pub account_uri: Option<Spanned<Url>>,
    /// The only challenges that count (RFC 8657 §4).
    #[serde(default)]
    pub validation_methods: Option<Vec<Spanned<super::certificates::Challenge>>>,
    /// Who is told of refused requests.
    pub iodef: Option<Spanned<MailAddress>>,
}

/// Whether records are still changing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    Rollout,
    Steady,
}

/// Where names are resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resolver {
    Addresses(Vec<Spanned<Server>>),
    System,
}
impl JsonSchema for Resolver {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "Resolver".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let server = generator.subschema_for::<Server>();
        json_schema!({ "anyOf": [{ "type": "string", "const": "system" }, { "type": "array", "items": server, "minItems": 1 }] })
    }
}

impl<'de> Deserialize<'de> for Resolver {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Form;
        impl<'de> Visitor<'de> for Form {
            type Value = Resolver;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("`system` or a list of addresses")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Resolver, E> {
                if text == "system" { Ok(Resolver::System) } else { Err(E::custom("`system` is the only word")) }
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Resolver, A::Error> {
                let mut servers = Vec::new();
                while let Some(server) = seq.next_element()? {
                    servers.push(server);
                }
                Ok(Resolver::Addresses(servers))
            }
        }
        deserializer.deserialize_any(Form)
    }
}
