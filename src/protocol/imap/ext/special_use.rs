//! SPECIAL-USE (RFC 6154): LIST says what a mailbox is for.
//!
//! The attributes are in every LIST response, asked for or not, as RFC 6154 §2 allows. CREATE-SPECIAL-USE is
//! not offered: an account is born with its special mailboxes.

use super::{Extension, When};
use crate::vocabulary::mail::SpecialUse;

pub const ROW: Extension = Extension { capability: "SPECIAL-USE", rfc: 6154, when: When::Authenticated };

/// The attribute of a mailbox, if it has one.
pub fn attribute(special_use: Option<SpecialUse>) -> Option<&'static str> {
    special_use.map(SpecialUse::attribute)
}
