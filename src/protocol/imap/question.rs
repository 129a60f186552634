//! What a session asks of the server, and what it is told.
//!
//! Mailboxes are named by what the client said until one is selected; from then on by the store's id.
//! Lists are bounded: by `limits::MAILBOXES_MAX`, by the batch asked for, or at a few octets for each message.

use std::collections::BTreeSet;

use crate::ground::clock::Timestamp;
use crate::protocol::imap::command::{FlagChange, MailboxName};
use crate::protocol::imap::message::Mime;
use crate::protocol::imap::message::section::FetchDepth;
use crate::protocol::imap::search::Key;
use crate::protocol::imap::sequence::NumberSet;
use crate::protocol::{ContentRef, sasl};
use crate::vocabulary::mail::{Flags, SpecialUse};

/// A question. The comment names the answer; [`Answer::No`] may always come instead.
#[derive(Debug)]
pub enum Ask {
    /// A message of `octets` wants into `mailbox`: is there such a mailbox, is there room? Then `Done`, and the message's
    /// octets follow through `Outputs::body`, exactly that many.
    AppendBegin { mailbox: MailboxName, octets: u64 },
    /// All octets were handed over: make it durable. `Appended`.
    AppendFinish { mailbox: MailboxName, flags: Flags, internal_date: Option<Timestamp> },
    /// The begun message is not wanted after all. `Done`. A connection that ends without it means the same.
    AppendDiscard,
    /// In one transaction: all of them or none (RFC 3501 §6.4.7). `removing` takes them out of `mailbox` as MOVE does. `Copied`.
    Copy { mailbox: i64, uids: Vec<u32>, target: MailboxName, removing: bool },
    /// With missing parents. `Done`.
    Create { mailbox: MailboxName },
    /// `Done`.
    Delete { mailbox: MailboxName },
    /// Removes messages with `\Deleted`, among `uids` or all. `Expunged`.
    Expunge { mailbox: i64, uids: Option<Vec<u32>> },
    /// Rows of these UIDs in this order, for as long a prefix as memory allows, at least one. `Fetched`.
    Fetch(FetchAsk),
    /// RFC 2971 parameters, for the log. `Done`.
    Id { parameters: Vec<(String, Option<String>)> },
    /// Every mailbox of the account, sorted by name. `Mailboxes`.
    Mailboxes,
    /// `Quota`.
    Quota,
    /// A step of a login (LOGIN goes as PLAIN). `Sasl`; never `No`.
    Sasl(sasl::Question),
    /// With the children; INBOX as RFC 3501 §6.3.5 describes. `Done`.
    Rename { from: MailboxName, to: MailboxName },
    /// `Found`, in ascending order. The key holds no sequence numbers any more.
    Search { mailbox: i64, key: Key },
    /// `Selected`.
    Select { mailbox: MailboxName },
    /// `Mailbox`.
    Status { mailbox: MailboxName },
    /// In one transaction. `Stored`: those that exist, with their flags now.
    Store { mailbox: i64, uids: Vec<u32>, change: FlagChange },
    /// `Done`.
    Subscribe { mailbox: MailboxName, subscribed: bool },
    /// What happened since `since` (a modification sequence). `Synced`.
    Sync { mailbox: i64, since: u64 },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchAsk {
    pub mailbox: i64,
    /// At most `session::FETCH_BATCH_MAX`.
    pub uids: Vec<u32>,
    pub depth: FetchDepth,
    /// Octets of the messages are going to be spliced into the wire.
    pub octets: bool,
    /// Set `\Seen` where it is not, before the rows are read.
    pub seen: bool,
}

#[derive(Debug)]
pub enum Answer {
    Appended { uidvalidity: u32, uid: u32 },
    Copied(Copied),
    Done,
    Expunged { uids: Vec<u32> },
    Fetched(Fetched),
    Found { uids: Vec<u32> },
    Mailbox(Listed),
    Mailboxes(Vec<Listed>),
    No(Refusal),
    Quota(Quota),
    Sasl(sasl::Answer),
    Selected(Selected),
    Stored(Stored),
    Synced(Synced),
}

/// A mailbox with what LIST and STATUS tell of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    pub name: String,
    pub special_use: Option<SpecialUse>,
    pub subscribed: bool,
    pub messages: u32,
    pub unseen: u32,
    pub uidnext: u32,
    pub uidvalidity: u32,
}

