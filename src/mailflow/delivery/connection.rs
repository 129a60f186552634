//! The sockets that delivery is given. The runtime implements them; tests put scripts in their place.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;

use tokio::io::{AsyncRead, AsyncWrite};

use crate::protocol::TlsFacts;
use crate::vocabulary::mail::Domain;

/// A connection's bytes, in clear or through TLS.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// Who must vouch for the server's certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust<'a> {
    /// Nobody: opportunistic TLS (RFC 7435) protects from those who only listen.
    Anybody,
    /// The authorities of other people's servers, and the certificate must be for the name (RFC 9525).
    Mx,
    /// The authorities of the relay that the plan calls so, and the certificate must be for the name.
    Relay(&'a str),
}

pub type Opening<'a, T> = Pin<Box<dyn Future<Output = io::Result<T>> + Send + 'a>>;

/// Opens connections to other servers. Time-outs are the caller's.
pub trait Connector: Send + Sync {
    fn connect(&self, to: SocketAddr) -> Opening<'_, Box<dyn Stream>>;

    /// Does the client's side of a TLS handshake. An error means that the handshake failed, the
    /// certificate's verification included; the stream is then of no use.
    fn secure<'a>(
        &'a self,
        stream: Box<dyn Stream>,
        name: &'a Domain,
        trust: Trust<'a>,
    ) -> Opening<'a, (Box<dyn Stream>, TlsFacts)>;
}
