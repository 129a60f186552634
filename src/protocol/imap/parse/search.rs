//! SEARCH's keys (RFC 3501 §6.4.4, §9 `search`).

use crate::ground::limits::IMAP_NESTING_MAX;
use crate::protocol::imap::command::UnknownCharset;
use crate::protocol::imap::search::Key;
use crate::protocol::imap::token::{Cursor, Malformed, Parsed};
use crate::vocabulary::mail::SystemFlag;

/// Keys of one search: each may read every message.
const SEARCH_KEYS_MAX: usize = 200;

/// Behind `SEARCH`: `[SP "CHARSET" SP astring] 1*(SP search-key)`.
pub fn program(cursor: &mut Cursor<'_>) -> Parsed<Result<Key, UnknownCharset>> {
    cursor.space()?;
    let mut known = true;
    if cursor.eat_word("CHARSET") {
        cursor.space()?;
        let charset = cursor.text()?;
        known = ["UTF-8", "US-ASCII"].iter().any(|c| charset.eq_ignore_ascii_case(c));
        cursor.space()?;
    }
    let mut left = SEARCH_KEYS_MAX;
    let key = keys(cursor, 0, &mut left)?;
    Ok(if known { Ok(key) } else { Err(UnknownCharset) })
}

/// `left` counts down the keys that may still come.
fn keys(cursor: &mut Cursor<'_>, depth: usize, left: &mut usize) -> Parsed<Key> {
    let mut all = vec![key(cursor, depth, left)?];
    while cursor.eat(b' ') {
        all.push(key(cursor, depth, left)?);
    }
    Ok(match all.pop() {
        Some(only) if all.is_empty() => only,
        last => Key::And(all.into_iter().chain(last).collect()),
    })
}

fn key(cursor: &mut Cursor<'_>, depth: usize, left: &mut usize) -> Parsed<Key> {
    if depth >= IMAP_NESTING_MAX {
        return Err(Malformed("the search is nested too deeply"));
    }
    *left = left.checked_sub(1).ok_or(Malformed("the search has too many keys"))?;
    match cursor.peek() {
        Some(b'(') => {
            cursor.expect(b'(', "( was expected")?;
            let inner = keys(cursor, depth + 1, left)?;
            cursor.expect(b')', ") was expected")?;
            return Ok(inner);
        }
        Some(b'0'..=b'9' | b'*') => return Ok(Key::Sequence(cursor.sequence_set()?)),
        _ => {}
    }
    let name = cursor.word()?;
    if let Some(key) = plain(&name) {
        return Ok(key);
    }
    cursor.space()?;
    Ok(match name.as_str() {
        "NOT" => Key::Not(Box::new(key(cursor, depth + 1, left)?)),
        "OR" => {
            let first = key(cursor, depth + 1, left)?;
            cursor.space()?;
            Key::Or(Box::new(first), Box::new(key(cursor, depth + 1, left)?))
        }
        "UID" => Key::UidSequence(cursor.sequence_set()?),
        "LARGER" => Key::Larger(cursor.number()?),
        "SMALLER" => Key::Smaller(cursor.number()?),
        "KEYWORD" => Key::Keyword(cursor.atom()?.to_owned()),
        "UNKEYWORD" => not(Key::Keyword(cursor.atom()?.to_owned())),
        "BEFORE" => Key::Before(cursor.date()?),
        "ON" => Key::On(cursor.date()?),
        "SINCE" => Key::Since(cursor.date()?),
        "SENTBEFORE" => Key::SentBefore(cursor.date()?),
        "SENTON" => Key::SentOn(cursor.date()?),
        "SENTSINCE" => Key::SentSince(cursor.date()?),
        "HEADER" => {
            let name = cursor.text()?;
            cursor.space()?;
            Key::Header(name, cursor.text()?)
        }
        "BCC" => Key::Bcc(cursor.text()?),
        "BODY" => Key::Body(cursor.text()?),
        "CC" => Key::Cc(cursor.text()?),
        "FROM" => Key::From(cursor.text()?),
        "SUBJECT" => Key::Subject(cursor.text()?),
        "TEXT" => Key::Text(cursor.text()?),
        "TO" => Key::To(cursor.text()?),
        _ => return Err(Malformed("there is no such search key")),
    })
}

fn not(key: Key) -> Key {
    Key::Not(Box::new(key))
}

/// Keys without arguments.
fn plain(name: &str) -> Option<Key> {
    use SystemFlag::{Answered, Deleted, Draft, Flagged, Seen};
    Some(match name {
        "ALL" => Key::All,
        "ANSWERED" => Key::Flag(Answered),
        "DELETED" => Key::Flag(Deleted),
        "DRAFT" => Key::Flag(Draft),
        "FLAGGED" => Key::Flag(Flagged),
        "SEEN" => Key::Flag(Seen),
        "UNANSWERED" => not(Key::Flag(Answered)),
        "UNDELETED" => not(Key::Flag(Deleted)),
        "UNDRAFT" => not(Key::Flag(Draft)),
        "UNFLAGGED" => not(Key::Flag(Flagged)),
        "UNSEEN" => not(Key::Flag(Seen)),
        "RECENT" => Key::Recent(true),
        "OLD" => Key::Recent(false),
        // RFC 3501 §6.4.4: NEW is RECENT UNSEEN.
        "NEW" => Key::And(vec![Key::Recent(true), not(Key::Flag(Seen))]),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Parsed<Result<Key, UnknownCharset>> {
        let mut cursor = Cursor::new(text.as_bytes());
        let key = program(&mut cursor)?;
        cursor.end().map(|()| key)
    }

    #[test]
    fn rfc3501_6_4_4_keys() {
        let key = read(" FLAGGED SINCE 1-Feb-1994 NOT FROM \"Smith\"").unwrap().unwrap();
        assert!(matches!(&key, Key::And(keys) if keys.len() == 3));
        assert!(matches!(read(" OR (1:2 SEEN) UID 4:*").unwrap().unwrap(), Key::Or(..)));
        assert_eq!(read(" CHARSET KOI8-R TEXT x").unwrap(), Err(UnknownCharset));
        for bad in ["", " ", " BOGUS", " OR SEEN", " NOT", " (SEEN", " SINCE x", " SEEN "] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn nesting_is_bounded() {
        let deep = |n: usize| format!(" {}SEEN", "NOT ".repeat(n));
        assert!(read(&deep(IMAP_NESTING_MAX - 1)).is_ok());
        assert!(read(&deep(IMAP_NESTING_MAX)).is_err());
        assert!(read(&format!(" {}", "(".repeat(60_000))).is_err());
        assert!(read(&" SEEN".repeat(SEARCH_KEYS_MAX)).is_ok());
        assert!(read(&" SEEN".repeat(SEARCH_KEYS_MAX + 1)).is_err());
    }
}
