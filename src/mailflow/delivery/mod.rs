//! Delivery to other servers: from a queue entry to its outcome.
//!
//! [`worker`] leases what is due and sends a [`courier`] for each entry. The courier groups recipients by
//! [`next_hop`] (a relay, a primary server, or each destination domain), finds the hosts ([`target`]: RFC 5321 §5.1, RFC 7505),
//! and makes one [`attempt`] after the other under a [`tls_policy`], over a [`connection`] that the runtime
//! opens. [`classify`] says what the replies mean, [`super::schedule`] when to try again, [`bounce`] what the
//! sender is told (RFC 3464), and `outcome` records it all.
//!
//! Invariants:
//! - Every group's outcome is one transaction: rows, the bounce, and the message's end. Before it commits
//!   nothing has happened, so a crash repeats an attempt and never loses a message (RFC 5321 §6.1).
//! - Only a 5yz reply, a domain that takes no mail, or the end of the lifetime fails a recipient. Whatever
//!   goes wrong with connections, TLS, DNS or credentials defers it.
//! - Credentials go to their own relay alone, after its certificate was verified for its name.
//! - No bounce is ever made for the null reverse-path.
//! - At most `limits::DELIVERIES_CONCURRENT_MAX` connections at once, and twenty to one next hop.
//!
//! What it does not do yet: DANE, MTA-STS, several messages over one connection. Delivery status notifications that a sender asks for (RFC 3461's parameters) are not offered.

pub mod attempt;
pub mod bounce;
pub mod classify;
pub mod connection;
pub mod courier;
pub mod next_hop;
mod outcome;
pub mod target;
mod throttle;
pub mod tls_policy;
pub mod worker;

pub use courier::{Courier, Equipment};
pub use next_hop::{RelayHop, RelayLogin};
