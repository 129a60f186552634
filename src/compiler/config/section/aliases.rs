//! `aliases`: map from an address, or a pattern with one `*`, to those who receive its mail.
//!
//! The section has no structure of its own: `Entries<Address, OneOrMany<MailAddress>>` in
//! [`Config`](super::Config). Flattening, loops and dangling targets are decided in `compiler::config::alias_graph`;
//! targets on other servers want `outbound.forwarding.srs` (FILT-014).
