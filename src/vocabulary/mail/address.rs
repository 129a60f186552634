//! Mailbox addresses: RFC 5321 §4.1.2 (Mailbox), RFC 6531 §3.3 (internationalised), RFC 5890 (A-labels).

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize, Serializer};

use crate::ground::limits;

/// Why a text is no address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    #[error("the domain `{0}` is not a valid domain name")]
    Domain(String),
    #[error("the local part `{0}` is not valid")]
    LocalPart(String),
    #[error("`{0}` has no `@`")]
    NoAt(String),
    #[error("the address is longer than RFC 5321 §4.5.3.1 allows")]
    TooLong,
}

/// A domain name in its one stored form: A-labels, lower case, no trailing dot. An address literal
/// (RFC 5321 §4.1.3) keeps its brackets: `[192.0.2.1]`, `[IPv6:2001:db8::1]`.
///
/// The text is shared: a plan names each of its domains many times.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(try_from = "String")]
pub struct Domain(Arc<str>);

impl Domain {
    /// The A-label form, e.g. `xn--bcher-kva.example`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The U-label form for people, e.g. `bücher.example`.
    pub fn to_unicode(&self) -> String {
        idna::domain_to_unicode(&self.0).0
    }

    /// The address of an address literal such as `[192.0.2.1]`.
    pub fn literal(&self) -> Option<std::net::IpAddr> {
        let inner = self.0.strip_prefix('[')?.strip_suffix(']')?;
        match inner.strip_prefix("ipv6:") {
            Some(v6) => v6.parse::<std::net::Ipv6Addr>().ok().map(Into::into),
            None => inner.parse::<std::net::Ipv4Addr>().ok().map(Into::into),
        }
    }

    /// Whether this is `parent` or below it, label by label.
    pub fn is_within(&self, parent: &Domain) -> bool {
        self.0 == parent.0 || self.0.strip_suffix(parent.as_str()).is_some_and(|head| head.ends_with('.'))
    }

    /// The domains that this one lies in, the nearest first, without itself. An address literal lies in none.
    pub fn ancestors(&self) -> impl Iterator<Item = Domain> {
        let name = if self.0.starts_with('[') { "" } else { self.as_str() };
        name.match_indices('.').filter_map(|(at, _)| name.get(at + 1..)).map(|parent| Domain(parent.into()))
    }

    /// Number of labels.
    pub fn labels(&self) -> usize {
        self.0.split('.').count()
    }
}

impl FromStr for Domain {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        if is_stored_form(text) {
            return Ok(Self(text.into()));
        }
        let bad = || AddressError::Domain(text.chars().take(100).collect());
        if text.len() > limits::DOMAIN_OCTETS_MAX {
            return Err(AddressError::TooLong);
        }
        if text.starts_with('[') {
            let domain = Self(text.to_ascii_lowercase().into());
            return if domain.literal().is_some() { Ok(domain) } else { Err(bad()) };
        }
        let lower = text.to_ascii_lowercase();
        // RFC 5890 §2.3.2.1: an A-label is one in any case, and is looked into.
        let plain =
            lower.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.') && !lower.contains("xn--");
        let ascii = if plain { lower } else { idna::domain_to_ascii_strict(text).map_err(|_| bad())? };
        // RFC 1035 §2.3.4: labels of 1 to 63 octets; RFC 5321 §4.1.2: letters, digits, inner hyphens.
        let label = |l: &str| {
            !l.is_empty()
                && l.len() <= 63
                && !l.starts_with('-')
                && !l.ends_with('-')
                && l.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        };
        if ascii.len() <= 253 && ascii.split('.').all(label) { Ok(Self(ascii.into())) } else { Err(bad()) }
    }
}

/// Whether a name is in its stored form beyond doubt, at one look, as nearly all of a hundred thousand are: labels of
/// lower-case letters, digits and inner hyphens. Two hyphens in a row may be an A-label's, which is looked into.
fn is_stored_form(name: &str) -> bool {
    let mut label = 0;
    let mut before = b'.';
    for octet in name.bytes() {
        match octet {
            b'a'..=b'z' | b'0'..=b'9' => label += 1,
            b'-' if label > 0 && before != b'-' => label += 1,
            b'.' if label > 0 && before != b'-' => label = 0,
            _ => return false,
        }
        if label > 63 {
            return false;
        }
        before = octet;
    }
    label > 0 && before != b'-' && name.len() <= 253
}

impl TryFrom<String> for Domain {
    type Error = AddressError;
    fn try_from(text: String) -> Result<Self, AddressError> {
        text.parse()
    }
}

impl From<Domain> for String {
    fn from(domain: Domain) -> String {
        domain.as_str().to_owned()
    }
}

impl Serialize for Domain {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl fmt::Display for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The part before the `@`, unquoted, case kept. Written out again with quotes where they are needed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LocalPart(Arc<str>);

impl LocalPart {
    /// The unquoted text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// From unquoted text.
    ///
    /// # Errors
    /// If it is empty, longer than [`limits::LOCAL_PART_OCTETS_ACCEPTED_MAX`], or holds control characters.
    pub fn from_unquoted(text: &str) -> Result<Self, AddressError> {
        if text.len() > limits::LOCAL_PART_OCTETS_ACCEPTED_MAX {
            return Err(AddressError::TooLong);
        }
        let printable = text.bytes().all(|b| matches!(b, b' '..=b'~'));
        if text.is_empty() || (!printable && text.chars().any(char::is_control)) {
            return Err(AddressError::LocalPart(text.chars().filter(|c| !c.is_control()).take(100).collect()));
        }
        Ok(Self(text.into()))
    }

