//! One message to one name server, and its answer.
//!
//! Standards: RFC 1035 §4.2, RFC 7766 (TCP), RFC 6891 (EDNS). Datagrams first and TCP where an answer is truncated, as
//! every resolver does; updates go over TCP at once.
//!
//! Bounds: every wait ends after [`PATIENCE`]; an answer has at most 65535 octets. An answer counts only if it comes
//! from the address that was asked (the socket is connected) with the identifier and the question that were sent.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use hickory_resolver::proto::op::{Edns, Message, MessageType, Query};
use hickory_resolver::proto::rr::{Name, RecordType};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::{Instant, timeout, timeout_at};

/// What dig(1) waits for each try.
const PATIENCE: Duration = Duration::from_secs(5);
/// Datagrams are lost; after this time a second one is sent.
const PATIENCE_DATAGRAM: Duration = Duration::from_secs(2);
const DATAGRAM_TRIES: usize = 2;
/// dnsflagday.net/2020: what passes everywhere without fragments.
const DATAGRAM_OCTETS_MAX: u16 = 1232;

/// A question that asks for no recursion, and for signatures (RFC 4035 §3.2.1).
pub(super) fn question(name: &Name, kind: RecordType) -> Message {
    let mut message = Message::query();
    message.add_query(Query::query(name.clone(), kind));
    let mut edns = Edns::new();
    edns.set_max_payload(DATAGRAM_OCTETS_MAX).set_version(0).set_dnssec_ok(true);
    message.set_edns(edns);
    message
}

/// Asks over UDP, and over TCP if the answer is truncated or no datagram comes back.
pub(super) async fn ask(server: SocketAddr, message: &Message) -> io::Result<Message> {
    let octets = message.to_vec().map_err(io::Error::other)?;
    for _ in 0..DATAGRAM_TRIES {
        match over_udp(server, message, &octets).await {
            Ok(answer) if answer.metadata.truncation => break,
            Ok(answer) => return Ok(answer),
            Err(error) if error.kind() == io::ErrorKind::TimedOut => {}
            Err(error) => return Err(error),
        }
    }
    let answer = over_tcp(server, &octets).await?;
    let answer = Message::from_vec(&answer).map_err(io::Error::other)?;
    if belongs(message, &answer) { Ok(answer) } else { Err(io::Error::other("an answer to another question")) }
}

/// Sends octets as they are and gives back the octets of the answer.
pub(super) async fn over_tcp(server: SocketAddr, octets: &[u8]) -> io::Result<Vec<u8>> {
    let length = u16::try_from(octets.len()).map_err(|_| io::Error::other("a message of more than 65535 octets"))?;
    let exchange = async {
        let mut stream = TcpStream::connect(server).await?;
        // RFC 7766 §8: length and message in one write, lest they travel in two segments.
        let mut framed = length.to_be_bytes().to_vec();
        framed.extend_from_slice(octets);
        stream.write_all(&framed).await?;
        let length = stream.read_u16().await?;
        let mut answer = vec![0; usize::from(length)];
        stream.read_exact(&mut answer).await?;
        Ok(answer)
    };
    timeout(PATIENCE, exchange).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}

async fn over_udp(server: SocketAddr, message: &Message, octets: &[u8]) -> io::Result<Message> {
    let any: SocketAddr =
        if server.is_ipv4() { (Ipv4Addr::UNSPECIFIED, 0).into() } else { (Ipv6Addr::UNSPECIFIED, 0).into() };
    let socket = UdpSocket::bind(any).await?;
    socket.connect(server).await?;
    socket.send(octets).await?;
    let end = Instant::now() + PATIENCE_DATAGRAM;
    let mut datagram = vec![0; usize::from(DATAGRAM_OCTETS_MAX)];
    loop {
        let Ok(length) = timeout_at(end, socket.recv(&mut datagram)).await else {
            return Err(io::ErrorKind::TimedOut.into());
        };
        // What does not answer our question is somebody else's attempt; the true answer may still come.
        if let Some(answer) = datagram.get(..length?).and_then(|octets| Message::from_vec(octets).ok())
            && belongs(message, &answer)
        {
            return Ok(answer);
        }
    }
}

/// RFC 5452 §3. A server that cannot read a question may leave it out of its answer.
fn belongs(asked: &Message, answer: &Message) -> bool {
    answer.metadata.message_type == MessageType::Response
        && answer.metadata.id == asked.metadata.id
        && (answer.queries.is_empty() || answer.queries == asked.queries)
}
