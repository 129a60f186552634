//! ID (RFC 2971): the client's name and version for our log, ours for theirs.
//!
//! `id = "ID" SP ("(" [string SP nstring *(SP string SP nstring)] ")" / nil)`.

use super::{Extension, When};
use crate::protocol::imap::command::Command;
use crate::protocol::imap::token::{Cursor, Malformed, Parsed};

pub const ROW: Extension = Extension { capability: "ID", rfc: 2971, when: When::Always };

/// RFC 2971 §3.3: at most 30 pairs, names of 30 octets, values of 1024.
const PAIRS_MAX: usize = 30;
const NAME_OCTETS_MAX: usize = 30;
const VALUE_OCTETS_MAX: usize = 1024;

/// What we say of ourselves: the name, not the version, which would only serve attackers.
pub const RESPONSE: &[u8] = b"* ID (\"name\" \"mailctl\")\r\n";

pub fn parse(cursor: &mut Cursor<'_>) -> Parsed<Command> {
    cursor.space()?;
    let mut parameters = Vec::new();
    if cursor.eat_word("NIL") {
        return Ok(Command::Id { parameters });
    }
    cursor.expect(b'(', "NIL or a list was expected")?;
    while !cursor.eat(b')') {
        if !parameters.is_empty() {
            cursor.space()?;
        }
        let name = cursor.text()?;
        cursor.space()?;
        let value = cursor.ntext()?;
        let too_long = name.len() > NAME_OCTETS_MAX || value.as_ref().is_some_and(|v| v.len() > VALUE_OCTETS_MAX);
        if too_long || parameters.len() == PAIRS_MAX {
            return Err(Malformed("more than RFC 2971 allows"));
        }
        parameters.push((name, value));
    }
    Ok(Command::Id { parameters })
}
