//! The server's side of one connection: states, commands, answers.
//!
//! One command is in work at a time: `waiting` names the question that is out and what its answer completes.
//! Each group of commands has its file: `auth`, `mailbox` (and `list`), `select`, `fetch`, `message`
//! (STORE, EXPUNGE, COPY, MOVE, SEARCH), `append`; `sync` tells of changes that others made.

mod append;
mod auth;
mod fetch;
mod list;
mod mailbox;
mod message;
mod select;
mod sync;
mod view;

use crate::ground::limits::{IMAP_ERRORS_MAX, WRITE_BUFFER_OCTETS};
use crate::protocol::imap::command::{Append, Command};
use crate::protocol::imap::ext::literal_plus::{Announced, SKIP_OCTETS_MAX};
use crate::protocol::imap::ext::{id, idle, namespace};
use crate::protocol::imap::parse::frame::{Event, Frame};
use crate::protocol::imap::parse::{self, Tagged, Unreadable};
use crate::protocol::imap::question::{Answer, Ask, Refusal, RefusalCode};
use crate::protocol::sasl::Exchange;
use crate::protocol::{Outputs, Phase, Request, Session, TlsFacts};
use crate::vocabulary::mail::Address;

pub use fetch::FETCH_BATCH_MAX;
use fetch::FetchJob;
use message::StoreJob;
use view::View;

type Out = Outputs<Ask>;

/// What the listener promises.
#[derive(Debug, Clone)]
pub struct Config {
    /// Shown in the greeting.
    pub host: String,
    pub tls: TlsOffer,
    /// The largest message that APPEND takes.
    pub message_octets_max: u64,
}

/// How TLS comes about. Whatever is said here, nobody logs in before it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TlsOffer {
    /// The connection begins with it.
    Implicit,
    /// There is none, so nobody can log in.
    None,
    Starttls,
}

/// A session. See [`Session`] for how it is driven.
#[derive(Debug)]
pub struct ServerSession {
    config: Config,
    tls: Option<TlsFacts>,
    account: Option<Address>,
    selected: Option<View>,
    frame: Frame,
    reading: Reading,
    waiting: Waiting,
    login_failures: u32,
    errors: u32,
    /// The server drains: goodbye after the command in work.
    draining: bool,
}

/// What the next octets are.
#[derive(Debug)]
enum Reading {
    Command,
    /// Lines until DONE.
    Idle {
        tag: String,
    },
    /// Octets of APPEND's message.
    Message {
        tag: String,
        append: Append,
        left: u64,
    },
    /// The rest of APPEND's line, which must be empty.
    MessageEnd {
        tag: String,
        append: Append,
    },
    /// A response to a challenge.
    Sasl {
        tag: String,
        exchange: Box<Exchange>,
    },
    /// Octets of a literal that nobody wants, then the rest of its line.
    Skip {
        left: u64,
    },
}

/// The question that is out, and what its answer completes.
#[derive(Debug)]
enum Waiting {
    AppendBegin {
        tag: String,
        append: Append,
        literal: Announced,
    },
    AppendFinish {
        tag: String,
    },
    Auth {
        tag: String,
        exchange: Box<Exchange>,
    },
    Close {
        tag: String,
    },
    Copy {
        tag: String,
        removing: bool,
    },
    /// `Done` is followed by this.
    Done {
        tag: String,
        text: &'static str,
    },
    /// Whatever the answer, this line follows.
    Discard {
        line: String,
    },
    Expunge {
        tag: String,
        uid: bool,
    },
    Fetch(FetchJob),
    Id {
        tag: String,
    },
    IdleSync,
    List {
        tag: String,
        list: crate::protocol::imap::command::List,
    },
    Lsub {
        tag: String,
        pattern: String,
    },
    Nothing,
    Quota {
        tag: String,
        mailbox: Option<String>,
    },
    QuotaMailbox {
        tag: String,
    },
    Search {
        tag: String,
        uid: bool,
    },
    Select {
        tag: String,
        read_only: bool,
    },
    Status {
        tag: String,
        items: Vec<crate::protocol::imap::command::StatusItem>,
    },
    Store(StoreJob),
    /// Changes are told, EXPUNGE among them if it may be, then this line.
    Sync {
        line: String,
        expunge: bool,
    },
}

