//! Patterns over addresses and domains, as routes and policies use them. No regular expressions: what a
//! pattern matches can be read from it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::address::{Address, AddressError, Domain};

/// Matches domains. Sorts exact names before what is below them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum DomainPattern {
    /// `example.org`: this domain and none below it.
    Exact(Domain),
    /// `.example.org`: every domain below it, not itself.
    Below(Domain),
}

impl DomainPattern {
    pub fn matches(&self, domain: &Domain) -> bool {
        match self {
            Self::Exact(exact) => domain == exact,
            Self::Below(parent) => domain != parent && domain.is_within(parent),
        }
    }

    /// How closely it describes what it matches: of several that match a domain, the largest wins.
    pub fn precision(&self) -> (usize, bool) {
        match self {
            Self::Exact(domain) => (domain.labels(), true),
            Self::Below(domain) => (domain.labels(), false),
        }
    }

    /// Whether it matches every domain that `other` matches.
    pub fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (_, Self::Exact(domain)) => self.matches(domain),
            (Self::Below(parent), Self::Below(domain)) => domain.is_within(parent),
            // Below a domain there are always more than one.
            (Self::Exact(_), Self::Below(_)) => false,
        }
    }

    /// Every pattern that covers it, itself first: few, so that a set can be asked in place of a list.
    pub fn covering(&self) -> Vec<Self> {
        let (domain, mut patterns) = match self {
            Self::Exact(domain) => (domain, vec![self.clone()]),
            Self::Below(domain) => (domain, vec![self.clone()]),
        };
        patterns.extend(domain.ancestors().map(Self::Below));
        patterns
    }
}

impl FromStr for DomainPattern {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        match text.strip_prefix('.') {
            None => text.parse().map(Self::Exact),
            Some(parent) => match parent.parse::<Domain>()? {
                // An address literal has nothing below it.
                literal if literal.literal().is_some() => Err(AddressError::Domain(text.to_owned())),
                parent => Ok(Self::Below(parent)),
            },
        }
    }
}

impl fmt::Display for DomainPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(domain) => write!(f, "{domain}"),
            Self::Below(domain) => write!(f, ".{domain}"),
        }
    }
}

impl TryFrom<String> for DomainPattern {
    type Error = AddressError;
    fn try_from(text: String) -> Result<Self, AddressError> {
        text.parse()
    }
}

impl From<DomainPattern> for String {
    fn from(pattern: DomainPattern) -> String {
        pattern.to_string()
    }
}

/// Matches addresses: one of them, or all of the domains that a [`DomainPattern`] matches.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum AddressPattern {
    /// `bills@example.org`, whatever the case of the local part.
    Address(Address),
    /// `example.org` or `.example.org`.
    Domain(DomainPattern),
}

impl AddressPattern {
    pub fn matches(&self, address: &Address) -> bool {
        match self {
            Self::Address(exact) => *exact == address.canonical(),
            Self::Domain(pattern) => pattern.matches(&address.domain),
        }
    }

    /// Whether it matches every address that `other` matches.
    pub fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (_, Self::Address(address)) => self.matches(address),
            (Self::Domain(ours), Self::Domain(theirs)) => ours.covers(theirs),
            (Self::Address(_), Self::Domain(_)) => false,
        }
    }

    /// Every pattern that covers it, itself first.
    pub fn covering(&self) -> Vec<Self> {
        match self {
            Self::Address(address) => {
                let domain = DomainPattern::Exact(address.domain.clone());
                let wider = domain.covering().into_iter().map(Self::Domain);
                std::iter::once(self.clone()).chain(wider).collect()
            }
            Self::Domain(pattern) => pattern.covering().into_iter().map(Self::Domain).collect(),
        }
    }
}

impl FromStr for AddressPattern {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        // A domain, literal or not, has no `@`; every address has one.
        match text.contains('@') {
            true => text.parse::<Address>().map(|address| Self::Address(address.canonical())),
            false => text.parse().map(Self::Domain),
        }
    }
}

