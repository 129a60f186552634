//! IDLE (RFC 2177): the server speaks when the selected mailbox changes, until the client says DONE.
//!
//! `idle = "IDLE" CRLF "DONE"`.

use super::{Extension, When};

pub const ROW: Extension = Extension { capability: "IDLE", rfc: 2177, when: When::Authenticated };

pub const CONTINUATION: &[u8] = b"+ idling\r\n";

/// Whether this line ends the idling.
pub fn is_done(line: &[u8]) -> bool {
    line.eq_ignore_ascii_case(b"DONE")
}
