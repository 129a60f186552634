//! From octets to commands: [`frame`] finds where a command and its literals end, the grammar of RFC 3501 §9
//! makes it a [`Command`].
//!
//! Invariants: nothing here recurses deeper than `IMAP_NESTING_MAX`; a command that does not parse is an error with its
//! tag, never a panic.

mod fetch;
pub mod frame;
mod search;

use crate::ground::secret::Secret;
use crate::protocol::imap::command::{Append, Command, FlagChange};
use crate::protocol::imap::ext::{enable, id, list_extended, list_status, r#move, sasl_ir};
use crate::protocol::imap::token::{Cursor, Malformed, Parsed};
use crate::vocabulary::mail::Flags;

/// A command with its tag.
#[derive(Debug, Clone, PartialEq)]
pub struct Tagged {
    pub tag: String,
    pub command: Command,
}

/// What could not be read, with the tag if there was one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    pub tag: Option<String>,
    pub why: Malformed,
}

/// Reads a whole command: no final line end, literals in place.
///
/// # Errors
/// If it does not follow the grammar.
pub fn command(octets: &[u8]) -> Result<Tagged, Unreadable> {
    let mut cursor = Cursor::new(octets);
    let tag = cursor.tag().map_err(|why| Unreadable { tag: None, why })?.to_owned();
    let parsed = cursor.space().and_then(|()| body(&mut cursor)).and_then(|command| cursor.end().map(|()| command));
    match parsed {
        Ok(command) => Ok(Tagged { tag, command }),
        Err(why) => Err(Unreadable { tag: Some(tag), why }),
    }
}

/// Reads APPEND up to where its message literal is announced. `None` if this is anything else, or if the literal
/// is the mailbox name.
pub fn append(octets: &[u8], literal_octets: u64) -> Option<Result<(String, Append), Unreadable>> {
    let mut cursor = Cursor::new(octets);
    let tag = cursor.tag().ok()?.to_owned();
    cursor.space().ok()?;
    if !cursor.eat_word("APPEND") || cursor.space().is_err() || cursor.is_at_end() {
        return None;
    }
    let mut arguments = || {
        let mailbox = cursor.mailbox()?;
        cursor.space()?;
        let mut append = Append { mailbox, flags: Flags::default(), internal_date: None, octets: literal_octets };
        if cursor.peek() == Some(b'(') {
            append.flags = cursor.flag_list()?;
            cursor.space()?;
        }
        if cursor.peek() == Some(b'"') {
            append.internal_date = Some(cursor.date_time()?);
            cursor.space()?;
        }
        cursor.end()?;
        Ok(append)
    };
    Some(match arguments() {
        Ok(append) => Ok((tag, append)),
        Err(why) => Err(Unreadable { tag: Some(tag), why }),
    })
}

fn body(cursor: &mut Cursor<'_>) -> Parsed<Command> {
    let name = cursor.word()?;
    let command = match name.as_str() {
        "CAPABILITY" => Command::Capability,
        "CHECK" => Command::Check,
        "CLOSE" => Command::Close,
        "EXPUNGE" => Command::Expunge { uids: None },
        "IDLE" => Command::Idle,
        "LOGOUT" => Command::Logout,
        "NAMESPACE" => Command::Namespace,
        "NOOP" => Command::Noop,
        "STARTTLS" => Command::StartTls,
        "UNSELECT" => Command::Unselect,
        "AUTHENTICATE" => sasl_ir::parse(cursor)?,
        "ENABLE" => enable::parse(cursor)?,
        "ID" => id::parse(cursor)?,
        "LIST" => list_extended::parse(cursor)?,
        "LOGIN" | "LSUB" | "GETQUOTA" | "GETQUOTAROOT" | "SETQUOTA" => texts(cursor, &name)?,
        "CREATE" | "DELETE" | "EXAMINE" | "RENAME" | "SELECT" | "STATUS" | "SUBSCRIBE" | "UNSUBSCRIBE" => {
            mailboxes(cursor, &name)?
        }
        "COPY" | "FETCH" | "MOVE" | "SEARCH" | "STORE" => messages(cursor, &name, false)?,
        "UID" => {
            cursor.space()?;
            let name = cursor.word()?;
            messages(cursor, &name, true)?
        }
        "APPEND" => return Err(Malformed("APPEND ends with a literal")),
        _ => return Err(Malformed("there is no such command")),
    };
    Ok(command)
}

/// Commands whose arguments are texts.
fn texts(cursor: &mut Cursor<'_>, name: &str) -> Parsed<Command> {
    cursor.space()?;
    Ok(match name {
        "LOGIN" => {
            let user = cursor.text()?;
            cursor.space()?;
            Command::Login { user, password: Secret::new(cursor.astring()?) }
        }
        "LSUB" => {
            let reference = cursor.reference()?;
            cursor.space()?;
            Command::Lsub { reference, pattern: cursor.pattern()? }
        }
        "GETQUOTA" => Command::GetQuota { root: cursor.text()? },
        "GETQUOTAROOT" => Command::GetQuotaRoot { mailbox: cursor.mailbox()? },
        _ => {
            // RFC 9208 §4.1.2: a root and a list; both are read for nothing.
            let _ = cursor.text()?;
            cursor.space()?;
            cursor.expect(b'(', "a list of limits was expected")?;
            while !cursor.eat(b')') {
                let _ = cursor.eat(b' ');
                cursor.atom()?;
            }
            Command::SetQuota
        }
    })
}

