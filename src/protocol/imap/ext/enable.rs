//! ENABLE (RFC 5161).
//!
//! `enable = "ENABLE" 1*(SP capability)`. Nothing of ours needs enabling yet, so that the response names nothing;
//! unknown names are ignored (RFC 5161 §3.1).

use super::{Extension, When};
use crate::protocol::imap::command::Command;
use crate::protocol::imap::token::{Cursor, Parsed};

pub const ROW: Extension = Extension { capability: "ENABLE", rfc: 5161, when: When::Always };

pub fn parse(cursor: &mut Cursor<'_>) -> Parsed<Command> {
    let mut capabilities = Vec::new();
    loop {
        cursor.space()?;
        capabilities.push(cursor.atom()?.to_ascii_uppercase());
        if cursor.is_at_end() {
            return Ok(Command::Enable { capabilities });
        }
    }
}
