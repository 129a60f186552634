//! SASLprep (RFC 4013).

/// The prepared form of a user name or password; `None` if it holds what RFC 4013 §2.3 prohibits, or
/// nothing at all.
pub fn prepare(text: &str) -> Option<String> {
    let prepared = stringprep::saslprep(text).ok()?;
    (!prepared.is_empty()).then(|| prepared.into_owned())
}
