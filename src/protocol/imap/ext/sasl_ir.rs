//! SASL-IR (RFC 4959): AUTHENTICATE with the initial response on the same line.
//!
//! `authenticate = "AUTHENTICATE" SP auth-type [SP (base64 / "=")]`; `=` is an empty response.

use super::{Extension, When};
use crate::ground::secret::Secret;
use crate::protocol::imap::command::Command;
use crate::protocol::imap::token::{Cursor, Malformed, Parsed};
use crate::protocol::wire::base64_decode;

pub const ROW: Extension = Extension { capability: "SASL-IR", rfc: 4959, when: When::Always };

pub fn parse(cursor: &mut Cursor<'_>) -> Parsed<Command> {
    cursor.space()?;
    let mechanism = cursor.atom()?.to_ascii_uppercase();
    let initial = if cursor.eat(b' ') {
        let text = cursor.atom()?;
        let decoded = if text == "=" { Some(Vec::new()) } else { base64_decode(text.as_bytes()) };
        Some(Secret::new(decoded.ok_or(Malformed("the initial response is not base64"))?))
    } else {
        None
    };
    Ok(Command::Authenticate { mechanism, initial })
}
