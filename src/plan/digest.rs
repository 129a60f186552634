//! The name of a plan: SHA-256 over its canonical bytes.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::codec;
use super::document::Plan;

/// The scheme before the colon; another hash would have another.
const SCHEME: &str = "sha256:";

/// `sha256:` and 64 digits of lower-case hex.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest(String);

/// A text that is not of the form of a [`Digest`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a digest is written `sha256:` and 64 digits of lower-case hex")]
pub struct DigestError;

impl Digest {
    /// Over bytes as they are.
    pub fn of(bytes: &[u8]) -> Self {
        let hex: String = Sha256::digest(bytes).iter().map(|octet| format!("{octet:02x}")).collect();
        Self(format!("{SCHEME}{hex}"))
    }

    /// Over the plan's canonical bytes.
    pub fn of_plan(plan: &Plan) -> Self {
        Self::of(&codec::encode(plan))
    }

    /// The 64 digits alone, e.g. for a file name.
    pub fn hex(&self) -> &str {
        self.0.strip_prefix(SCHEME).unwrap_or(&self.0)
    }

    /// The first twelve digits: enough for people to tell plans apart, never for a program.
    pub fn short(&self) -> &str {
        self.hex().get(..12).unwrap_or_default()
    }
}

impl FromStr for Digest {
    type Err = DigestError;

    fn from_str(text: &str) -> Result<Self, DigestError> {
        let hex = text.strip_prefix(SCHEME).ok_or(DigestError)?;
        let is_hex = hex.len() == 64 && hex.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if is_hex { Ok(Self(text.to_owned())) } else { Err(DigestError) }
    }
}

impl TryFrom<String> for Digest {
    type Error = DigestError;
    fn try_from(text: String) -> Result<Self, DigestError> {
        text.parse()
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> String {
        digest.0
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::example;

    #[test]
    fn a_digest_is_that_of_fips_180_4() {
        let digest = Digest::of(b"abc");
        assert_eq!(digest.to_string(), "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(digest.to_string().parse(), Ok(digest.clone()));
        assert_eq!(digest.short(), "ba7816bf8f01");
    }

    #[test]
    fn other_spellings_are_refused() {
        for bad in ["", "sha256:", "ba7816bf", "sha256:BA", &Digest::of(b"").to_string().to_uppercase()] {
            assert_eq!(bad.parse::<Digest>(), Err(DigestError), "{bad}");
        }
    }

    #[test]
    fn a_plan_that_differs_has_another_digest() {
        let mut other = example::full();
        other.limits.recipients_max += 1;
        assert_ne!(Digest::of_plan(&other), Digest::of_plan(&example::full()));
    }
}
