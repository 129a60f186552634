//! Protocol sessions: state machines without I/O.
//!
//! A session is fed bytes and facts and leaves behind what it wants written, the message bytes it
//! decoded, and at most one request. It never reads a clock, opens a socket, touches a file or knows an
//! account: when it needs the world (is this password right, is the message durable) it asks, and
//! consumes nothing more until it is answered. One driver in `runtime/net` serves all of them.
//!
//! Invariants: a session never panics on any input; it holds a bounded amount of memory, since message
//! bytes leave through [`Outputs::body`] and stored content is only referred to ([`Splice`]).

pub mod imap;
pub mod pop3;
pub mod proxy;
pub mod sasl;
pub mod smtp;
pub mod wire;

/// A stored message's content as the store knows it; opaque to sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ContentRef(pub i64);

/// Stored bytes to be sent in the middle of [`Wire::bytes`]; the driver reads and sends them in pieces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Splice {
    /// Offset in [`Wire::bytes`] before which the content goes.
    pub at: usize,
    pub content: ContentRef,
    /// Octets of the content to send.
    pub range: std::ops::Range<u64>,
    /// RFC 5321 §4.5.2, RFC 1939 §3: double a dot that begins a line. The content starts at a line's
    /// begin; if it does not end with CRLF, one is added. The closing `.` line is the session's.
    pub dot_stuffed: bool,
}

/// Bytes for the peer, with stored content spliced in. Splices are in the order of their offsets.
#[derive(Debug, Default)]
pub struct Wire {
    pub bytes: Vec<u8>,
    pub splices: Vec<Splice>,
}

impl Wire {
    pub fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    pub fn splice(&mut self, content: ContentRef, range: std::ops::Range<u64>, dot_stuffed: bool) {
        let at = self.bytes.len();
        self.splices.push(Splice { at, content, range, dot_stuffed });
    }

    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty() && self.splices.is_empty()
    }
}

/// What a session waits for. While one is pending the driver feeds nothing.
#[derive(Debug)]
pub enum Request<Q> {
    /// A question to the server; [`Session::answer`] follows.
    Ask(Q),
    /// Flush, then close. Nothing follows.
    Close,
    /// Flush, then do the TLS handshake; [`Session::tls_established`] follows. Whatever the peer had
    /// already sent in clear is thrown away and counted as an attack (RFC 3207 §6, CVE-2011-0411).
    StartTls,
}

/// What one call left behind. The driver owns it, empties it and hands it in again.
#[derive(Debug)]
pub struct Outputs<Q> {
    pub wire: Wire,
    /// Message bytes, decoded from the transfer (dots removed, chunks joined), to be appended to the
    /// message being received.
    pub body: Vec<u8>,
    pub request: Option<Request<Q>>,
}

impl<Q> Default for Outputs<Q> {
    fn default() -> Self {
        Self { wire: Wire::default(), body: Vec::new(), request: None }
    }
}

impl<Q> Outputs<Q> {
    pub fn ask(&mut self, question: Q) {
        self.request = Some(Request::Ask(question));
    }

    pub fn close(&mut self) {
        self.request = Some(Request::Close);
    }
}

/// The facts of a TLS connection that a session may need.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFacts {
    /// For the Received field: `TLSv1.3`.
    pub version: String,
    /// For the Received field: `TLS13_AES_256_GCM_SHA384`.
    pub cipher: String,
    /// RFC 9266 §2 tls-exporter bytes, present where channel binding may be offered (TLS 1.3).
    pub exporter: Option<[u8; 32]>,
}

/// What the driver is waiting for, so that it can choose the right time-out from the plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// A command; the peer has not logged in (or, on port 25, never will).
    Command,
    /// Message bytes.
    Data,
    /// A command of a logged-in user.
    Authenticated,
    /// IMAP IDLE (RFC 2177).
    Idle,
}

/// One side of a protocol conversation.
pub trait Session {
    type Ask: Send;
    type Answer: Send;

    /// The connection is there (for implicit TLS: `tls_established` came first). Writes the greeting.
    fn open(&mut self, out: &mut Outputs<Self::Ask>);

    /// Consumes a prefix of `input` and says how long it was. Stops early when it makes a request.
    /// Consuming nothing without a request means: more bytes are needed. A session must consume or
    /// close before `limits::READ_BUFFER_OCTETS` octets have piled up.
    fn feed(&mut self, input: &[u8], out: &mut Outputs<Self::Ask>) -> usize;

    /// The answer to the pending question.
    fn answer(&mut self, answer: Self::Answer, out: &mut Outputs<Self::Ask>);

    /// TLS stands. After STARTTLS everything learnt before is forgotten (RFC 3207 §4.2).
    fn tls_established(&mut self, facts: TlsFacts, out: &mut Outputs<Self::Ask>);

    /// The peer was silent for too long. Says goodbye and closes.
    fn timed_out(&mut self, out: &mut Outputs<Self::Ask>);

    /// The server drains: say goodbye as soon as no transaction is open. May be called again.
    fn shut_down(&mut self, out: &mut Outputs<Self::Ask>);

    /// Something changed in what [`Session::watches`] named.
    fn notified(&mut self, _out: &mut Outputs<Self::Ask>) {}

    /// The mailbox whose changes the session wants to hear of while it waits for input.
    fn watches(&self) -> Option<i64> {
        None
    }

    fn phase(&self) -> Phase;
}
