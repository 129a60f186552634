//! UNSELECT (RFC 3691): leave the mailbox without removing what is marked `\Deleted`.

use super::{Extension, When};

pub const ROW: Extension = Extension { capability: "UNSELECT", rfc: 3691, when: When::Authenticated };