impl fmt::Display for AddressPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => write!(f, "{address}"),
            Self::Domain(pattern) => write!(f, "{pattern}"),
        }
    }
}

impl TryFrom<String> for AddressPattern {
    type Error = AddressError;
    fn try_from(text: String) -> Result<Self, AddressError> {
        text.parse()
    }
}

impl From<AddressPattern> for String {
    fn from(pattern: AddressPattern) -> String {
        pattern.to_string()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn matches(pattern: &str, address: &str) -> bool {
        pattern.parse::<AddressPattern>().unwrap().matches(&address.parse().unwrap())
    }

    #[test]
    fn a_pattern_matches_what_it_says() {
        assert!(matches("a@example.org", "A@Example.org"));
        assert!(!matches("a@example.org", "b@example.org"));
        assert!(matches("example.org", "b@example.org"));
        assert!(!matches("example.org", "b@sub.example.org"));
        assert!(matches(".example.org", "b@x.sub.example.org"));
        assert!(!matches(".example.org", "b@example.org"));
        assert!(!matches(".example.org", "b@bexample.org"));
        assert!(matches("BÜCHER.example", "b@xn--bcher-kva.example"));
        assert!(matches("[192.0.2.1]", "b@[192.0.2.1]"));
    }

    #[test]
    fn a_pattern_has_one_spelling() {
        for (given, kept) in [("A@Example.ORG", "a@example.org"), (".Example.ORG", ".example.org"), ("x.Y", "x.y")] {
            assert_eq!(given.parse::<AddressPattern>().unwrap().to_string(), kept);
        }
        for bad in ["", ".", "..a", "*.example.org", "@example.org", ".[192.0.2.1]", "a b"] {
            assert!(bad.parse::<AddressPattern>().is_err(), "{bad}");
        }
    }

    #[test]
    fn the_longest_name_is_the_closest_and_itself_before_what_is_below() {
        let precision = |text: &str| text.parse::<DomainPattern>().unwrap().precision();
        assert!(precision("a.example.org") > precision(".example.org"));
        assert!(precision(".a.example.org") > precision(".example.org"));
    }

    #[test]
    fn a_pattern_covers_what_it_matches_and_no_more() {
        let covers = |a: &str, b: &str| a.parse::<AddressPattern>().unwrap().covers(&b.parse().unwrap());
        for (wide, narrow) in [
            ("a@example.org", "A@example.org"),
            ("example.org", "a@example.org"),
            ("example.org", "example.org"),
            (".example.org", "sub.example.org"),
            (".example.org", ".sub.example.org"),
            (".example.org", ".example.org"),
            (".example.org", "a@x.sub.example.org"),
        ] {
            assert!(covers(wide, narrow), "{wide} {narrow}");
            assert!(wide.eq_ignore_ascii_case(narrow) || !covers(narrow, wide), "{narrow} {wide}");
        }
        for (one, other) in [
            ("example.org", ".example.org"),
            (".example.org", "example.org"),
            (".example.org", "a@example.org"),
            ("a@example.org", "b@example.org"),
            (".sub.example.org", ".example.org"),
            (".example.org", ".bexample.org"),
        ] {
            assert!(!covers(one, other), "{one} {other}");
        }
    }

    /// Few names, so that patterns meet.
    fn any_pattern() -> impl Strategy<Value = AddressPattern> {
        ("([ab]@|[.])?([ab][.]){0,3}[ab]").prop_map(|text| text.parse().unwrap())
    }

    proptest! {
        #[test]
        fn covering_means_matching_all(wide in any_pattern(), narrow in any_pattern(), address in "[ab]@([ab][.]){0,4}[ab]") {
            let address: Address = address.parse().unwrap();
            if wide.covers(&narrow) && narrow.matches(&address) {
                prop_assert!(wide.matches(&address));
            }
            prop_assert_eq!(narrow.covering().contains(&wide), wide.covers(&narrow));
        }
    }
}
