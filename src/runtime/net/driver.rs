//! The one driver: pumps bytes between a peer and a protocol session, and questions between the session
//! and the server.
//!
//! It alone knows sockets, time-outs and back-pressure. Per connection it holds the bytes read and not
//! yet consumed (at most `READ_BUFFER_OCTETS`), the bytes to be written (flushed at
//! `WRITE_BUFFER_OCTETS`) and one block of stored content on its way out.

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::{Notify, watch};
use tokio::time::timeout;

use super::stream::Stream;
use crate::ground::limits::{READ_BUFFER_OCTETS, WRITE_BUFFER_OCTETS};
use crate::protocol::wire::DotStuffing;
use crate::protocol::{ContentRef, Outputs, Phase, Request, Session, Splice};

/// How long a peer may take to accept what we write; a reader that stopped reading is gone.
const WRITE_PATIENCE: Duration = Duration::from_secs(300);
/// How long a handshake may take.
const HANDSHAKE_PATIENCE: Duration = Duration::from_secs(60);
/// The read buffer of a connection that has little to say.
const READ_BUFFER_START: usize = 4 * 1024;

/// What the server does for a session.
pub trait Answerer<S: Session>: Send {
    /// Answers one question; may take as long as it needs.
    fn answer(&mut self, question: S::Ask) -> impl Future<Output = S::Answer> + Send;

    /// Takes message bytes, in order. Failures are kept and reported when the message is to be accepted.
    fn take_body(&mut self, bytes: &[u8]);

    /// Reads stored content for the peer.
    ///
    /// # Errors
    /// If the content cannot be read; the connection then ends.
    fn read_content(&self, content: ContentRef, offset: u64, buffer: &mut [u8]) -> io::Result<usize>;

    /// A handle that is notified when the mailbox changes.
    fn watch(&mut self, mailbox: i64) -> Arc<Notify>;
}

/// Times and handles that a connection is driven with.
#[derive(Clone)]
pub struct Terms {
    pub tls: Option<Arc<ServerConfig>>,
    pub implicit_tls: bool,
    /// Silence allowed before login, and in SMTP always.
    pub command_patience: Duration,
    /// Silence allowed to a logged-in user.
    pub session_patience: Duration,
    /// Turns true when the server drains.
    pub draining: watch::Receiver<bool>,
}

/// How a connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// We closed it as the session asked.
    Closed,
    /// The peer closed it.
    PeerClosed,
}

/// Drives `session` until either side closes.
///
/// # Errors
/// The socket's or handshake's error; for the log at most.
pub async fn drive<S, A>(stream: Stream, session: S, answerer: A, terms: Terms) -> io::Result<End>
where
    S: Session + Send,
    A: Answerer<S>,
{
    let mut connection =
        Connection { stream: Some(stream), session, answerer, out: Outputs::default(), input: Input::default(), terms };
    connection.run().await
}

struct Connection<S: Session, A> {
    /// `None` only while a handshake has it.
    stream: Option<Stream>,
    session: S,
    answerer: A,
    out: Outputs<S::Ask>,
    input: Input,
    terms: Terms,
}

/// Bytes read and not yet consumed. Nothing is allocated while a connection is silent.
#[derive(Default)]
struct Input {
    buffer: Vec<u8>,
    start: usize,
}

impl Input {
    fn pending(&self) -> &[u8] {
        self.buffer.get(self.start..).unwrap_or_default()
    }

    fn consume(&mut self, count: usize) {
        self.start = (self.start + count).min(self.buffer.len());
        if self.start == self.buffer.len() {
            self.clear();
        }
    }

    fn clear(&mut self) {
        self.start = 0;
        self.buffer.clear();
    }

    /// Makes room for the next read: moves what is pending to the front and grows up to the limit.
    fn make_room(&mut self) {
        if self.start > 0 {
            self.buffer.drain(..self.start);
            self.start = 0;
        }
        let wanted = if self.buffer.len() * 2 >= self.buffer.capacity() {
            (self.buffer.capacity() * 2).clamp(READ_BUFFER_START, READ_BUFFER_OCTETS)
        } else {
            self.buffer.capacity()
        };
        self.buffer.reserve_exact(wanted.saturating_sub(self.buffer.len()));
    }
}

fn stream_is_gone() -> io::Error {
    io::Error::new(io::ErrorKind::NotConnected, "the connection ended in a handshake")
}

