//! JSON in its one canonical spelling (RFC 8785), written in one pass: members sorted by UTF-16 code units, no
//! white space, minimal escapes.
//!
//! A formatter for serde_json's own serializer. Members wait in the buffer of their object until it ends, because only
//! then their order is known; no tree of values is made, which for 100,000 accounts would be 150 MB.
//!
//! Numbers are written as serde_json does, which is canonical for integers up to 2^53 - 1; a plan has no others.

use std::cmp::Ordering;
use std::io::{self, Write};
use std::ops::Range;

use serde::Serialize;
use serde_json::ser::{CharEscape, Formatter, Serializer};

/// The canonical octets of a value. No line end follows.
///
/// # Errors
/// Where a value has no such JSON: a path that is no UTF-8, a number with a fraction.
pub fn to_vec(value: &impl Serialize) -> serde_json::Result<Vec<u8>> {
    let mut canonical = Canonical { open: Vec::new(), octets: Vec::with_capacity(16 * 1024), spare: Vec::new() };
    value.serialize(&mut Serializer::with_formatter(io::sink(), &mut canonical))?;
    Ok(canonical.octets)
}

/// An object that is not complete.
#[derive(Default)]
struct Object {
    /// Where each member's name, without escapes, and its value stand in `octets`.
    members: Vec<(Range<usize>, Range<usize>)>,
    octets: Vec<u8>,
    /// Whether what comes is the name of a member.
    naming: bool,
    /// Where the member that is written begins, and its value.
    begin: usize,
    value: usize,
}

struct Canonical {
    open: Vec<Object>,
    octets: Vec<u8>,
    /// Objects that are complete, for their memory.
    spare: Vec<Object>,
}

impl Canonical {
    /// Where names and values are written.
    fn target(&mut self) -> &mut Vec<u8> {
        self.open.last_mut().map_or(&mut self.octets, |object| &mut object.octets)
    }

    fn naming(&self) -> bool {
        self.open.last().is_some_and(|object| object.naming)
    }

    fn quote(&mut self) {
        if !self.naming() {
            self.target().push(b'"');
        }
    }

    fn number(&mut self, text: impl std::fmt::Display) -> io::Result<()> {
        write!(self.target(), "{text}")
    }
}

/// Forwards the numbers to their shortest text.
macro_rules! numbers {
    ($($method:ident $number:ty),*) => {$(
        fn $method<W: ?Sized + Write>(&mut self, _: &mut W, value: $number) -> io::Result<()> {
            self.number(value)
        }
    )*};
}

/// Numbers whose canonical spelling is another one than Rust's, or that have none.
macro_rules! refused {
    ($($method:ident $number:ty),*) => {$(
        fn $method<W: ?Sized + Write>(&mut self, _: &mut W, _: $number) -> io::Result<()> {
            Err(io::Error::new(io::ErrorKind::InvalidData, "a plan holds integers of 64 bits alone"))
        }
    )*};
}

/// Forwards punctuation that is the same in every spelling.
macro_rules! marks {
    ($($method:ident $mark:expr),*) => {$(
        fn $method<W: ?Sized + Write>(&mut self, _: &mut W) -> io::Result<()> {
            self.target().extend_from_slice($mark);
            Ok(())
        }
    )*};
}

impl Formatter for &mut Canonical {
    numbers! {
        write_i8 i8, write_i16 i16, write_i32 i32, write_i64 i64, write_u8 u8, write_u16 u16, write_u32 u32, write_u64 u64
    }

    marks! { write_null b"null", begin_array b"[", end_array b"]" }

    fn write_number_str<W: ?Sized + Write>(&mut self, _: &mut W, value: &str) -> io::Result<()> {
        self.number(value)
    }

    refused! { write_f32 f32, write_f64 f64, write_i128 i128, write_u128 u128 }

    fn write_bool<W: ?Sized + Write>(&mut self, _: &mut W, value: bool) -> io::Result<()> {
        self.target().extend_from_slice(if value { b"true" } else { b"false" });
        Ok(())
    }

