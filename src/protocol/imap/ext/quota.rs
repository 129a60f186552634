//! QUOTA (RFC 9208, before it RFC 2087): one quota root, the account, with the resource STORAGE.
//!
//! Limits are set in the configuration; SETQUOTA is not announced and refused.

use super::{Extension, When};
use crate::protocol::imap::encode;
use crate::protocol::imap::question::Quota;

pub const ROW: Extension = Extension { capability: "QUOTA", rfc: 9208, when: When::Authenticated };
/// RFC 9208 §3.1.1: which resources there are.
pub const RESOURCES: Extension = Extension { capability: "QUOTA=RES-STORAGE", rfc: 9208, when: When::Authenticated };

/// The name of the one quota root.
pub const ROOT: &str = "account";

/// RFC 9208 §5.1: STORAGE counts units of 1024 octets. An account without a limit has an empty list.
pub fn write(out: &mut Vec<u8>, quota: Quota) {
    out.extend_from_slice(b"* QUOTA ");
    encode::astring(out, ROOT.as_bytes());
    out.extend_from_slice(b" (");
    if let Some(limit) = quota.limit_octets {
        out.extend_from_slice(format!("STORAGE {} {}", quota.used_octets.div_ceil(1024), limit / 1024).as_bytes());
    }
    out.extend_from_slice(b")\r\n");
}

/// RFC 9208 §4.2.2: the roots of a mailbox.
pub fn write_root(out: &mut Vec<u8>, mailbox: &str) {
    out.extend_from_slice(b"* QUOTAROOT ");
    encode::mailbox(out, mailbox);
    out.push(b' ');
    encode::astring(out, ROOT.as_bytes());
    out.extend_from_slice(b"\r\n");
}
