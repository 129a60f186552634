//! Reply codes (RFC 5321 §4.2) and enhanced status codes (RFC 3463, registry of RFC 5248).

use std::fmt;

use serde::{Deserialize, Serialize};

/// `class.subject.detail` of RFC 3463 §2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Enhanced(pub u8, pub u16, pub u16);

impl fmt::Display for Enhanced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.0, self.1, self.2)
    }
}

/// A whole reply: code, enhanced code where one belongs, and text without line ends.
/// Several lines are separated by `\n` in `text`; the writer makes the multi-line form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reply {
    pub code: u16,
    pub enhanced: Option<Enhanced>,
    pub text: String,
}

impl Reply {
    pub fn new(code: u16, enhanced: Enhanced, text: impl Into<String>) -> Self {
        Self { code, enhanced: Some(enhanced), text: text.into() }
    }

    /// RFC 5321 §4.2.1: 4yz is transient.
    pub fn is_transient(&self) -> bool {
        (400..500).contains(&self.code)
    }

    /// RFC 5321 §4.2.1: 5yz is permanent.
    pub fn is_permanent(&self) -> bool {
        (500..600).contains(&self.code)
    }

    /// RFC 5321 §4.2.1: 2yz says done.
    pub fn is_positive(&self) -> bool {
        (200..300).contains(&self.code)
    }
}

impl fmt::Display for Reply {
    /// On one line, for logs and DSNs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.code)?;
        if let Some(enhanced) = self.enhanced {
            write!(f, " {enhanced}")?;
        }
        write!(f, " {}", self.text.replace('\n', " "))
    }
}