    fn begin_string<W: ?Sized + Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.quote();
        Ok(())
    }

    fn end_string<W: ?Sized + Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.quote();
        Ok(())
    }

    fn write_string_fragment<W: ?Sized + Write>(&mut self, _: &mut W, fragment: &str) -> io::Result<()> {
        self.target().extend_from_slice(fragment.as_bytes());
        Ok(())
    }

    fn write_char_escape<W: ?Sized + Write>(&mut self, _: &mut W, escape: CharEscape) -> io::Result<()> {
        let octet = match escape {
            CharEscape::Quote => b'"',
            CharEscape::ReverseSolidus => b'\\',
            CharEscape::Solidus => b'/',
            CharEscape::Backspace => 0x08,
            CharEscape::FormFeed => 0x0c,
            CharEscape::LineFeed => b'\n',
            CharEscape::CarriageReturn => b'\r',
            CharEscape::Tab => b'\t',
            CharEscape::AsciiControl(octet) => octet,
        };
        if self.naming() {
            self.target().push(octet);
        } else {
            write_escaped(octet, self.target());
        }
        Ok(())
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, _: &mut W, first: bool) -> io::Result<()> {
        if !first {
            self.target().push(b',');
        }
        Ok(())
    }

    fn begin_object<W: ?Sized + Write>(&mut self, _: &mut W) -> io::Result<()> {
        let object = self.spare.pop().unwrap_or_default();
        self.open.push(object);
        Ok(())
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, _: &mut W, _first: bool) -> io::Result<()> {
        if let Some(object) = self.open.last_mut() {
            object.naming = true;
            object.begin = object.octets.len();
        }
        Ok(())
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, _: &mut W) -> io::Result<()> {
        if let Some(object) = self.open.last_mut() {
            object.naming = false;
            object.value = object.octets.len();
        }
        Ok(())
    }

    fn end_object_value<W: ?Sized + Write>(&mut self, _: &mut W) -> io::Result<()> {
        if let Some(object) = self.open.last_mut() {
            let name = object.begin..object.value;
            object.members.push((name, object.value..object.octets.len()));
        }
        Ok(())
    }

    fn end_object<W: ?Sized + Write>(&mut self, _: &mut W) -> io::Result<()> {
        let Some(mut object) = self.open.pop() else { return Ok(()) };
        let Object { members, octets, .. } = &mut object;
        let of = |range: &Range<usize>| octets.get(range.clone()).unwrap_or_default();
        members.sort_by(|(a, _), (b, _)| in_utf16(of(a), of(b)));
        let out = self.target();
        out.reserve(octets.len() + 4 * members.len() + 2);
        out.push(b'{');
        for (n, (name, value)) in members.iter().enumerate() {
            out.extend_from_slice(if n > 0 { b",\"" } else { b"\"" });
            let name = of(name);
            if name.iter().any(|b| *b < b' ' || matches!(b, b'"' | b'\\')) {
                name.iter().for_each(|b| write_escaped(*b, out));
            } else {
                out.extend_from_slice(name);
            }
            out.extend_from_slice(b"\":");
            out.extend_from_slice(of(value));
        }
        out.push(b'}');
        members.clear();
        octets.clear();
        self.spare.push(object);
        Ok(())
    }
}

/// RFC 8785 §3.2.3: by UTF-16 code units, which is not the order of UTF-8 beyond U+FFFF.
fn in_utf16(a: &[u8], b: &[u8]) -> Ordering {
    if a.is_ascii() && b.is_ascii() {
        return a.cmp(b);
    }
    // Names are text: they were written as such above.
    let text = |octets| std::str::from_utf8(octets).unwrap_or_default();
    text(a).encode_utf16().cmp(text(b).encode_utf16())
}

/// RFC 8785 §3.2.2.2: only quotes, backslashes and control characters are escaped, these the short way
/// where there is one, else as lower-case `\u00xx`. All of them are one octet of UTF-8.
fn write_escaped(octet: u8, out: &mut Vec<u8>) {
    match octet {
        b'"' => out.extend_from_slice(b"\\\""),
        b'\\' => out.extend_from_slice(b"\\\\"),
        0x08 => out.extend_from_slice(b"\\b"),
        b'\t' => out.extend_from_slice(b"\\t"),
        b'\n' => out.extend_from_slice(b"\\n"),
        0x0c => out.extend_from_slice(b"\\f"),
        b'\r' => out.extend_from_slice(b"\\r"),
        control if control < b' ' => out.extend_from_slice(format!("\\u{control:04x}").as_bytes()),
        octet => out.push(octet),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn canonical(value: &Value) -> String {
        String::from_utf8(to_vec(value).unwrap()).unwrap()
    }

    /// RFC 8785 §3.2.3.
    #[test]
    fn rfc8785_3_2_3_example() {
        let value = json!({
            "\u{20ac}": "Euro Sign", "\r": "Carriage Return", "\u{fb33}": "Hebrew Letter Dalet With Dagesh",
            "1": "One", "\u{1f600}": "Emoji: Grinning Face", "\u{80}": "Control", "\u{f6}": "Latin Small Letter O With Diaeresis",
        });
        let expected = "{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\u{80}\":\"Control\",\
            \"\u{f6}\":\"Latin Small Letter O With Diaeresis\",\"\u{20ac}\":\"Euro Sign\",\
            \"\u{1f600}\":\"Emoji: Grinning Face\",\"\u{fb33}\":\"Hebrew Letter Dalet With Dagesh\"}";
        assert_eq!(canonical(&value), expected);
    }

    #[test]
    fn rfc8785_3_2_2_2_escapes() {
        assert_eq!(
            canonical(
                &json!(["\u{20ac}$\u{f}\nA'B\"\\\\\"/\u{7f}", true, null, 0, 7, {}, [], {"\"\u{1}\\": {"b": [1], "a": {}}}])
            ),
            "[\"\u{20ac}$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\u{7f}\",true,null,0,7,{},[],{\"\\\"\\u0001\\\\\":{\"a\":{},\"b\":[1]}}]"
        );
    }

    #[test]
    fn fractions_have_no_spelling_here() {
        assert!(to_vec(&1.5).is_err());
        assert!(to_vec(&json!({ "a": 1e300 })).is_err());
    }

    proptest! {
        #[test]
        fn canonical_json_is_json_and_a_fixed_point(text in any::<String>(), number in any::<u32>(), keys in proptest::collection::vec(any::<String>(), 0..6)) {
            let mut value = json!({ "text": text, "number": number });
            for key in keys {
                value["members"][&key] = json!({ "of": key, "and": [number] });
            }
            let once = canonical(&value);
            let again: Value = serde_json::from_str(&once).unwrap();
            prop_assert_eq!(&again, &value);
            prop_assert_eq!(canonical(&again), once);
        }
    }
}
