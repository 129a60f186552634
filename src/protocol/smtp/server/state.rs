//! The session's state as values, and the few ways of speaking that every command uses.

use std::marker::PhantomData;
use std::sync::Arc;

use super::content::Content;
use super::reply::{self, Canned};
use super::{Ask, Config, TlsMode};
use crate::ground::limits;
use crate::protocol::sasl::Exchange;
use crate::protocol::wire::LineSplitter;
use crate::protocol::{Outputs, TlsFacts};
use crate::vocabulary::mail::{Address, Envelope, Recipient, Reply};

/// One connection, seen from the server. `P` is the proof of durability that [`super::Answer::Stored`] carries.
#[derive(Debug)]
pub struct ServerSession<P> {
    pub(super) config: Arc<Config>,
    pub(super) state: State,
    pub(super) tls: Option<TlsFacts>,
    /// What the peer said of itself; nothing goes without.
    pub(super) greeting: Option<Greeting>,
    pub(super) account: Option<Address>,
    /// From MAIL until the message's last octet.
    pub(super) mailing: Option<Mailing>,
    pub(super) auth_failures: u32,
    pub(super) splitter: LineSplitter,
    /// Mistakes since the last message was accepted.
    errors: u32,
    /// Commands that achieve nothing since the last message was accepted.
    pub(super) idle_commands: u32,
    /// The server wants to go down; so do we, once no transaction is open.
    pub(super) draining: bool,
    proof: PhantomData<fn(P)>,
}

#[derive(Debug)]
pub(super) struct Greeting {
    pub name: String,
    /// EHLO, not HELO.
    pub extended: bool,
}

/// What the next octets mean.
#[derive(Debug)]
pub(super) enum State {
    Chunk(Chunk),
    Closed,
    Command,
    Data(Content),
    Handshake,
    /// A line with a SASL response.
    Response(Exchange),
    /// A question is out: no octets are taken.
    Waiting(Waiting),
}

/// Which question is out, and what its answer needs.
#[derive(Debug)]
pub(super) enum Waiting {
    Accept,
    BeginChunk {
        remaining: u64,
        last: bool,
    },
    BeginData,
    /// `reply` is sent when the message is gone, and `then` is the state.
    Discard {
        reply: Vec<u8>,
        then: Box<State>,
    },
    MailFrom(Mailing),
    RcptTo(Recipient),
    Sasl(Exchange),
}

/// A transaction that is open.
#[derive(Debug)]
pub(super) struct Mailing {
    pub envelope: Envelope,
    /// Set between two chunks of BDAT: the message has begun.
    pub chunks: Option<Content>,
}

/// A chunk of BDAT on its way in.
#[derive(Debug)]
pub(super) struct Chunk {
    pub remaining: u64,
    pub last: bool,
    pub fate: Fate,
}

#[derive(Debug)]
pub(super) enum Fate {
    Keep {
        content: Content,
        octets: u64,
    },
    /// RFC 3030 §2: the octets come whatever we think of them. They are thrown away, then this is said.
    Refuse(Reply),
    /// The same for a message that had begun and was dropped. It is no error of a command, as after DATA, whether the
    /// fault is seen in the last octets or before them.
    Faulty(Canned),
}

impl<P> ServerSession<P> {
    pub fn new(config: Arc<Config>) -> Self {
        Self {
            config,
            state: State::Command,
            tls: None,
            greeting: None,
            account: None,
            mailing: None,
            auth_failures: 0,
            splitter: LineSplitter::default(),
            errors: 0,
            idle_commands: 0,
            draining: false,
            proof: PhantomData,
        }
    }

    pub(super) fn offers_starttls(&self) -> bool {
        self.tls.is_none() && matches!(self.config.tls, TlsMode::Starttls | TlsMode::StarttlsRequired)
    }

    pub(super) fn in_chunks(&self) -> bool {
        self.mailing.as_ref().is_some_and(|mailing| mailing.chunks.is_some())
    }

    /// Asks, and waits in the state that knows what the answer is for.
    pub(super) fn ask(&mut self, question: Ask, waiting: Waiting, out: &mut Outputs<Ask>) {
        self.state = State::Waiting(waiting);
        out.ask(question);
    }

    /// Replies to a mistake of the peer's.
    pub(super) fn complain(&mut self, canned: &Canned, out: &mut Outputs<Ask>) {
        canned.write(&mut out.wire.bytes);
        self.count_error(out);
    }

    /// Replies to a command that achieves nothing.
    pub(super) fn idle(&mut self, canned: &Canned, out: &mut Outputs<Ask>) {
        canned.write(&mut out.wire.bytes);
        self.count_idle(out);
    }

    pub(super) fn count_idle(&mut self, out: &mut Outputs<Ask>) {
        self.idle_commands += 1;
        if self.idle_commands >= limits::SMTP_IDLE_COMMANDS_MAX {
            self.hang_up(&reply::CLOSE_IDLE, out);
        }
    }

    fn count_error(&mut self, out: &mut Outputs<Ask>) {
        self.errors += 1;
        if self.errors >= limits::SMTP_ERRORS_MAX {
            self.hang_up(&reply::CLOSE_ERRORS, out);
        }
    }

    /// Passes the server's refusal on. Only 4yz and 5yz refuse; anything else would be a promise.
    pub(super) fn refuse(&mut self, refusal: Reply, out: &mut Outputs<Ask>) {
        let refusal = sound(refusal);
        reply::write_reply(&mut out.wire.bytes, &refusal);
        if refusal.code == 421 {
            self.state = State::Closed;
            out.close();
        } else if refusal.is_permanent() {
            self.count_error(out);
        }
    }

    pub(super) fn hang_up(&mut self, canned: &Canned, out: &mut Outputs<Ask>) {
        canned.write(&mut out.wire.bytes);
        self.state = State::Closed;
        out.close();
    }

    /// Has the begun message dropped; then `reply` is sent, and `then` is the state.
    pub(super) fn discard(&mut self, reply: Vec<u8>, then: State, out: &mut Outputs<Ask>) {
        self.ask(Ask::Discard, Waiting::Discard { reply, then: Box::new(then) }, out);
    }

    /// A message was accepted: whoever delivers mail may also err.
    pub(super) fn forgive(&mut self) {
        self.errors = 0;
        self.idle_commands = 0;
    }
}

/// A refusal that refuses.
pub(super) fn sound(refusal: Reply) -> Reply {
    if refusal.is_transient() || refusal.is_permanent() { refusal } else { reply::LOCAL_ERROR.to_reply() }
}
