//! NAMESPACE (RFC 2342): one personal namespace without prefix, separator `/`; no others.

use super::{Extension, When};

pub const ROW: Extension = Extension { capability: "NAMESPACE", rfc: 2342, when: When::Authenticated };

pub const RESPONSE: &[u8] = b"* NAMESPACE ((\"\" \"/\")) NIL NIL\r\n";
