//! Values that several sections share: addresses, names, quantities, references to secrets.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Deserialize, Deserializer, SeqAccess, Visitor};

use crate::compiler::config::format::{Format, dns_name, endpoint, pattern, server, url};
use crate::compiler::config::quantity;
use crate::compiler::config::spanned::Spanned;
use crate::ground::secret::SecretRef;
use crate::vocabulary::mail::{Address, AddressPattern as Pattern, Domain};
use crate::vocabulary::network::Network;

/// A text value with a format of its own.
macro_rules! leaf {
    ($(#[$doc:meta])* $name:ident, $inner:ty, $format:ident, $parse:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
        pub struct $name(pub $inner);

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Text;
                impl Visitor<'_> for Text {
                    type Value = $name;
                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str(Format::$format.noun())
                    }
                    fn visit_str<E: de::Error>(self, text: &str) -> Result<$name, E> {
                        let parse: fn(&str) -> Option<$inner> = $parse;
                        parse(text).map($name).ok_or_else(|| E::custom(Format::$format.noun()))
                    }
                }
                deserializer.deserialize_str(Text)
            }
        }

        impl JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }
            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string", "format": Format::$format.name() })
            }
        }
    };
}

leaf!(
    /// A mail address, e.g. `user@example.org`.
    MailAddress, Address, Address, |t| t.parse().ok()
);
leaf!(
    /// A domain name, e.g. `mail.example.org`.
    Name, Domain, Domain, |t| t.parse().ok()
);
leaf!(
    /// A name in DNS that need not be a host, e.g. `_spf.example.org`.
    DnsName, String, DnsName, dns_name
);
leaf!(
    /// An IPv4 or IPv6 address.
    Ip, IpAddr, IpAddress, |t| t.parse().ok()
);
leaf!(
    /// A network in CIDR form, or a single address.
    NetworkBlock, Network, Network, |t| t.parse().ok()
);
leaf!(
    /// A mail address, a domain, or `.example.org` for all domains below it.
    AddressPattern, Pattern, AddressPattern, pattern
);
leaf!(
    /// A URL with scheme and host.
    Url, String, Url, url
);
leaf!(
    /// Where a service on this network listens: `127.0.0.1:3310`, `name:port` or `unix:/path`.
    Endpoint, String, Endpoint, endpoint
);
leaf!(
    /// An address and port: `127.0.0.1:9090`, `[::1]:9090`.
    SocketAddress, SocketAddr, SocketAddress, |t| t.parse().ok()
);
leaf!(
    /// The address of a name server, port 53 unless given.
    Server, SocketAddr, Server, server
);
leaf!(
    /// A time such as `90s`, `15m`, `1h30m` or `5d`.
    Period, Duration, Duration, |t| quantity::duration(t).ok()
);
leaf!(
    /// A size such as `50MB` or `1GiB`.
    Size, u64, Size, |t| quantity::size(t).ok()
);
leaf!(
    /// A one-way hash of a password: argon2id or SHA-crypt.
    PasswordHash, String, PasswordHash, |t| crate::compiler::config::format::password_hash(t).ok().map(str::to_owned)
);

/// A path. A relative one starts at the folder of this file.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(inline)]
pub struct FilePath(#[schemars(with = "String", length(min = 1))] pub PathBuf);

/// Where a secret is found when the server starts. The secret itself never stands in this file.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(transform = mark_secret)]
pub enum SecretSource {
    /// A systemd credential of that name (`LoadCredential=`).
    Credential(#[schemars(length(min = 1))] String),
    /// An environment variable of the server's process.
    Env(#[schemars(length(min = 1))] String),
    /// A file that holds the secret and nothing else; one line end is dropped.
    File(Spanned<FilePath>),
}

impl SecretSource {
    /// The reference as the plan holds it.
    pub fn reference(&self) -> SecretRef {
        match self {
            Self::Credential(name) => SecretRef::Credential(name.clone()),
            Self::Env(name) => SecretRef::Env(name.clone()),
            Self::File(path) => SecretRef::File(path.value.0.clone()),
        }
    }
}

/// Tells the checker that people write secrets here, so that it can say why they must not.
pub fn mark_secret(schema: &mut Schema) {
    if let Some(forms) = schema.get_mut("oneOf").and_then(serde_json::Value::as_array_mut) {
        for form in forms.iter_mut().filter_map(serde_json::Value::as_object_mut) {
            form.insert("x-secret".to_owned(), serde_json::Value::Bool(true));
        }
    }
}

/// One value, or a list of at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OneOrMany<T>(pub Vec<Spanned<T>>);

impl<T: JsonSchema> JsonSchema for OneOrMany<T> {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        format!("OneOrMany_of_{}", T::schema_name()).into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let one = generator.subschema_for::<T>();
        json_schema!({ "anyOf": [one.clone(), { "type": "array", "items": one, "minItems": 1 }] })
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for OneOrMany<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let whole = Spanned::<Either<T>>::deserialize(deserializer)?;
        Ok(match whole.value {
            Either::One(value) => Self(vec![Spanned { value, span: whole.span }]),
            Either::Many(values) => Self(values),
        })
    }
}

enum Either<T> {
    Many(Vec<Spanned<T>>),
    One(T),
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Either<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Form<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Form<T> {
            type Value = Either<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value or a list of values")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
                T::deserialize(de::value::StrDeserializer::new(text)).map(Either::One)
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut values = Vec::new();
                while let Some(value) = seq.next_element()? {
                    values.push(value);
                }
                Ok(Either::Many(values))
            }
        }
        deserializer.deserialize_any(Form(PhantomData))
    }
}

/// The word `none`, or a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OrNone<T> {
    None,
    Some(T),
}

impl<T: JsonSchema> JsonSchema for OrNone<T> {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        format!("OrNone_of_{}", T::schema_name()).into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let some = generator.subschema_for::<T>();
        json_schema!({ "anyOf": [{ "type": "string", "const": "none" }, some] })
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for OrNone<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Form<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Form<T> {
            type Value = OrNone<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("`none` or a value")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
                if text == "none" {
                    return Ok(OrNone::None);
                }
                T::deserialize(de::value::StrDeserializer::new(text)).map(OrNone::Some)
            }
            fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                T::deserialize(de::value::MapAccessDeserializer::new(map)).map(OrNone::Some)
            }
        }
        deserializer.deserialize_any(Form(PhantomData))
    }
}
