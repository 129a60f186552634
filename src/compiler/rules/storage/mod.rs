//! STO: mailboxes, their bounds and their copies.
//!
//! Standards: RFC 1870 (SIZE), RFC 9208 (QUOTA). Decided from the file alone: whether the disk is large enough, and whether a
//! copy can be read back, is not known when a configuration is compiled.

pub mod backup_on_same_device_or_in_clear;
pub mod memory_too_small;
pub mod message_size_unusual;
pub mod no_backup;
pub mod quota_below_message_size;
pub mod retention_shorter_than_backup_interval;
pub mod store_in_unsafe_place;
pub mod store_on_network_file_system;

use crate::compiler::rules::Rule;

/// The rules of this topic. A new rule is one file and one line here.
pub const RULES: &[&Rule] = &[
    &quota_below_message_size::RULE,
    &message_size_unusual::RULE,
    &store_in_unsafe_place::RULE,
    &store_on_network_file_system::RULE,
    &no_backup::RULE,
    &backup_on_same_device_or_in_clear::RULE,
    &retention_shorter_than_backup_interval::RULE,
    &memory_too_small::RULE,
];
