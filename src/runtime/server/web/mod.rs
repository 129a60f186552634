//! The web endpoint: HTTP/1.1 and HTTP/2 under TLS, and port 80 for ACME's challenge.
//!
//! | room | what |
//! | --- | --- |
//! | `connection` | one connection with all its bounds, from the handshake to the end |
//! | `exchange` | one request and its reply |
//! | `secure` | what is served under TLS |
//! | `clear` | what is served in clear |
//! | `message` | what a request asks, and the form of every reply |
//! | [`pox`] | the one document that a stranger may send |
//! | `health` | whether the server does its work |
//!
//! Standards: RFC 9110, RFC 9112, RFC 9113; RFC 6797 (HSTS); RFC 8461 §3.3 (MTA-STS), RFC 8555 §8.3 (http-01),
//! RFC 8737 (the handshake of tls-alpn-01 ends here and says nothing), RFC 9116.
//!
//! Invariants: a name that is not of the plan gets 421, a path that is not in the table 404, and neither gets more. An
//! answer never depends on whether an account exists. Nothing of a request is logged but its method, the kind of what
//! was asked for and the status, since paths and queries hold addresses. Header, body, streams, requests, and
//! every wait have a bound in `ground/limits`.
//!
//! Not here: files, folders, uploads, cookies, sessions, compression (BREACH), other methods than GET, HEAD and one POST.

mod clear;
mod connection;
mod exchange;
pub(super) mod health;
pub(super) mod message;
pub mod pox;
mod secure;

use std::net::IpAddr;
use std::sync::Arc;

pub(super) use connection::serve;

use super::Server;
use crate::plan::document::Protocol;

/// Who came, and to which door.
#[derive(Clone)]
pub struct Visit {
    pub server: Arc<Server>,
    pub protocol: Protocol,
    pub peer: IpAddr,
}
