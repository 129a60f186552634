//! Typed values that know their place: the tree decoded through serde without losing a span.
//!
//! Decoding follows the schema check and therefore cannot fail on what the check admitted; a failure
//! is a contradiction between the two and reported as a mistake of the program.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::net::IpAddr;
use std::ops::Deref;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::{MapDeserializer, SeqDeserializer, StrDeserializer, StringDeserializer};
use serde::de::{self, Deserialize, DeserializeOwned, Deserializer, IgnoredAny, IntoDeserializer, MapAccess, Visitor};

use super::format::Format;
use super::node::{Entry, Node, Value};
use crate::ground::diagnostic::Span;
use crate::vocabulary::mail::{Address, Domain};

/// The struct name by which [`Spanned`] tells the deserializer that it wants the place too.
const SPANNED: &str = "mailctl::Spanned";

/// 2^53: below it a double holds every integer.
const EXACT_MAX: f64 = 9_007_199_254_740_992.0;

/// A value and where it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spanned<T> {
    pub value: T,
    pub span: Span,
}

impl<T> Deref for Spanned<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: JsonSchema> JsonSchema for Spanned<T> {
    fn inline_schema() -> bool {
        T::inline_schema()
    }
    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Spanned<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Parts<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Parts<T> {
            type Value = Spanned<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value of the spanned tree")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Spanned<T>, A::Error> {
                let missing = || de::Error::custom("not a value of the spanned tree");
                let (_, start) = map.next_entry::<IgnoredAny, u32>()?.ok_or_else(missing)?;
                let (_, end) = map.next_entry::<IgnoredAny, u32>()?.ok_or_else(missing)?;
                let (_, value) = map.next_entry::<IgnoredAny, T>()?.ok_or_else(missing)?;
                Ok(Spanned { value, span: start..end })
            }
        }
        deserializer.deserialize_struct(SPANNED, &["start", "end", "value"], Parts(PhantomData))
    }
}

/// A map whose keys are data, in the order of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entries<K, V>(pub Vec<(Spanned<K>, Spanned<V>)>);

impl<K, V> Default for Entries<K, V> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<K, V> Entries<K, V> {
    pub fn iter(&self) -> impl Iterator<Item = (&Spanned<K>, &Spanned<V>)> {
        self.0.iter().map(|(k, v)| (k, v))
    }
}

/// What may be a key of [`Entries`].
pub trait Key: FromStr {
    /// The format of the key's text, if it has one.
    const FORMAT: Option<Format>;
}

impl Key for Address {
    const FORMAT: Option<Format> = Some(Format::Address);
}
impl Key for Domain {
    const FORMAT: Option<Format> = Some(Format::Domain);
}
impl Key for IpAddr {
    const FORMAT: Option<Format> = Some(Format::IpAddress);
}
impl Key for String {
    const FORMAT: Option<Format> = None;
}

impl<K: Key, V: JsonSchema> JsonSchema for Entries<K, V> {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        format!("Entries_of_{}", V::schema_name()).into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let value = generator.subschema_for::<V>();
        match K::FORMAT {
            Some(format) => json_schema!({
                "type": "object",
                "propertyNames": { "type": "string", "format": format.name() },
                "additionalProperties": value,
            }),
            None => json_schema!({ "type": "object", "additionalProperties": value }),
        }
    }
}

impl<'de, K: Key, V: Deserialize<'de>> Deserialize<'de> for Entries<K, V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs<K, V>(PhantomData<(K, V)>);
        impl<'de, K: Key, V: Deserialize<'de>> Visitor<'de> for Pairs<K, V> {
            type Value = Entries<K, V>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entries<K, V>, A::Error> {
                // As many as the tree has.
                let mut entries = Vec::with_capacity(map.size_hint().unwrap_or(0));
                while let Some(key) = map.next_key::<Spanned<Parsed<K>>>()? {
                    entries.push((Spanned { value: key.value.0, span: key.span }, map.next_value()?));
                }
                Ok(Entries(entries))
            }
        }
        deserializer.deserialize_map(Pairs(PhantomData))
    }
}

/// A key made from its text where it stands.
struct Parsed<K>(K);

impl<'de, K: FromStr> Deserialize<'de> for Parsed<K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text<K>(PhantomData<K>);
        impl<K: FromStr> Visitor<'_> for Text<K> {
            type Value = Parsed<K>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
                text.parse().map(Parsed).map_err(|_| E::custom("a key of the wrong form"))
            }
        }
        deserializer.deserialize_str(Text(PhantomData))
    }
}

/// Decodes a whole tree.
///
/// # Errors
/// serde's message, where type and schema contradict each other.
pub fn decode<T: DeserializeOwned>(node: &Node) -> Result<T, DecodeError> {
    T::deserialize(node)
}

