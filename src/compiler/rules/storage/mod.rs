//! STO: mailboxes and their bounds.
//!
//! Standards: RFC 1870 (SIZE), RFC 9208 (QUOTA). Decided from the file alone; whether the disk is large enough is not known when a
//! configuration is compiled.

pub mod quota_below_message_size;