/// Commands whose first argument is a mailbox.
fn mailboxes(cursor: &mut Cursor<'_>, name: &str) -> Parsed<Command> {
    cursor.space()?;
    let mailbox = cursor.mailbox()?;
    Ok(match name {
        "CREATE" => Command::Create { mailbox },
        "DELETE" => Command::Delete { mailbox },
        "EXAMINE" => Command::Examine { mailbox },
        "RENAME" => {
            cursor.space()?;
            Command::Rename { from: mailbox, to: cursor.mailbox()? }
        }
        "SELECT" => Command::Select { mailbox },
        "STATUS" => {
            cursor.space()?;
            Command::Status { mailbox, items: list_status::items(cursor)? }
        }
        "SUBSCRIBE" => Command::Subscribe { mailbox },
        _ => Command::Unsubscribe { mailbox },
    })
}

/// Commands about messages of the selected mailbox, by sequence number or UID.
fn messages(cursor: &mut Cursor<'_>, name: &str, uid: bool) -> Parsed<Command> {
    if name == "SEARCH" {
        return Ok(Command::Search { uid, key: search::program(cursor)? });
    }
    if name == "MOVE" {
        return r#move::parse(cursor, uid);
    }
    let known = matches!(name, "COPY" | "FETCH" | "STORE") || (uid && name == "EXPUNGE");
    if !known {
        return Err(Malformed("there is no such command"));
    }
    cursor.space()?;
    let set = cursor.sequence_set()?;
    Ok(match name {
        // RFC 4315 §2.1.
        "EXPUNGE" => Command::Expunge { uids: Some(set) },
        "COPY" => {
            cursor.space()?;
            Command::Copy { uid, set, target: cursor.mailbox()? }
        }
        "FETCH" => {
            cursor.space()?;
            Command::Fetch { uid, set, items: fetch::items(cursor)? }
        }
        _ => {
            cursor.space()?;
            store(cursor, uid, set)?
        }
    })
}

/// `store-att-flags`.
fn store(cursor: &mut Cursor<'_>, uid: bool, set: crate::protocol::imap::sequence::SequenceSet) -> Parsed<Command> {
    let sign = if cursor.eat(b'+') {
        b'+'
    } else if cursor.eat(b'-') {
        b'-'
    } else {
        b'='
    };
    let silent = match cursor.word()?.as_str() {
        "FLAGS" => false,
        "FLAGS.SILENT" => true,
        _ => return Err(Malformed("FLAGS or FLAGS.SILENT was expected")),
    };
    cursor.space()?;
    let flags = if cursor.peek() == Some(b'(') {
        cursor.flag_list()?
    } else {
        let mut flags = Flags::default();
        cursor.flag(&mut flags)?;
        while cursor.eat(b' ') {
            cursor.flag(&mut flags)?;
        }
        flags
    };
    let change = match sign {
        b'+' => FlagChange::Add(flags),
        b'-' => FlagChange::Remove(flags),
        _ => FlagChange::Replace(flags),
    };
    Ok(Command::Store { uid, set, change, silent })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_malformed_command_keeps_its_tag() {
        for (line, tag) in [
            ("", None),
            ("+ NOOP", None),
            (" NOOP", None),
            ("a", Some("a")),
            ("a BOGUS", Some("a")),
            ("a NOOP x", Some("a")),
            ("a NOOP ", Some("a")),
            ("a FETCH 1", Some("a")),
            ("a UID NOOP", Some("a")),
            ("a UID SELECT x", Some("a")),
            ("a LOGIN x", Some("a")),
            ("a APPEND INBOX x", Some("a")),
        ] {
            assert_eq!(command(line.as_bytes()).unwrap_err().tag.as_deref(), tag, "{line}");
        }
    }

    #[test]
    fn append_is_recognised_at_its_message_only() {
        assert!(append(b"a APPEND ", 5).is_none());
        assert!(append(b"a LOGIN ", 5).is_none());
        let (tag, parsed) = append(b"a append Sent (\\Seen) \" 7-Feb-1994 21:52:25 +0000\" ", 5).unwrap().unwrap();
        assert_eq!((tag.as_str(), parsed.mailbox.as_str(), parsed.octets), ("a", "Sent", 5));
        assert_eq!(parsed.internal_date.map(|t| t.0), Some(760_657_945_000));
        assert!(append(b"a APPEND {4}\r\nSent ", 5).unwrap().is_ok());
        assert!(append(b"a APPEND Sent(", 5).unwrap().is_err());
    }

    #[test]
    fn names_of_commands_have_no_case() {
        assert_eq!(command(b"x uid expunge 1:2").map(|t| t.command), command(b"x UID EXPUNGE 1:2").map(|t| t.command));
    }
}