impl ServerSession {
    pub fn new(config: Config) -> Self {
        Self {
            config,
            tls: None,
            account: None,
            selected: None,
            frame: Frame::default(),
            reading: Reading::Command,
            waiting: Waiting::Nothing,
            login_failures: 0,
            errors: 0,
            draining: false,
        }
    }

    /// Who has logged in, for the log.
    pub fn account(&self) -> Option<&Address> {
        self.account.as_ref()
    }

    /// Consumes one piece of input, at least one octet of it.
    fn step(&mut self, input: &[u8], out: &mut Out) -> usize {
        match &mut self.reading {
            Reading::Message { .. } => self.take_message(input, out),
            Reading::Skip { left } if *left > 0 => {
                let skipped = usize::try_from(*left).map_or(input.len(), |left| left.min(input.len()));
                *left -= skipped as u64;
                skipped
            }
            _ => {
                let (consumed, event) = self.frame.feed(input);
                self.framed(event, out);
                consumed
            }
        }
    }

    fn framed(&mut self, event: Event, out: &mut Out) {
        if event == Event::More {
            return;
        }
        match std::mem::replace(&mut self.reading, Reading::Command) {
            Reading::Sasl { tag, exchange } => {
                let line = self.frame.take();
                let line = if event == Event::Command { Some(line) } else { None };
                self.sasl_response(tag, exchange, line.as_deref(), out);
            }
            Reading::Idle { tag } => {
                let line = self.frame.take();
                if event == Event::Command && idle::is_done(&line) {
                    self.finish(tagged(&tag, "OK IDLE terminated"), true, out);
                } else {
                    self.bad(&tag, "DONE was expected", out);
                }
            }
            Reading::MessageEnd { tag, append } => self.message_ended(tag, append, event, out),
            Reading::Skip { .. } => {
                // The refusal is said already; only a literal on the same line may still follow.
                self.frame.take();
                if let Event::Literal(literal) = event {
                    self.skip_literal(literal, out);
                }
            }
            Reading::Command | Reading::Message { .. } => self.command_framed(event, out),
        }
    }

    fn command_framed(&mut self, event: Event, out: &mut Out) {
        match event {
            Event::More => {}
            Event::Literal(literal) => self.literal_announced(literal, out),
            Event::Command => {
                let octets = self.frame.take();
                match parse::command(&octets) {
                    Ok(Tagged { tag, command }) => self.execute(tag, command, out),
                    Err(Unreadable { tag, why }) => self.bad(tag.as_deref().unwrap_or("*"), why.0, out),
                }
            }
            Event::Refused(why) => {
                let tag = parse::command(&self.frame.take()).err().and_then(|e| e.tag);
                self.bad(tag.as_deref().unwrap_or("*"), why, out);
            }
        }
    }

    fn execute(&mut self, tag: String, command: Command, out: &mut Out) {
        match command {
            Command::Capability => {
                let line = format!("* CAPABILITY {}\r\n", self.capabilities());
                out.wire.push(line.as_bytes());
                self.ok(&tag, "CAPABILITY completed", out);
            }
            Command::Noop => self.ok(&tag, "NOOP completed", out),
            Command::Id { parameters } => self.ask(Ask::Id { parameters }, Waiting::Id { tag }, out),
            Command::Logout => {
                out.wire.push(b"* BYE logging out\r\n");
                out.wire.push(tagged(&tag, "OK LOGOUT completed").as_bytes());
                out.close();
            }
            Command::Authenticate { mechanism, initial } => self.authenticate(tag, &mechanism, initial, out),
            Command::Login { user, password } => self.login(tag, &user, &password, out),
            Command::StartTls => self.starttls(&tag, out),
            command if self.account.is_some() => self.execute_authenticated(tag, command, out),
            _ => self.bad(&tag, "log in first", out),
        }
    }

