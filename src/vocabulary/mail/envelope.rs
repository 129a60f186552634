//! The envelope: RFC 5321 §2.3.1, with the parameters of RFC 1870 (SIZE), RFC 6152 (8BITMIME) and
//! RFC 6531 (SMTPUTF8).

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Address;

/// The reverse-path of MAIL FROM. `Null` (`<>`) belongs to bounces: nothing may bounce to it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ReversePath {
    Address(Address),
    Null,
}

impl ReversePath {
    pub fn address(&self) -> Option<&Address> {
        match self {
            Self::Address(address) => Some(address),
            Self::Null => None,
        }
    }
}

impl fmt::Display for ReversePath {
    /// With its angle brackets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => write!(f, "<{address}>"),
            Self::Null => f.write_str("<>"),
        }
    }
}

/// RFC 6152 §3: what the sender says about the body's octets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum BodyType {
    #[default]
    SevenBit,
    EightBitMime,
}

/// One RCPT TO.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recipient {
    pub forward_path: Address,
}

/// Who a message is from and for, as SMTP carries it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope {
    pub reverse_path: ReversePath,
    pub recipients: Vec<Recipient>,
    pub body: BodyType,
    /// RFC 6531 §3.4: the SMTPUTF8 parameter was given.
    pub smtputf8: bool,
}