pub type DecodeError = de::value::Error;

impl<'de> IntoDeserializer<'de, DecodeError> for &'de Node {
    type Deserializer = Self;
    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for &'de Node {
    type Error = DecodeError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match &self.value {
            Value::Bool(b) => visitor.visit_bool(*b),
            // JSON Schema 2020-12 (validation §6.1.1): `25.0` and `1e3` are integers. Exact below 2^53.
            Value::Float(f) if f.fract() == 0.0 && f.abs() < EXACT_MAX => visitor.visit_i64(*f as i64),
            Value::Float(f) => visitor.visit_f64(*f),
            Value::Integer(i) => visitor.visit_i64(*i),
            Value::List(items) => visitor.visit_seq(SeqDeserializer::new(items.iter())),
            Value::Map(entries) => {
                visitor.visit_map(MapDeserializer::new(entries.iter().map(|e| (SpannedKey(e), &e.value))))
            }
            Value::Null => visitor.visit_unit(),
            Value::Text(text) => visitor.visit_borrowed_str(text),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        if self.value == Value::Null { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        if name == SPANNED {
            let part = |name, part| (StrDeserializer::new(name), part);
            let parts = [
                part("start", Part::At(self.span.start)),
                part("end", Part::At(self.span.end)),
                part("value", Part::Value(self)),
            ];
            return visitor.visit_map(MapDeserializer::new(parts.into_iter()));
        }
        self.deserialize_any(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        match &self.value {
            Value::Text(word) => visitor.visit_enum(StringDeserializer::new(word.clone())),
            Value::Map(entries) => visitor.visit_enum(de::value::MapAccessDeserializer::new(MapDeserializer::new(
                entries.iter().map(|e| (SpannedKey(e), &e.value)),
            ))),
            _ => Err(de::Error::custom("a word or a map with one key is expected")),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, DecodeError> {
        visitor.visit_newtype_struct(self)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct map identifier ignored_any
    }
}

/// One of the three parts of a [`Spanned`].
enum Part<'de> {
    At(u32),
    Value(&'de Node),
}

/// Hands a part on to whatever the visitor asks for.
macro_rules! part_forwards {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
            match self {
                Part::At(offset) => visitor.visit_u32(offset),
                Part::Value(node) => node.$method(visitor),
            }
        }
    )*};
}

impl<'de> Deserializer<'de> for Part<'de> {
    type Error = DecodeError;

    part_forwards! {
        deserialize_any deserialize_bool deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_u8
        deserialize_u16 deserialize_u32 deserialize_u64 deserialize_f32 deserialize_f64 deserialize_char
        deserialize_str deserialize_string deserialize_bytes deserialize_byte_buf deserialize_option deserialize_unit
        deserialize_seq deserialize_map deserialize_identifier deserialize_ignored_any
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        match self {
            Part::At(offset) => visitor.visit_u32(offset),
            Part::Value(node) => node.deserialize_struct(name, fields, visitor),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        match self {
            Part::At(offset) => visitor.visit_u32(offset),
            Part::Value(node) => node.deserialize_enum(name, variants, visitor),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        match self {
            Part::At(offset) => visitor.visit_u32(offset),
            Part::Value(node) => node.deserialize_newtype_struct(name, visitor),
        }
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, DecodeError> {
        self.deserialize_any(visitor)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, DecodeError> {
        self.deserialize_any(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        self.deserialize_any(visitor)
    }
}

impl<'de> IntoDeserializer<'de, DecodeError> for Part<'de> {
    type Deserializer = Self;
    fn into_deserializer(self) -> Self {
        self
    }
}

/// A key: its text where text is asked for, with its place where that is asked for.
struct SpannedKey<'de>(&'de Entry);

impl<'de> IntoDeserializer<'de, DecodeError> for SpannedKey<'de> {
    type Deserializer = Self;
    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for SpannedKey<'de> {
    type Error = DecodeError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        visitor.visit_borrowed_str(&self.0.key)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        let Entry { key, key_span, .. } = self.0;
        let part = |name, part| (StrDeserializer::new(name), part);
        let parts = [
            part("start", KeyPart::At(key_span.start)),
            part("end", KeyPart::At(key_span.end)),
            part("value", KeyPart::Text(key)),
        ];
        visitor.visit_map(MapDeserializer::new(parts.into_iter()))
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit
        unit_struct newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

enum KeyPart<'de> {
    At(u32),
    Text(&'de str),
}

impl<'de> IntoDeserializer<'de, DecodeError> for KeyPart<'de> {
    type Deserializer = Self;
    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for KeyPart<'de> {
    type Error = DecodeError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match self {
            Self::At(offset) => visitor.visit_u32(offset),
            Self::Text(text) => visitor.visit_borrowed_str(text),
        }
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit
        unit_struct newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}
