//! CHILDREN (RFC 3348): LIST says `\HasChildren` or `\HasNoChildren` of every mailbox.

use super::{Extension, When};

pub const ROW: Extension = Extension { capability: "CHILDREN", rfc: 3348, when: When::Authenticated };

/// The attribute of a mailbox.
pub fn attribute(has_children: bool) -> &'static str {
    if has_children { "\\HasChildren" } else { "\\HasNoChildren" }
}
