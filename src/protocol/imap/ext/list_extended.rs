//! LIST-EXTENDED (RFC 5258): selection options, several patterns, return options.
//!
//! `list = "LIST" [SP "(" [options] ")"] SP mailbox SP mbox-or-pat [SP "RETURN" SP "(" [options] ")"]`.
//!
//! REMOTE is accepted and changes nothing: there are no remote mailboxes. An unknown option is an error, as
//! RFC 5258 §3 demands.

use super::{Extension, When, list_status};
use crate::protocol::imap::command::{Command, List, ListReturn, ListSelection};
use crate::protocol::imap::token::{Cursor, Malformed, Parsed};

pub const ROW: Extension = Extension { capability: "LIST-EXTENDED", rfc: 5258, when: When::Authenticated };

/// Patterns of one LIST.
const PATTERNS_MAX: usize = 8;

pub fn parse(cursor: &mut Cursor<'_>) -> Parsed<Command> {
    let mut list = List::default();
    cursor.space()?;
    if cursor.eat(b'(') {
        list.extended = true;
        list.selection = selection(cursor)?;
        cursor.space()?;
    }
    list.reference = cursor.reference()?;
    cursor.space()?;
    if cursor.eat(b'(') {
        list.extended = true;
        loop {
            list.patterns.push(cursor.pattern()?);
            if cursor.eat(b')') {
                break;
            }
            cursor.space()?;
            if list.patterns.len() == PATTERNS_MAX {
                return Err(Malformed("too many patterns"));
            }
        }
    } else {
        list.patterns.push(cursor.pattern()?);
    }
    if cursor.eat(b' ') {
        if !cursor.eat_word("RETURN") {
            return Err(Malformed("RETURN was expected"));
        }
        list.extended = true;
        cursor.space()?;
        list.returning = returning(cursor)?;
    }
    Ok(Command::List(list))
}

/// Behind the parenthesis.
fn selection(cursor: &mut Cursor<'_>) -> Parsed<ListSelection> {
    let mut selection = ListSelection::default();
    while !cursor.eat(b')') {
        let _ = cursor.eat(b' ');
        match cursor.word()?.as_str() {
            "SUBSCRIBED" => selection.subscribed = true,
            "RECURSIVEMATCH" => selection.recursive_match = true,
            "SPECIAL-USE" => selection.special_use = true,
            "REMOTE" => {}
            _ => return Err(Malformed("there is no such selection option")),
        }
    }
    // RFC 5258 §3.1: RECURSIVEMATCH needs another option to recur on.
    if selection.recursive_match && !selection.subscribed && !selection.special_use {
        return Err(Malformed("RECURSIVEMATCH cannot stand alone"));
    }
    Ok(selection)
}

fn returning(cursor: &mut Cursor<'_>) -> Parsed<ListReturn> {
    let mut returning = ListReturn::default();
    cursor.expect(b'(', "a list of return options was expected")?;
    while !cursor.eat(b')') {
        let _ = cursor.eat(b' ');
        match cursor.word()?.as_str() {
            "SUBSCRIBED" => returning.subscribed = true,
            // RFC 5258 §4: always returned.
            "CHILDREN" => {}
            "SPECIAL-USE" => returning.special_use = true,
            "STATUS" => {
                cursor.space()?;
                returning.status = list_status::items(cursor)?;
            }
            _ => return Err(Malformed("there is no such return option")),
        }
    }
    Ok(returning)
}
