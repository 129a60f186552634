//! The frozen plan: the only bridge between the compiler and everything that executes.
//!
//! [`document`] is the value (with what concerns mail for others in `outbound`, names in `dns`, the packet filter in
//! `firewall`), [`codec`] its one canonical spelling (RFC 8785), [`digest`] its name, [`change`] what differs between two
//! of them, [`web`] the names that the HTTPS endpoint answers for. Invariants: no secret (references and one-way hashes
//! only), no clock, no randomness, no path of the machine that compiled it; equal inputs give equal bytes.

mod canonical;
pub mod change;
pub mod codec;
pub mod digest;
mod dns;
pub mod document;
#[cfg(test)]
pub(crate) mod example;
mod firewall;
mod outbound;
pub mod web;

pub use document::Plan;
