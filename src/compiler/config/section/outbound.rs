//! `outbound`: mail to other servers.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::{self, Deserializer, SeqAccess, Visitor};

use super::leaf::{Period, Server};
use crate::compiler::config::spanned::Spanned;

/// How mail to other servers is sent.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Outbound {
    /// Waits between attempts; the last one repeats. Default: `5m, 15m, 30m, 1h, 2h, 4h`.
    #[schemars(length(min = 1))]
    pub retry: Option<Vec<Spanned<Period>>>,
    /// How long a message is tried before it bounces. Default: `5d` (RFC 5321 §4.5.4.1).
    pub lifetime: Option<Spanned<Period>>,
    /// Name servers: `system` (those of the machine, the default) or a list of addresses.
    pub resolver: Option<Spanned<Resolver>>,
    /// Port of other servers' MX hosts, for tests. Default: 25. Only with `profile: lab`.
    #[schemars(range(min = 1, max = 65535))]
    pub mx_port: Option<Spanned<u16>>,
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
