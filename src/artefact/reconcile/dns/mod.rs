//! The wanted records against what name servers have: what to add, what to take away, what is not ours.
//!
//! [`ownership`] tells our records from others', [`difference`] what is to do, [`review`] says it to people.
//! [`sight`] is what was seen of us from outside, [`judge`] what is wrong with it.
//!
//! Standards: RFC 2136 (the changes), RFC 2181 §5 and §10.1 (sets, aliases). Values only; whoever holds sockets asks and
//! pushes.

pub mod difference;
pub mod judge;
pub mod ownership;
pub mod review;
pub mod sight;

use crate::plan::document::DnsData;

/// A whole record set as it is to be: everything else of that name and type goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetChange {
    /// Absolute, without the final dot.
    pub name: String,
    /// The type's mnemonic.
    pub kind: &'static str,
    pub ttl_seconds: u32,
    /// Empty: the set is deleted.
    pub data: Vec<DnsData>,
}

/// One record as a name server has it: its octets (uncompressed) and, for the types that we know, its meaning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundRecord {
    pub data: Option<DnsData>,
    pub octets: Vec<u8>,
}

/// Records of one set that come and go; the others of that set stay as they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordChange {
    pub name: String,
    pub kind: String,
    pub ttl_seconds: u32,
    pub add: Vec<DnsData>,
    /// As they were found: text that is split differently is another record (RFC 2136 §3.4.2.4 compares octets).
    pub remove: Vec<FoundRecord>,
}

/// What must still hold when a change arrives (RFC 2136 §2.4), so that two who push at once do not mix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expectation {
    /// No such set is there.
    Absent { name: String, kind: String },
    /// The set is exactly this.
    Exactly { name: String, kind: String, records: Vec<FoundRecord> },
}

/// A record set as one server has it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RrSet {
    /// How long it may be remembered; of an empty set, how long its absence may be (RFC 2308 §5).
    pub ttl_seconds: u32,
    /// Of the types that the plan knows.
    pub data: Vec<DnsData>,
    /// All records, as they are.
    pub records: Vec<FoundRecord>,
    /// The name is an alias of this one; the records are not followed there.
    pub alias: Option<String>,
    /// RFC 2308 §2.1: the name does not exist at all.
    pub name_exists: bool,
    /// When the last of the set's signatures ends, in seconds since the epoch. `None`: not signed.
    pub signed_until: Option<u32>,
}

/// Why a server gave no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AuthorityError {
    #[error("answered {0}")]
    Code(String),
    #[error("does not hold the zone (its answers are not authoritative)")]
    Lame,
    #[error("did not answer in time")]
    TimedOut,
    #[error("cannot be reached: {0}")]
    Unreachable(String),
}