impl<S, A> Connection<S, A>
where
    S: Session + Send,
    A: Answerer<S>,
{
    async fn run(&mut self) -> io::Result<End> {
        if self.terms.implicit_tls {
            self.handshake().await?;
        }
        self.session.open(&mut self.out);
        loop {
            if self.settle().await? {
                return Ok(End::Closed);
            }
            if self.feed() {
                if self.out.wire.bytes.len() >= WRITE_BUFFER_OCTETS {
                    self.flush().await?;
                }
                continue;
            }
            self.flush().await?;
            if *self.terms.draining.borrow() {
                self.session.shut_down(&mut self.out);
                if self.out.request.is_some() {
                    continue;
                }
            }
            if !self.await_input().await? {
                return Ok(End::PeerClosed);
            }
        }
    }

    /// Serves requests until the session has none. True when the connection is to be closed.
    async fn settle(&mut self) -> io::Result<bool> {
        loop {
            if !self.out.body.is_empty() {
                self.answerer.take_body(&self.out.body);
                self.out.body.clear();
            }
            match self.out.request.take() {
                None => return Ok(false),
                Some(Request::Ask(question)) => {
                    if self.out.wire.bytes.len() >= WRITE_BUFFER_OCTETS || !self.out.wire.splices.is_empty() {
                        self.flush().await?;
                    }
                    let answer = self.answerer.answer(question).await;
                    self.session.answer(answer, &mut self.out);
                }
                Some(Request::StartTls) => {
                    self.flush().await?;
                    if !self.input.pending().is_empty() {
                        // RFC 3207 §6: what came in clear behind STARTTLS could be an injection.
                        tracing::warn!(
                            octets = self.input.pending().len(),
                            "bytes pipelined behind STARTTLS thrown away"
                        );
                        self.input.clear();
                    }
                    self.handshake().await?;
                }
                Some(Request::Close) => {
                    self.flush().await?;
                    let _ = timeout(HANDSHAKE_PATIENCE, self.stream()?.shutdown()).await;
                    return Ok(true);
                }
            }
        }
    }

    /// Hands buffered bytes to the session. False when it needs more bytes than there are.
    fn feed(&mut self) -> bool {
        if self.input.pending().is_empty() {
            return false;
        }
        let consumed = self.session.feed(self.input.pending(), &mut self.out);
        self.input.consume(consumed);
        if consumed == 0 && self.out.request.is_none() {
            if self.input.pending().len() >= READ_BUFFER_OCTETS {
                // The session broke its promise to consume or close: end rather than spin.
                self.out.close();
                return true;
            }
            return false;
        }
        true
    }

    /// Waits for bytes, a mailbox change, the drain or the time-out. False at the peer's end.
    async fn await_input(&mut self) -> io::Result<bool> {
        let patience = match self.session.phase() {
            Phase::Command | Phase::Data => self.terms.command_patience,
            Phase::Authenticated | Phase::Idle => self.terms.session_patience,
        };
        let changed = self.session.watches().map(|mailbox| self.answerer.watch(mailbox));
        self.input.make_room();
        let already_draining = *self.terms.draining.borrow();
        let Some(stream) = self.stream.as_mut() else { return Err(stream_is_gone()) };
        tokio::select! {
            biased;
            read = stream.read_buf(&mut self.input.buffer) => return read.map(|count| count > 0),
            () = notified(changed.as_ref()) => self.session.notified(&mut self.out),
            _ = self.terms.draining.wait_for(|d| *d), if !already_draining => {}
            () = tokio::time::sleep(patience) => self.session.timed_out(&mut self.out),
        }
        if self.input.pending().is_empty() {
            self.input = Input::default();
        }
        Ok(true)
    }

    async fn handshake(&mut self) -> io::Result<()> {
        let stream = self.stream.take().ok_or_else(stream_is_gone)?;
        let config = self.terms.tls.clone().ok_or_else(|| io::Error::other("no certificate for this listener"))?;
        let (stream, facts) = timeout(HANDSHAKE_PATIENCE, stream.accept_tls(config)).await??;
        self.stream = Some(stream);
        self.session.tls_established(facts, &mut self.out);
        Ok(())
    }

    fn stream(&mut self) -> io::Result<&mut Stream> {
        self.stream.as_mut().ok_or_else(stream_is_gone)
    }

    /// Writes everything that waits, stored content included.
    async fn flush(&mut self) -> io::Result<()> {
        if self.out.wire.is_empty() {
            return Ok(());
        }
        let bytes = std::mem::take(&mut self.out.wire.bytes);
        let splices = std::mem::take(&mut self.out.wire.splices);
        let mut sent = 0;
        for splice in &splices {
            let upto = splice.at.clamp(sent, bytes.len());
            self.write(&bytes[sent..upto]).await?;
            sent = upto;
            self.write_content(splice).await?;
        }
        self.write(&bytes[sent..]).await?;
        timeout(WRITE_PATIENCE, self.stream()?.flush()).await??;
        // Keep a small buffer for the next reply; give a large one back.
        if bytes.capacity() <= READ_BUFFER_START {
            self.out.wire.bytes = bytes;
            self.out.wire.bytes.clear();
        }
        Ok(())
    }

    async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        if bytes.is_empty() {
            return Ok(());
        }
        timeout(WRITE_PATIENCE, self.stream()?.write_all(bytes)).await?
    }

    async fn write_content(&mut self, splice: &Splice) -> io::Result<()> {
        let length = usize::try_from(splice.range.end.saturating_sub(splice.range.start)).unwrap_or(usize::MAX);
        let mut block = vec![0; length.clamp(1, READ_BUFFER_OCTETS)];
        let mut stuffing = DotStuffing::default();
        let mut stuffed = Vec::new();
        let mut offset = splice.range.start;
        while offset < splice.range.end {
            let wanted = usize::try_from(splice.range.end - offset).map_or(block.len(), |left| left.min(block.len()));
            let count = self.answerer.read_content(splice.content, offset, &mut block[..wanted])?;
            if count == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            offset += count as u64;
            if splice.dot_stuffed {
                stuffed.clear();
                stuffing.stuff(&block[..count], &mut stuffed);
                self.write(&stuffed).await?;
            } else {
                self.write(&block[..count]).await?;
            }
        }
        if splice.dot_stuffed {
            self.write(stuffing.ending()).await?;
        }
        Ok(())
    }
}

async fn notified(notify: Option<&Arc<Notify>>) {
    match notify {
        Some(notify) => notify.notified().await,
        None => std::future::pending().await,
    }
}
