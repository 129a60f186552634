//! One attempt over one connection: drives the client session of `protocol/smtp` over a stream.
//!
//! Every wait has an end: RFC 5321 §4.5.3.2 for replies and blocks of data, and one hour for all of it, so
//! that no server holds an attempt by dripping octets. Memory is one read buffer, one block of content and
//! the session's own bounded state.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, timeout, timeout_at};

use super::classify;
use super::connection::{Connector, Stream};
use super::next_hop::RelayLogin;
use super::tls_policy::TlsPolicy;
use crate::ground::limits::READ_BUFFER_OCTETS;
use crate::protocol::smtp::client::{
    Answer, Ask, ClientSession, Config, ConnectionError, Credentials, Delivery, EightBit, Report, TlsWish,
};
use crate::protocol::wire::DotStuffing;
use crate::protocol::{ContentRef, Outputs, Request, Session, Splice};
use crate::vocabulary::mail::{Domain, Enhanced, Reply};

/// Postfix waits 30 seconds for a connection; the kernel alone would wait two minutes.
const CONNECT_PATIENCE: Duration = Duration::from_secs(30);
const HANDSHAKE_PATIENCE: Duration = Duration::from_secs(60);
/// RFC 5321 §4.5.3.2.5: a block of data.
const WRITE_PATIENCE: Duration = Duration::from_secs(180);
/// All of one attempt.
const ATTEMPT_PATIENCE: Duration = Duration::from_secs(3600);
/// Content read and sent in one go.
const BLOCK_OCTETS: usize = 32 * 1024;

/// Stored message bytes, for an attempt to read.
pub trait Contents: Send + Sync {
    /// Reads from `offset` into `buffer`; how many octets that were, 0 at the end.
    ///
    /// # Errors
    /// If the bytes cannot be had.
    fn read(&self, content: ContentRef, offset: u64, buffer: &mut [u8]) -> io::Result<usize>;
}

/// Whom to connect to, and on what terms.
#[derive(Debug, Clone, Copy)]
pub struct Hop<'a> {
    /// The name that a certificate must be for, and that the log shows.
    pub host: &'a Domain,
    pub address: SocketAddr,
    pub policy: TlsPolicy<'a>,
    /// Given to the session only if the policy verifies the host.
    pub login: Option<&'a RelayLogin>,
    /// Our name in EHLO.
    pub helo: &'a Domain,
}

/// Why an attempt ended without a report for each recipient.
#[derive(Debug)]
pub enum Failure {
    /// The TLS handshake failed; nothing but EHLO and STARTTLS was said.
    Handshake(io::Error),
    /// The host is of no use now. A transient reply of our own.
    Unusable(Reply),
}

/// Delivers over a new connection. Falls back to clear text where the policy allows it and the handshake
/// itself failed, which is why the message may be offered twice but is sent once.
///
/// # Errors
/// A transient reply of our own, for all recipients.
pub async fn attempt(
    connector: &dyn Connector,
    contents: &dyn Contents,
    hop: Hop<'_>,
    delivery: &Delivery,
) -> Result<Report, Reply> {
    let mut failed_before = false;
    loop {
        match once(connector, contents, hop, hop.policy.wish(failed_before), delivery.clone()).await {
            Ok(report) => return Ok(report),
            Err(Failure::Unusable(reply)) => return Err(reply),
            Err(Failure::Handshake(error)) if hop.policy.may_fall_back() && !failed_before => {
                tracing::info!(host = %hop.host, %error, "TLS handshake failed, trying in clear");
                failed_before = true;
            }
            Err(Failure::Handshake(error)) => return Err(classify::no_tls(&error, hop.host)),
        }
    }
}