    /// From the wire: a dot-string, or a quoted-string with its quotes (RFC 5321 §4.1.2).
    ///
    /// # Errors
    /// If it is neither.
    pub fn from_wire(text: &str) -> Result<Self, AddressError> {
        let bad = || AddressError::LocalPart(text.chars().filter(|c| !c.is_control()).take(100).collect());
        let Some(inner) = text.strip_prefix('"') else {
            return if is_dot_string(text) { Self::from_unquoted(text) } else { Err(bad()) };
        };
        let inner = inner.strip_suffix('"').ok_or_else(bad)?;
        let mut unquoted = String::with_capacity(inner.len());
        let mut chars = inner.chars();
        while let Some(c) = chars.next() {
            match c {
                '"' => return Err(bad()),
                '\\' => unquoted.push(chars.next().ok_or_else(bad)?),
                c => unquoted.push(c),
            }
        }
        Self::from_unquoted(&unquoted)
    }

    fn needs_quotes(&self) -> bool {
        !is_dot_string(&self.0)
    }
}

/// RFC 5321 §4.1.2 Dot-string, with RFC 6531 §3.3's UTF-8.
fn is_dot_string(text: &str) -> bool {
    if !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
        return true;
    }
    let atext =
        |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c) || (!c.is_ascii() && !c.is_control());
    text.split('.').all(|atom| !atom.is_empty() && atom.chars().all(atext))
}

impl fmt::Display for LocalPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.needs_quotes() {
            return f.write_str(&self.0);
        }
        f.write_str("\"")?;
        for c in self.0.chars() {
            if c == '"' || c == '\\' {
                f.write_str("\\")?;
            }
            write!(f, "{c}")?;
        }
        f.write_str("\"")
    }
}

/// A mailbox address. `Display` gives the wire form, quotes where needed.
///
/// Equality keeps the case of the local part, as RFC 5321 §2.4 demands of relays; whoever owns the
/// domain compares with [`Address::canonical`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(try_from = "String")]
pub struct Address {
    pub local: LocalPart,
    pub domain: Domain,
}

impl Address {
    /// The form that local lookups use: local part lower-cased.
    #[must_use]
    pub fn canonical(&self) -> Self {
        let lower = self.local.0.bytes().all(|b| b.is_ascii() && !b.is_ascii_uppercase());
        let local = if lower { self.local.clone() } else { LocalPart(self.local.0.to_lowercase().into()) };
        Self { local, domain: self.domain.clone() }
    }

    /// What `Display` writes, without its machinery: a plan may have hundreds of thousands of addresses.
    fn wire(&self) -> String {
        if self.local.needs_quotes() {
            return self.to_string();
        }
        let (local, domain) = (self.local.as_str(), self.domain.as_str());
        let mut text = String::with_capacity(local.len() + 1 + domain.len());
        text.push_str(local);
        text.push('@');
        text.push_str(domain);
        text
    }

    /// Whether it can be written without SMTPUTF8 (RFC 6531).
    pub fn is_ascii(&self) -> bool {
        self.local.0.is_ascii()
    }
}

impl FromStr for Address {
    type Err = AddressError;
    fn from_str(text: &str) -> Result<Self, AddressError> {
        let at = text
            .rfind('@')
            .ok_or_else(|| AddressError::NoAt(text.chars().filter(|c| !c.is_control()).take(100).collect()))?;
        Ok(Self { local: LocalPart::from_wire(&text[..at])?, domain: text[at + 1..].parse()? })
    }
}

impl TryFrom<String> for Address {
    type Error = AddressError;
    fn try_from(text: String) -> Result<Self, AddressError> {
        text.parse()
    }
}

impl From<Address> for String {
    fn from(address: Address) -> String {
        address.wire()
    }
}

impl Serialize for Address {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.wire())
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.local, self.domain)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_local_parts_keep_their_meaning() {
        let a: Address = "\"a b\"@Example.ORG".parse().unwrap();
        assert_eq!(a.local.as_str(), "a b");
        assert_eq!(a.to_string(), "\"a b\"@example.org");
        assert_eq!("\"plain\"@x.org".parse::<Address>().unwrap().to_string(), "plain@x.org");
    }

    #[test]
    fn domains_have_one_spelling() {
        assert_eq!("Bücher.example".parse::<Domain>().unwrap().as_str(), "xn--bcher-kva.example");
        assert_eq!("Bücher.example".parse::<Domain>().unwrap().to_unicode(), "bücher.example");
        assert!("[IPv6:::1]".parse::<Domain>().unwrap().literal().is_some());
        assert_eq!("XN--Bcher-KVA.example".parse::<Domain>().unwrap().as_str(), "xn--bcher-kva.example");
        for bad in
            ["", ".", "a..b", "-a.org", "a_b.org", "[1.2.3]", "a b", "xn--bc0herl.example", "xN--bc0herl.example"]
        {
            assert!(bad.parse::<Domain>().is_err(), "{bad}");
        }
    }

    #[test]
    fn names_are_within_by_label() {
        let d = |s: &str| s.parse::<Domain>().unwrap();
        assert!(d("mx.aaa.com").is_within(&d("aaa.com")));
        assert!(!d("bbbaaa.com").is_within(&d("aaa.com")));
    }
}
