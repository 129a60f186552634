//! The only layer that knows tokio's runtime, sockets and clocks: it executes a plan.
//!
//! [`net`] moves bytes: listeners, admission, TLS, name servers, connections to others, and the driver
//! that pumps every session. [`server`] is the composition root: one plan loaded, sessions answered,
//! plans swapped, keys kept, the control socket.
//!
//! Invariants: it never sees the YAML or the compiler; every wait has an end; a session's panic ends
//! that session alone. It deliberately decides nothing about mail: protocols, mail flow and the store
//! below it do.

pub mod net;
pub mod server;
