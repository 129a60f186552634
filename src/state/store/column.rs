//! How flags stand in their columns: system flags as the bits of `Flags::system`, keywords sorted and
//! separated by spaces, which no keyword can contain; NULL means none.

use rusqlite::Row;

use super::StoreError;
use crate::ground::limits;
use crate::vocabulary::mail::Flags;

/// Refuses flags that the column cannot hold or that are too many.
pub(super) fn check(flags: &Flags) -> Result<(), StoreError> {
    if flags.keywords.len() > limits::KEYWORDS_MAX {
        return Err(StoreError::Limit { what: "keywords on one message", max: limits::KEYWORDS_MAX });
    }
    // RFC 9051 §9: a keyword is an atom, so none is empty and none holds a space.
    let fits = |k: &String| !k.is_empty() && k.len() <= limits::KEYWORD_OCTETS_MAX && !k.contains(char::is_whitespace);
    if flags.keywords.iter().all(fits) {
        Ok(())
    } else {
        Err(StoreError::Limit { what: "octets in a keyword, or a space in it", max: limits::KEYWORD_OCTETS_MAX })
    }
}

pub(super) fn keywords(flags: &Flags) -> Option<String> {
    if flags.keywords.is_empty() {
        return None;
    }
    Some(flags.keywords.iter().map(String::as_str).collect::<Vec<_>>().join(" "))
}

/// The flags of a row whose columns `at` and `at + 1` are the system flags and the keywords.
pub(super) fn flags(row: &Row<'_>, at: usize) -> rusqlite::Result<Flags> {
    let keywords = row.get_ref(at + 1)?.as_str_or_null()?.unwrap_or_default();
    Ok(Flags { system: row.get(at)?, keywords: keywords.split_whitespace().map(str::to_owned).collect() })
}