    fn execute_authenticated(&mut self, tag: String, command: Command, out: &mut Out) {
        match command {
            Command::Enable { .. } => {
                out.wire.push(b"* ENABLED\r\n");
                self.ok(&tag, "ENABLE completed", out);
            }
            Command::Namespace => {
                out.wire.push(namespace::RESPONSE);
                self.ok(&tag, "NAMESPACE completed", out);
            }
            Command::Select { mailbox } => self.select(tag, mailbox, false, out),
            Command::Examine { mailbox } => self.select(tag, mailbox, true, out),
            Command::SetQuota => {
                self.no(&tag, Some(RefusalCode::NoPerm), "quotas are set in the server's configuration", out);
            }
            Command::Idle => {
                out.wire.push(idle::CONTINUATION);
                self.reading = Reading::Idle { tag };
                self.ask_sync(Waiting::IdleSync, out);
            }
            command @ (Command::Create { .. }
            | Command::Delete { .. }
            | Command::GetQuota { .. }
            | Command::GetQuotaRoot { .. }
            | Command::List(_)
            | Command::Lsub { .. }
            | Command::Rename { .. }
            | Command::Status { .. }
            | Command::Subscribe { .. }
            | Command::Unsubscribe { .. }) => self.execute_mailbox(tag, command, out),
            command => match self.selected.take() {
                Some(view) => self.execute_selected(tag, command, view, out),
                None => self.bad(&tag, "select a mailbox first", out),
            },
        }
    }

    /// `view` is taken out of the session and goes back before anything else happens.
    fn execute_selected(&mut self, tag: String, command: Command, view: View, out: &mut Out) {
        match command {
            Command::Close if !view.read_only => {
                let ask = Ask::Expunge { mailbox: view.mailbox, uids: None };
                return self.ask(ask, Waiting::Close { tag }, out);
            }
            Command::Close => return self.ok(&tag, "CLOSE completed", out),
            Command::Unselect => return self.ok(&tag, "UNSELECT completed", out),
            _ => {}
        }
        let view = self.selected.insert(view);
        match command {
            Command::Check => self.ok(&tag, "CHECK completed", out),
            Command::Fetch { uid, set, items } => match FetchJob::new(&tag, view, uid, &set, items) {
                Ok(job) => self.fetch(job, out),
                Err(why) => self.bad(&tag, why.0, out),
            },
            command => self.execute_on_messages(tag, command, out),
        }
    }

    // ── Outgoing ────────────────────────────────────────────────────────────────────────────────

    fn ask(&mut self, ask: Ask, waiting: Waiting, out: &mut Out) {
        self.waiting = waiting;
        out.ask(ask);
    }

    /// Completes a command: what others changed in the selected mailbox first, then `line`.
    fn finish(&mut self, line: String, expunge: bool, out: &mut Out) {
        if self.selected.is_some() {
            self.ask_sync(Waiting::Sync { line, expunge }, out);
        } else {
            out.wire.push(line.as_bytes());
            self.rest(out);
        }
    }

    fn ok(&mut self, tag: &str, text: &str, out: &mut Out) {
        self.finish(tagged(tag, &format!("OK {text}")), true, out);
    }

    fn no(&mut self, tag: &str, code: Option<RefusalCode>, text: &str, out: &mut Out) {
        self.finish(refused(tag, code, text), true, out);
    }

    fn refuse(&mut self, tag: &str, refusal: &Refusal, out: &mut Out) {
        self.no(tag, refusal.code, refusal.text, out);
    }

    /// RFC 3501 §7.1.3. A peer that does not speak IMAP is not kept for long.
    fn bad(&mut self, tag: &str, text: &str, out: &mut Out) {
        self.errors += 1;
        out.wire.push(tagged(tag, &format!("BAD {text}")).as_bytes());
        if self.errors >= IMAP_ERRORS_MAX {
            self.bye("too many errors", out);
        } else {
            self.rest(out);
        }
    }

