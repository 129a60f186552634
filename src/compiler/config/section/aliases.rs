//! `aliases`: map from an address to the local addresses that receive its mail.
//!
//! The section has no structure of its own: `Entries<Address, OneOrMany<MailAddress>>` in
//! [`Config`](super::Config). Flattening, loops and dangling targets are decided in
//! `compiler::config::alias_graph`, external targets refused by FILT-014.
