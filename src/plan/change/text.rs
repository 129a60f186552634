//! Values as a reviewer reads them.

use std::fmt::Display;

use crate::plan::digest::Digest;

/// `a, b, c`.
pub(super) fn listed<T: Display>(items: impl IntoIterator<Item = T>) -> String {
    let items: Vec<String> = items.into_iter().map(|item| item.to_string()).collect();
    items.join(", ")
}

/// A few digits of its digest, for what is too long to read.
pub(super) fn fingerprint(text: &str) -> String {
    Digest::of(text.as_bytes()).short().to_owned()
}