    fn bye(&mut self, text: &str, out: &mut Out) {
        out.wire.push(format!("* BYE {text}\r\n").as_bytes());
        out.close();
    }

    /// Between two commands: the moment to go when the server drains.
    fn rest(&mut self, out: &mut Out) {
        if self.draining && out.request.is_none() && matches!(self.reading, Reading::Command) {
            self.bye("the server is shutting down", out);
        }
    }

    /// An answer that does not fit the question: ours is the fault, and the peer is told so.
    fn misanswered(&mut self, out: &mut Out) {
        self.bye("internal error", out);
    }

    // ── Literals ────────────────────────────────────────────────────────────────────────────────

    fn literal_announced(&mut self, literal: Announced, out: &mut Out) {
        let prefix = self.frame.prefix(literal);
        match parse::append(prefix, literal.octets) {
            Some(Ok((tag, append))) => {
                self.frame.take();
                self.append(tag, append, literal, out);
            }
            Some(Err(Unreadable { tag, why })) => {
                self.frame.take();
                self.refuse_literal(literal, tagged(tag.as_deref().unwrap_or("*"), &format!("BAD {why}")), out);
            }
            None => {
                let tag = parse::command(prefix).err().and_then(|e| e.tag).unwrap_or_else(|| "*".to_owned());
                if !self.frame.collect(literal) {
                    self.frame.take();
                    let line = refused(&tag, Some(RefusalCode::TooBig), "the literal is too long");
                    return self.refuse_literal(literal, line, out);
                }
                if literal.synchronising {
                    out.wire.push(b"+ go ahead\r\n");
                }
            }
        }
    }

    /// Says `line` instead of `+`, and throws away what comes nevertheless.
    fn refuse_literal(&mut self, literal: Announced, line: String, out: &mut Out) {
        self.errors += 1;
        out.wire.push(line.as_bytes());
        if self.errors >= IMAP_ERRORS_MAX {
            return self.bye("too many errors", out);
        }
        self.skip_literal(literal, out);
    }

    fn skip_literal(&mut self, literal: Announced, out: &mut Out) {
        if literal.synchronising {
            self.rest(out);
        } else if literal.octets > SKIP_OCTETS_MAX {
            self.bye("the literal is too long", out);
        } else {
            self.reading = Reading::Skip { left: literal.octets };
        }
    }
}

/// `tag text CRLF`.
fn tagged(tag: &str, text: &str) -> String {
    format!("{tag} {text}\r\n")
}

fn refused(tag: &str, code: Option<RefusalCode>, text: &str) -> String {
    match code {
        Some(code) => format!("{tag} NO [{}] {text}\r\n", code.name()),
        None => format!("{tag} NO {text}\r\n"),
    }
}

impl Session for ServerSession {
    type Ask = Ask;
    type Answer = Answer;

    fn open(&mut self, out: &mut Out) {
        let greeting = format!("* OK [CAPABILITY {}] {} IMAP4rev1 ready\r\n", self.capabilities(), self.config.host);
        out.wire.push(greeting.as_bytes());
    }

    fn feed(&mut self, input: &[u8], out: &mut Out) -> usize {
        let mut consumed = 0;
        // At least one step, so that a full write buffer is never taken for a wish for more input.
        while consumed < input.len() {
            consumed += self.step(&input[consumed..], out);
            if out.request.is_some() || out.wire.bytes.len() >= WRITE_BUFFER_OCTETS {
                break;
            }
        }
        consumed
    }

