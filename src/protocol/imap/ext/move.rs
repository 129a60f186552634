//! MOVE (RFC 6851): `move = "MOVE" SP sequence-set SP mailbox`, and UID MOVE.
//!
//! The messages leave the source in the transaction that puts them into the target. COPYUID comes in an untagged OK
//! before the EXPUNGE responses (RFC 6851 §4.3).

use super::{Extension, When};
use crate::protocol::imap::command::Command;
use crate::protocol::imap::token::{Cursor, Parsed};

pub const ROW: Extension = Extension { capability: "MOVE", rfc: 6851, when: When::Authenticated };

pub fn parse(cursor: &mut Cursor<'_>, uid: bool) -> Parsed<Command> {
    cursor.space()?;
    let set = cursor.sequence_set()?;
    cursor.space()?;
    Ok(Command::Move { uid, set, target: cursor.mailbox()? })
}
