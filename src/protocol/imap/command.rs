//! What a client can say, as data (RFC 3501 §6, §9). The grammar is in `parse`; nothing here knows bytes on a wire.

use crate::ground::clock::Timestamp;
use crate::ground::secret::Secret;
use crate::protocol::imap::message::section::{Partial, Section};
use crate::protocol::imap::search::Key;
use crate::protocol::imap::sequence::SequenceSet;
use crate::vocabulary::mail::Flags;

/// A mailbox name in UTF-8, hierarchy separator `/`. The name INBOX, in any case, is `INBOX`
/// (RFC 3501 §5.1); never empty, no control characters, at most `limits::MAILBOX_NAME_OCTETS_MAX` octets.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MailboxName(pub(super) String);

/// RFC 3501 §7.2.2: the one hierarchy separator.
pub const SEPARATOR: char = '/';

impl MailboxName {
    /// From UTF-8. `None` if it cannot name a mailbox: empty, too long, a control character.
    pub fn new(text: &str) -> Option<Self> {
        let fits = (1..=crate::ground::limits::MAILBOX_NAME_OCTETS_MAX).contains(&text.len());
        if !fits || text.chars().any(char::is_control) {
            return None;
        }
        Some(Self(canonical_inbox(text)))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn is_inbox(&self) -> bool {
        self.0 == "INBOX"
    }
}

/// `inbox` and `inbox/x` become `INBOX` and `INBOX/x`; any other name stays.
pub(super) fn canonical_inbox(text: &str) -> String {
    match text.get(..5) {
        Some(head) if head.eq_ignore_ascii_case("INBOX") && (text.len() == 5 || text[5..].starts_with(SEPARATOR)) => {
            format!("INBOX{}", &text[5..])
        }
        _ => text.to_owned(),
    }
}

#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    Append(Append),
    Authenticate {
        mechanism: String,
        initial: Option<Secret>,
    },
    Capability,
    Check,
    Close,
    Copy {
        uid: bool,
        set: SequenceSet,
        target: MailboxName,
    },
    Create {
        mailbox: MailboxName,
    },
    Delete {
        mailbox: MailboxName,
    },
    Enable {
        capabilities: Vec<String>,
    },
    Examine {
        mailbox: MailboxName,
    },
    /// UID EXPUNGE has the set (RFC 4315 §2.1).
    Expunge {
        uids: Option<SequenceSet>,
    },
    Fetch {
        uid: bool,
        set: SequenceSet,
        items: Vec<FetchItem>,
    },
    GetQuota {
        root: String,
    },
    GetQuotaRoot {
        mailbox: MailboxName,
    },
    Id {
        parameters: Vec<(String, Option<String>)>,
    },
    Idle,
    List(List),
    Login {
        user: String,
        password: Secret,
    },
    Logout,
    Lsub {
        reference: String,
        pattern: String,
    },
    Move {
        uid: bool,
        set: SequenceSet,
        target: MailboxName,
    },
    Namespace,
    Noop,
    Rename {
        from: MailboxName,
        to: MailboxName,
    },
    /// `Err` says that the charset is not ours (RFC 3501 §6.4.4, BADCHARSET).
    Search {
        uid: bool,
        key: Result<Key, UnknownCharset>,
    },
    Select {
        mailbox: MailboxName,
    },
    SetQuota,
    StartTls,
    Status {
        mailbox: MailboxName,
        items: Vec<StatusItem>,
    },
    Store {
        uid: bool,
        set: SequenceSet,
        change: FlagChange,
        silent: bool,
    },
    Subscribe {
        mailbox: MailboxName,
    },
    Unselect,
    Unsubscribe {
        mailbox: MailboxName,
    },
}

/// SEARCH was given a charset other than UTF-8 and US-ASCII.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnknownCharset;

/// APPEND up to its message literal, of which only the length is known yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Append {
    pub mailbox: MailboxName,
    pub flags: Flags,
    pub internal_date: Option<Timestamp>,
    pub octets: u64,
}

/// LIST, extended or not (RFC 5258 §3). The basic form has one pattern and no options.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct List {
    pub selection: ListSelection,
    pub reference: String,
    pub patterns: Vec<String>,
    pub returning: ListReturn,
    /// Some extended syntax was used. The basic form answers an empty pattern with the separator.
    pub extended: bool,
}

/// RFC 5258 §3.1, RFC 6154 §2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ListSelection {
    pub subscribed: bool,
    pub recursive_match: bool,
    pub special_use: bool,
}

/// RFC 5258 §3.2, RFC 5819 §2, RFC 6154 §2.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ListReturn {
    pub subscribed: bool,
    pub special_use: bool,
    pub status: Vec<StatusItem>,
}

/// RFC 3501 §6.3.10.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StatusItem {
    Messages,
    Recent,
    UidNext,
    UidValidity,
    Unseen,
}

/// RFC 3501 §6.4.5.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum FetchItem {
    /// `BODY`: the structure without extension data.
    Body,
    /// `BODY[section]<partial>`, `BODY.PEEK[...]`.
    BodySection {
        section: Section,
        partial: Option<Partial>,
        peek: bool,
    },
    BodyStructure,
    Envelope,
    Flags,
    InternalDate,
    Rfc822,
    Rfc822Header,
    Rfc822Size,
    Rfc822Text,
    Uid,
}

impl FetchItem {
    /// RFC 3501 §6.4.5: fetching this sets `\Seen`.
    pub fn sets_seen(&self) -> bool {
        matches!(self, Self::BodySection { peek: false, .. } | Self::Rfc822 | Self::Rfc822Text)
    }
}

/// STORE's operation (RFC 3501 §6.4.6).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FlagChange {
    Add(Flags),
    Remove(Flags),
    Replace(Flags),
}
