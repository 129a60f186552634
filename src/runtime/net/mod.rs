//! Sockets: listeners, admission, TLS and the one driver that pumps bytes through a protocol session.
//!
//! Invariants: a connection holds at most `limits::CONNECTION_OCTETS_MAX` octets; every wait on a peer
//! has an end; a panic in a session ends that connection only. What is decided here is only *how* bytes
//! move. What they mean is the session's business, and what may happen is the server's.

pub mod admission;
pub mod anybody;
pub mod authority;
pub mod connector;
pub mod driver;
mod exchange;
pub mod listener;
pub mod outlook;
pub mod packet_filter;
pub mod proxy;
pub mod publish;
mod rdata;
pub mod resolver;
pub mod stream;
pub mod survey;
pub mod tls;
pub mod update;