/// A mailbox at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selected {
    pub mailbox: i64,
    pub uidvalidity: u32,
    pub uidnext: u32,
    pub modseq: u64,
    /// Ascending.
    pub uids: Vec<u32>,
    /// The first without `\Seen`.
    pub first_unseen: Option<u32>,
    /// Keywords in use, at most `limits::KEYWORDS_MAX` are shown.
    pub keywords: BTreeSet<String>,
}

/// UIDs in the source and in the target, pair by pair, source ascending. Empty if no message was there.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Copied {
    pub uidvalidity: u32,
    pub pairs: Vec<(u32, u32)>,
}

#[derive(Debug)]
pub struct Fetched {
    /// How many of the UIDs asked for are dealt with, those that are gone included. At least one.
    pub done: usize,
    pub rows: Vec<Row>,
}

/// One message.
#[derive(Debug)]
pub struct Row {
    pub uid: u32,
    pub flags: Flags,
    /// `\Seen` was set just now by this FETCH, at this modification sequence.
    pub seen_at: Option<u64>,
    pub internal_date: Timestamp,
    pub octets: u64,
    pub content: ContentRef,
    /// As deep as was asked for; `None` for [`FetchDepth::Row`].
    pub mime: Option<Mime>,
}

/// A message's flags.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlagsNow {
    pub uid: u32,
    pub flags: Flags,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Stored {
    pub messages: Vec<FlagsNow>,
    /// The modification sequence that this change made, if anything was changed.
    pub modseq: Option<u64>,
}

/// What happened in a mailbox; at most a row for each message of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Synced {
    /// Everything up to here is in this answer.
    pub modseq: u64,
    /// Messages that are new, or whose flags changed; ascending.
    pub messages: Vec<FlagsNow>,
    /// May name messages that the session never knew.
    pub vanished: NumberSet,
    /// The store does not remember so far back: these are all messages now, ascending, and the rest vanished.
    pub all: Option<Vec<u32>>,
    /// The mailbox was deleted.
    pub gone: bool,
}

/// Usage and limits of the account (RFC 9208 §5.1): octets, not units of 1024.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    pub used_octets: u64,
    /// `None`: no limit.
    pub limit_octets: Option<u64>,
}

/// Why not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    pub code: Option<RefusalCode>,
    /// For the person, without line ends.
    pub text: &'static str,
}

/// RFC 5530 §3, RFC 3501 §7.1, RFC 9208 §4.3, RFC 7889 §4, RFC 9051 §7.1 (HASCHILDREN).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefusalCode {
    AlreadyExists,
    AuthenticationFailed,
    AuthorizationFailed,
    Cannot,
    ClientBug,
    HasChildren,
    InUse,
    Limit,
    NonExistent,
    NoPerm,
    OverQuota,
    PrivacyRequired,
    ServerBug,
    TooBig,
    TryCreate,
    Unavailable,
}

impl RefusalCode {
    /// As it stands between brackets.
    pub fn name(self) -> &'static str {
        match self {
            Self::AlreadyExists => "ALREADYEXISTS",
            Self::AuthenticationFailed => "AUTHENTICATIONFAILED",
            Self::AuthorizationFailed => "AUTHORIZATIONFAILED",
            Self::Cannot => "CANNOT",
            Self::ClientBug => "CLIENTBUG",
            Self::HasChildren => "HASCHILDREN",
            Self::InUse => "INUSE",
            Self::Limit => "LIMIT",
            Self::NonExistent => "NONEXISTENT",
            Self::NoPerm => "NOPERM",
            Self::OverQuota => "OVERQUOTA",
            Self::PrivacyRequired => "PRIVACYREQUIRED",
            Self::ServerBug => "SERVERBUG",
            Self::TooBig => "TOOBIG",
            Self::TryCreate => "TRYCREATE",
            Self::Unavailable => "UNAVAILABLE",
        }
    }
}
