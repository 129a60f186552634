//! Message flags (RFC 9051 §2.3.2) and special-use attributes (RFC 6154 §2).

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// A system flag. `\Recent` is no flag of a message but of a session, so it is not here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum SystemFlag {
    Answered = 1,
    Deleted = 2,
    Draft = 4,
    Flagged = 8,
    Seen = 16,
}

impl SystemFlag {
    pub const ALL: [Self; 5] = [Self::Answered, Self::Deleted, Self::Draft, Self::Flagged, Self::Seen];

    /// As IMAP writes it, e.g. `\Seen`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Answered => "\\Answered",
            Self::Deleted => "\\Deleted",
            Self::Draft => "\\Draft",
            Self::Flagged => "\\Flagged",
            Self::Seen => "\\Seen",
        }
    }
}

/// The flags of one message: system flags as a bit set, keywords as text. Keywords compare without
/// case (RFC 9051 §2.3.2) and keep the spelling of whoever set them first.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Flags {
    /// Bits of [`SystemFlag`]; the store's column holds the same number.
    pub system: u8,
    pub keywords: BTreeSet<String>,
}

impl Flags {
    pub fn contains(&self, flag: SystemFlag) -> bool {
        self.system & flag as u8 != 0
    }

    pub fn insert(&mut self, flag: SystemFlag) {
        self.system |= flag as u8;
    }

    pub fn remove(&mut self, flag: SystemFlag) {
        self.system &= !(flag as u8);
    }
}

impl From<SystemFlag> for Flags {
    fn from(flag: SystemFlag) -> Self {
        Self { system: flag as u8, keywords: BTreeSet::new() }
    }
}

/// RFC 6154 §2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SpecialUse {
    All,
    Archive,
    Drafts,
    Flagged,
    Junk,
    Sent,
    Trash,
}

impl SpecialUse {
    /// The LIST attribute, e.g. `\Sent`.
    pub fn attribute(self) -> &'static str {
        match self {
            Self::All => "\\All",
            Self::Archive => "\\Archive",
            Self::Drafts => "\\Drafts",
            Self::Flagged => "\\Flagged",
            Self::Junk => "\\Junk",
            Self::Sent => "\\Sent",
            Self::Trash => "\\Trash",
        }
    }

    /// The mailboxes that every account is born with, besides INBOX.
    pub const DEFAULT_MAILBOXES: [(&'static str, Self); 5] = [
        ("Archive", Self::Archive),
        ("Drafts", Self::Drafts),
        ("Junk", Self::Junk),
        ("Sent", Self::Sent),
        ("Trash", Self::Trash),
    ];
}