async fn once(
    connector: &dyn Connector,
    contents: &dyn Contents,
    hop: Hop<'_>,
    wish: TlsWish,
    delivery: Delivery,
) -> Result<Report, Failure> {
    let config = Config {
        helo: hop.helo.clone(),
        tls: wish,
        credentials: hop.login.filter(|_| hop.policy.may_authenticate()).map(credentials).transpose()?,
        eight_bit: EightBit::SendAnyway,
    };
    let stream = timeout(CONNECT_PATIENCE, connector.connect(hop.address))
        .await
        .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
        .map_err(|error| Failure::Unusable(classify::no_connection(&error, hop.host)))?;
    let mut conversation = Conversation {
        connector,
        contents,
        hop,
        stream: Some(stream),
        session: ClientSession::new(config),
        out: Outputs::default(),
        input: Vec::new(),
        deaf: false,
        delivery: Some(Box::new(delivery)),
        report: None,
        error: None,
    };
    let ended = timeout(ATTEMPT_PATIENCE, conversation.run(wish)).await;
    // What the server said of the message counts, however the connection ended after it.
    if let Some(report) = conversation.report {
        return Ok(report);
    }
    match (ended, conversation.error) {
        (Ok(Err(failure)), _) => Err(failure),
        (_, Some(error)) => Err(Failure::Unusable(classify::connection_failure(&error, hop.host))),
        (Ok(Ok(())), None) => Err(Failure::Unusable(classify::connection_failure(&ConnectionError::Closed, hop.host))),
        (Err(_), None) => Err(Failure::Unusable(classify::connection_failure(&ConnectionError::TimedOut, hop.host))),
    }
}

/// The login with a nonce for this connection alone (RFC 5802 §5.1).
fn credentials(login: &RelayLogin) -> Result<Credentials, Failure> {
    let mut random = [0; 18];
    aws_lc_rs::rand::fill(&mut random).map_err(|_| {
        Failure::Unusable(Reply::new(451, Enhanced(4, 3, 0), "no random numbers can be had from the system"))
    })?;
    Ok(Credentials { user: login.user.clone(), password: login.password.clone(), nonce: STANDARD.encode(random) })
}

struct Conversation<'a> {
    connector: &'a dyn Connector,
    contents: &'a dyn Contents,
    hop: Hop<'a>,
    /// `None` only during a handshake.
    stream: Option<Box<dyn Stream>>,
    session: ClientSession,
    out: Outputs<Ask>,
    /// Read and not yet consumed.
    input: Vec<u8>,
    /// The server no longer takes what we write. It may have said why, so reading goes on.
    deaf: bool,
    delivery: Option<Box<Delivery>>,
    report: Option<Report>,
    error: Option<ConnectionError>,
}

