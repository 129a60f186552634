//! The PROXY header of a connection: who may send one, and reading it from a socket.

use std::net::IpAddr;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::time::timeout;

use crate::ground::limits::PROXY_HEADER_MILLIS;
use crate::protocol::proxy::{self, Announced, Progress, ProxyError};
use crate::vocabulary::network::Network;

/// What a peer may say in a PROXY header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Credence {
    /// Anything: it is one of the plan's proxies.
    Full,
    /// That it speaks for itself: it is this machine, which looks whether its listener is well.
    Local,
    /// Nothing.
    None,
}

impl Credence {
    /// Of the peer at `peer`, connected to our `local` address.
    pub fn of(peer: IpAddr, local: Option<IpAddr>, trusted: &[Network]) -> Self {
        let peer = peer.to_canonical();
        if trusted.iter().any(|network| network.contains(peer)) {
            Self::Full
        } else if peer.is_loopback() || local.is_some_and(|local| local.to_canonical() == peer) {
            Self::Local
        } else {
            Self::None
        }
    }
}

/// Why a connection has no usable PROXY header.
#[derive(Debug, thiserror::Error)]
pub enum HeaderError {
    #[error("the connection ended within its PROXY header: {0}")]
    Broken(#[from] std::io::Error),
    #[error(transparent)]
    Malformed(#[from] ProxyError),
    #[error("the PROXY header took too long")]
    Slow,
    #[error("only the plan's trusted proxies may speak for others")]
    Untrusted,
}

/// Reads the header from the front of `stream`, and nothing else.
///
/// # Errors
/// [`HeaderError`]; the connection is to be closed.
pub async fn receive<S>(stream: &mut S, credence: Credence) -> Result<Announced, HeaderError>
where
    S: AsyncRead + Unpin,
{
    within(Duration::from_millis(PROXY_HEADER_MILLIS), stream, credence).await
}

async fn within<S>(patience: Duration, stream: &mut S, credence: Credence) -> Result<Announced, HeaderError>
where
    S: AsyncRead + Unpin,
{
    let announced = timeout(patience, read(stream)).await.map_err(|_| HeaderError::Slow)??;
    match (credence, announced) {
        (Credence::Full, announced) => Ok(announced),
        (Credence::Local, Announced::Local) => Ok(Announced::Local),
        _ => Err(HeaderError::Untrusted),
    }
}

async fn read<S: AsyncRead + Unpin>(stream: &mut S) -> Result<Announced, HeaderError> {
    let mut header = Vec::new();
    loop {
        match proxy::read(&header)? {
            Progress::Complete(announced) => return Ok(announced),
            Progress::Needs(more) => {
                let have = header.len();
                // Bounded by the parser, which refuses what is too long before it asks for it.
                header.resize(have + more, 0);
                stream.read_exact(header.get_mut(have..).unwrap_or_default()).await?;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt;

    use super::*;

    fn credence(peer: &str, local: &str) -> Credence {
        let trusted = ["192.0.2.0/24".parse().unwrap(), "2001:db8::/32".parse().unwrap()];
        Credence::of(peer.parse().unwrap(), local.parse().ok(), &trusted)
    }

    #[test]
    fn proxies_are_believed_and_the_machine_itself_a_little() {
        assert_eq!(credence("192.0.2.9", "198.51.100.1"), Credence::Full);
        assert_eq!(credence("::ffff:192.0.2.9", "198.51.100.1"), Credence::Full);
        assert_eq!(credence("127.0.0.1", "127.0.0.1"), Credence::Local);
        assert_eq!(credence("198.51.100.1", "::ffff:198.51.100.1"), Credence::Local);
        assert_eq!(credence("198.51.100.2", "198.51.100.1"), Credence::None);
    }

    #[tokio::test]
    async fn a_header_that_drips_is_given_up() {
        let (mut client, mut server) = tokio::io::duplex(64);
        let drip = tokio::spawn(async move {
            for byte in b"PROXY TCP4 192.0.2.7 192.0.2.10 1 25\r\n" {
                client.write_all(&[*byte]).await.unwrap();
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            client
        });
        let patience = Duration::from_millis(200);
        assert!(matches!(within(patience, &mut server, Credence::Full).await, Err(HeaderError::Slow)));
        drip.abort();
    }

    #[tokio::test]
    async fn what_follows_the_header_is_left_alone() {
        let (mut client, mut server) = tokio::io::duplex(256);
        client.write_all(b"PROXY TCP4 192.0.2.7 192.0.2.10 1 25\r\nEHLO x\r\n").await.unwrap();
        let announced = receive(&mut server, Credence::Full).await.unwrap();
        assert!(matches!(announced, Announced::Client { source, .. } if source.to_string() == "192.0.2.7:1"));
        let mut rest = [0; 8];
        server.read_exact(&mut rest).await.unwrap();
        assert_eq!(&rest, b"EHLO x\r\n");
    }

    #[tokio::test]
    async fn the_machine_itself_speaks_for_nobody_else() {
        for (bytes, allowed) in [
            (proxy::LOCAL.as_slice(), true),
            (b"PROXY TCP4 192.0.2.7 192.0.2.10 1 25\r\n", false),
            (b"PROXY UNKNOWN\r\n", false),
        ] {
            let (mut client, mut server) = tokio::io::duplex(256);
            client.write_all(bytes).await.unwrap();
            assert_eq!(receive(&mut server, Credence::Local).await.is_ok(), allowed);
        }
    }
}
