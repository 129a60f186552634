//! The store's errors in IMAP's words (RFC 5530).

use crate::protocol::imap::question::{Refusal, RefusalCode};
use crate::state::store::StoreError;

/// What the client is told. Failures of our own are logged, since nobody else would hear of them.
pub fn refusal(error: &StoreError) -> Refusal {
    let (code, text) = match error {
        StoreError::Exists => (RefusalCode::AlreadyExists, "a mailbox of that name exists"),
        StoreError::HasChildren => (RefusalCode::HasChildren, "the mailbox has children; delete them first"),
        StoreError::Inbox => (RefusalCode::Cannot, "INBOX cannot be deleted or replaced"),
        StoreError::Limit { .. } => (RefusalCode::Limit, "that is more than this server keeps"),
        StoreError::Name(_) => (RefusalCode::Cannot, "a mailbox cannot have that name"),
        StoreError::NoAccount | StoreError::NoMailbox => (RefusalCode::NonExistent, "there is no such mailbox"),
        StoreError::OverQuota => (RefusalCode::OverQuota, "the account is over its quota"),
        _ => {
            tracing::error!(%error, "an IMAP command failed");
            (RefusalCode::Unavailable, "the server cannot do that now; try again later")
        }
    };
    Refusal { code: Some(code), text }
}

/// For APPEND, COPY and MOVE: a missing mailbox could be created (RFC 3501 §7.1 TRYCREATE).
pub fn refusal_of_target(error: StoreError) -> Refusal {
    match error {
        StoreError::NoMailbox => {
            Refusal { code: Some(RefusalCode::TryCreate), text: "there is no such mailbox; create it first" }
        }
        error => refusal(&error),
    }
}

/// A question of a user from a session that has none.
pub fn lost_login() -> Refusal {
    Refusal { code: Some(RefusalCode::ServerBug), text: "the login was lost" }
}