    fn answer(&mut self, answer: Answer, out: &mut Out) {
        match std::mem::replace(&mut self.waiting, Waiting::Nothing) {
            Waiting::AppendBegin { tag, append, literal } => self.append_begun(tag, append, literal, answer, out),
            Waiting::AppendFinish { tag } => self.append_finished(&tag, answer, out),
            Waiting::Auth { tag, exchange } => self.auth_answered(tag, exchange, answer, out),
            Waiting::Close { tag } => match answer {
                Answer::Expunged { .. } => self.ok(&tag, "CLOSE completed", out),
                Answer::No(refusal) => self.refuse(&tag, &refusal, out),
                _ => self.misanswered(out),
            },
            Waiting::Copy { tag, removing } => self.copied(&tag, removing, answer, out),
            Waiting::Discard { line } => {
                out.wire.push(line.as_bytes());
                self.rest(out);
            }
            Waiting::Done { tag, text } => match answer {
                Answer::Done => self.ok(&tag, text, out),
                Answer::No(refusal) => self.refuse(&tag, &refusal, out),
                _ => self.misanswered(out),
            },
            Waiting::Expunge { tag, uid } => self.expunged(&tag, uid, answer, out),
            Waiting::Fetch(job) => self.fetched(job, answer, out),
            Waiting::Id { tag } => {
                out.wire.push(id::RESPONSE);
                self.ok(&tag, "ID completed", out);
            }
            Waiting::IdleSync => self.idle_synced(answer, out),
            Waiting::List { tag, list } => self.listed(&tag, &list, answer, out),
            Waiting::Lsub { tag, pattern } => self.lsub_listed(&tag, &pattern, answer, out),
            Waiting::Nothing => self.misanswered(out),
            Waiting::Quota { tag, mailbox } => self.quota_answered(&tag, mailbox.as_deref(), answer, out),
            Waiting::QuotaMailbox { tag } => self.quota_mailbox(tag, answer, out),
            Waiting::Search { tag, uid } => self.found(&tag, uid, answer, out),
            Waiting::Select { tag, read_only } => self.mailbox_selected(&tag, read_only, answer, out),
            Waiting::Status { tag, items } => self.status_answered(&tag, &items, answer, out),
            Waiting::Store(job) => self.stored(job, answer, out),
            Waiting::Sync { line, expunge } => self.synced(line, expunge, answer, out),
        }
    }

    fn tls_established(&mut self, facts: TlsFacts, _out: &mut Out) {
        // RFC 3501 §6.2.1: what was learnt before is forgotten; there was no login.
        self.frame = Frame::default();
        self.reading = Reading::Command;
        self.tls = Some(facts);
    }

    fn timed_out(&mut self, out: &mut Out) {
        // RFC 3501 §5.4.
        self.bye("autologout; idle for too long", out);
    }

    fn shut_down(&mut self, out: &mut Out) {
        self.draining = true;
        if matches!(self.reading, Reading::Idle { .. }) {
            self.reading = Reading::Command;
        }
        if matches!(self.waiting, Waiting::Nothing) {
            self.rest(out);
        }
    }

    fn notified(&mut self, out: &mut Out) {
        let free = matches!(self.waiting, Waiting::Nothing) && out.request.is_none();
        if free && self.selected.is_some() && matches!(self.reading, Reading::Idle { .. }) {
            self.ask_sync(Waiting::IdleSync, out);
        }
    }

    /// From SELECT on, so that no change falls between a command and IDLE.
    fn watches(&self) -> Option<i64> {
        self.selected.as_ref().map(|view| view.mailbox)
    }

    fn phase(&self) -> Phase {
        match self.reading {
            Reading::Idle { .. } => Phase::Idle,
            Reading::Message { .. } | Reading::MessageEnd { .. } | Reading::Skip { .. } => Phase::Data,
            _ if self.account.is_some() => Phase::Authenticated,
            _ => Phase::Command,
        }
    }
}

impl ServerSession {
    fn starttls(&mut self, tag: &str, out: &mut Out) {
        if self.tls.is_some() {
            return self.bad(tag, "TLS stands already", out);
        }
        if self.config.tls != TlsOffer::Starttls {
            return self.bad(tag, "STARTTLS is not offered", out);
        }
        out.wire.push(tagged(tag, "OK begin TLS negotiation").as_bytes());
        out.request = Some(Request::StartTls);
    }
}