impl Conversation<'_> {
    async fn run(&mut self, wish: TlsWish) -> Result<(), Failure> {
        if wish == TlsWish::Implicit {
            self.secure().await?;
        }
        self.session.open(&mut self.out);
        loop {
            match self.out.request.take() {
                Some(Request::Ask(question)) => {
                    let answer = self.answer(question);
                    self.session.answer(answer, &mut self.out);
                }
                Some(Request::Close) => {
                    self.flush().await?;
                    return Ok(());
                }
                Some(Request::StartTls) => {
                    self.flush().await?;
                    // RFC 3207 §6: what came in clear after the reply is no part of the TLS session.
                    self.input.clear();
                    self.secure().await?;
                }
                None => {
                    self.flush().await?;
                    let consumed = self.session.feed(&self.input, &mut self.out);
                    self.input.drain(..consumed.min(self.input.len()));
                    if self.out.request.is_none() && self.out.wire.is_empty() && !self.read().await? {
                        self.session.closed(&mut self.out);
                        if self.out.request.is_none() {
                            return Ok(());
                        }
                    }
                }
            }
        }
    }

    fn answer(&mut self, question: Ask) -> Answer {
        match question {
            Ask::Failed(error) => {
                self.error = Some(error);
                Answer::Quit
            }
            Ask::Delivered(report) => {
                self.report = Some(report);
                Answer::Quit
            }
            Ask::Next => self.delivery.take().map_or(Answer::Quit, Answer::Deliver),
        }
    }

    async fn secure(&mut self) -> Result<(), Failure> {
        let Some(stream) = self.stream.take() else {
            return Err(Failure::Handshake(io::ErrorKind::NotConnected.into()));
        };
        let handshake = self.connector.secure(stream, self.hop.host, self.hop.policy.trust());
        let (stream, facts) = timeout(HANDSHAKE_PATIENCE, handshake)
            .await
            .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
            .map_err(Failure::Handshake)?;
        self.stream = Some(stream);
        self.session.tls_established(facts, &mut self.out);
        Ok(())
    }

    /// Waits for the next octets of the reply that the session waits for. False at the end of the stream.
    async fn read(&mut self) -> Result<bool, Failure> {
        let deadline = Instant::now() + self.session.wait().timeout();
        loop {
            let Some(stream) = self.stream.as_mut() else { return Ok(false) };
            if self.input.len() >= READ_BUFFER_OCTETS {
                return Ok(false);
            }
            match timeout_at(deadline, stream.read_buf(&mut self.input)).await {
                // A reply ends with a line end: anything less is not worth waking the session for, and
                // the deadline stays what it was when the wait began.
                Ok(Ok(count)) if count > 0 && !self.input.ends_with(b"\n") => {}
                Ok(Ok(count)) => return Ok(count > 0),
                // RFC 5246 §7.2.1: many servers close TLS without saying so.
                Ok(Err(_)) => return Ok(false),
                Err(_) => {
                    self.session.timed_out(&mut self.out);
                    return Ok(true);
                }
            }
        }
    }

    /// Writes everything that waits, stored content included.
    async fn flush(&mut self) -> Result<(), Failure> {
        if self.out.wire.is_empty() {
            return Ok(());
        }
        let wire = std::mem::take(&mut self.out.wire);
        let mut sent = 0;
        for splice in &wire.splices {
            self.write(wire.bytes.get(sent..splice.at).unwrap_or_default()).await;
            sent = splice.at.max(sent);
            self.write_content(splice).await?;
        }
        self.write(wire.bytes.get(sent..).unwrap_or_default()).await;
        let Some(stream) = self.stream.as_mut().filter(|_| !self.deaf) else { return Ok(()) };
        if !matches!(timeout(WRITE_PATIENCE, stream.flush()).await, Ok(Ok(()))) {
            self.deaf = true;
        }
        Ok(())
    }

    async fn write(&mut self, bytes: &[u8]) {
        let Some(stream) = self.stream.as_mut().filter(|_| !self.deaf && !bytes.is_empty()) else { return };
        if !matches!(timeout(WRITE_PATIENCE, stream.write_all(bytes)).await, Ok(Ok(()))) {
            self.deaf = true;
        }
    }

    /// Content that cannot be read ends the attempt before the final dot: half a message is none.
    async fn write_content(&mut self, splice: &Splice) -> Result<(), Failure> {
        let mut stuffing = DotStuffing::default();
        let mut stuffed = Vec::new();
        let mut block = vec![0; BLOCK_OCTETS];
        let mut offset = splice.range.start;
        while offset < splice.range.end && !self.deaf {
            let left = usize::try_from(splice.range.end - offset).unwrap_or(usize::MAX).min(BLOCK_OCTETS);
            let wanted = block.get_mut(..left).unwrap_or_default();
            let count = match self.contents.read(splice.content, offset, wanted) {
                Ok(count) if count > 0 => count,
                Ok(_) => return Err(unreadable(&io::ErrorKind::UnexpectedEof.into())),
                Err(error) => return Err(unreadable(&error)),
            };
            offset += count as u64;
            let piece = block.get(..count).unwrap_or_default();
            if splice.dot_stuffed {
                stuffed.clear();
                stuffing.stuff(piece, &mut stuffed);
                self.write(&stuffed).await;
            } else {
                self.write(piece).await;
            }
        }
        if splice.dot_stuffed {
            self.write(stuffing.ending()).await;
        }
        Ok(())
    }
}

fn unreadable(error: &io::Error) -> Failure {
    Failure::Unusable(Reply::new(451, Enhanced(4, 3, 0), format!("the stored message cannot be read: {error}")))
}
