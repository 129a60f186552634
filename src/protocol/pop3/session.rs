//! The session: its states, the TRANSACTION and UPDATE states' commands (RFC 1939 §5, §6).

use std::sync::Arc;

use super::command::{self, Command};
use super::{Answer, Ask, Config, Maildrop, Message};
use crate::ground::limits;
use crate::protocol::sasl::{self, Exchange};
use crate::protocol::wire::{LineSplitter, Split};
use crate::protocol::{ContentRef, Outputs, Phase, Session, TlsFacts};

type Out = Outputs<Ask>;

/// One connection, seen from the server.
#[derive(Debug)]
pub struct ServerSession {
    pub(super) config: Arc<Config>,
    pub(super) state: State,
    pub(super) tls: Option<TlsFacts>,
    /// What USER said; PASS uses it up.
    pub(super) user: Option<String>,
    pub(super) auth_failures: u32,
    /// There from login on.
    transaction: Option<Transaction>,
    splitter: LineSplitter,
    errors: u32,
}

/// What the next octets mean.
#[derive(Debug)]
pub(super) enum State {
    Closed,
    Command,
    Handshake,
    /// A line with a SASL response.
    Response(Exchange),
    /// A question is out: no octets are taken.
    Waiting(Waiting),
}

/// Which question is out.
#[derive(Debug)]
pub(super) enum Waiting {
    Fetch,
    Open,
    Password,
    Sasl(Exchange),
    Update,
}

/// The maildrop as the client sees it.
#[derive(Debug)]
struct Transaction {
    maildrop: Maildrop,
    /// One for each message: marked by DELE.
    deleted: Vec<bool>,
}

impl Transaction {
    /// Numbers and messages that are not marked.
    fn present(&self) -> impl Iterator<Item = (usize, &Message)> {
        let numbered = (1..).zip(&self.maildrop.messages).zip(&self.deleted);
        numbered.filter(|(_, deleted)| !**deleted).map(|(message, _)| message)
    }

    /// The message of that number, or what to say of it.
    fn message(&self, number: usize) -> Result<Message, &'static str> {
        let at = number.wrapping_sub(1);
        match (self.maildrop.messages.get(at), self.deleted.get(at)) {
            (Some(message), Some(false)) => Ok(*message),
            (Some(_), _) => Err("that message is deleted"),
            (None, _) => Err("no such message"),
        }
    }

    fn marked(&self) -> Vec<u32> {
        let both = self.maildrop.messages.iter().zip(&self.deleted);
        both.filter(|(_, deleted)| **deleted).map(|(message, _)| message.uid).collect()
    }

    fn size(&self) -> (usize, u64) {
        self.present().fold((0, 0), |(count, octets), (_, message)| (count + 1, octets + message.octets))
    }
}

impl ServerSession {
    pub fn new(config: Arc<Config>) -> Self {
        Self {
            config,
            state: State::Command,
            tls: None,
            user: None,
            auth_failures: 0,
            transaction: None,
            splitter: LineSplitter::default(),
            errors: 0,
        }
    }

    fn line(&mut self, text: &[u8], strict: bool, out: &mut Out) {
        match std::mem::replace(&mut self.state, State::Command) {
            // RFC 1939 §3: lines end with CRLF. Two readings of a line are one too many.
            _ if !strict => self.complain("a line ends with CRLF, and CR and LF appear nowhere else", out),
            State::Response(exchange) => self.sasl_response(exchange, text, out),
            _ => match command::parse(text) {
                Ok(command) => self.command(command, out),
                Err(mistake) => self.complain(mistake, out),
            },
        }
    }

    fn command(&mut self, command: Command<'_>, out: &mut Out) {
        if !matches!(command, Command::Pass(_)) {
            // RFC 1939 §7: PASS follows USER immediately.
            self.forget_user_unless(matches!(command, Command::User(_)));
        }
        match (command, self.transaction.is_some()) {
            (Command::Capa, _) => self.capabilities(out),
            (Command::Quit, false) => self.good_bye(out),
            (Command::Auth { mechanism, initial }, false) => self.auth(mechanism, initial, out),
            (Command::Pass(password), false) => self.pass(password, out),
            (Command::Stls, false) => self.stls(out),
            (Command::User(name), false) => self.user(name, out),
            (Command::Auth { .. } | Command::Pass(_) | Command::Stls | Command::User(_), true) => {
                self.complain("you are logged in already", out);
            }
            (_, false) => self.complain("log in first", out),
            (command, true) => self.in_transaction(command, out),
        }
    }

    fn forget_user_unless(&mut self, kept: bool) {
        if !kept {
            self.user = None;
        }
    }

    fn in_transaction(&mut self, command: Command<'_>, out: &mut Out) {
        let Some(transaction) = &mut self.transaction else { return };
        let done = match command {
            Command::Dele(number) => transaction.message(number).map(|_| {
                if let Some(deleted) = transaction.deleted.get_mut(number - 1) {
                    *deleted = true;
                }
                out.wire.push(b"+OK deleted when you QUIT\r\n");
            }),
            Command::List(None) => {
                let (count, octets) = transaction.size();
                out.wire.push(format!("+OK {count} messages ({octets} octets)\r\n").as_bytes());
                for (number, message) in transaction.present() {
                    out.wire.push(format!("{number} {}\r\n", message.octets).as_bytes());
                }
                out.wire.push(b".\r\n");
                Ok(())
            }
            Command::List(Some(number)) => transaction
                .message(number)
                .map(|message| out.wire.push(format!("+OK {number} {}\r\n", message.octets).as_bytes())),
            Command::Retr(number) => transaction.message(number).map(|message| self.fetch(message, None, out)),
            Command::Rset => {
                transaction.deleted.fill(false);
                out.wire.push(format!("+OK {} messages\r\n", transaction.deleted.len()).as_bytes());
                Ok(())
            }
            Command::Stat => {
                let (count, octets) = transaction.size();
                out.wire.push(format!("+OK {count} {octets}\r\n").as_bytes());
                Ok(())
            }
            Command::Top(number, lines) => {
                transaction.message(number).map(|message| self.fetch(message, Some(lines), out))
            }
            Command::Uidl(number) => uidl(transaction, number, out),
            Command::Quit => {
                self.update(out);
                Ok(())
            }
            _ => {
                out.wire.push(b"+OK\r\n");
                Ok(())
            }
        };
        if let Err(mistake) = done {
            // A number that is wrong is an ordinary answer, not a broken client.
            out.wire.push(format!("-ERR {mistake}\r\n").as_bytes());
        }
    }

    fn fetch(&mut self, message: Message, lines: Option<u64>, out: &mut Out) {
        self.state = State::Waiting(Waiting::Fetch);
        out.ask(Ask::Fetch { uid: message.uid, lines });
    }

    fn fetched(&mut self, content: ContentRef, octets: u64, out: &mut Out) {
        out.wire.push(format!("+OK {octets} octets\r\n").as_bytes());
        // RFC 1939 §3: a line that begins with a dot gets another; `.` alone ends the answer.
        out.wire.splice(content, 0..octets, true);
        out.wire.push(b".\r\n");
    }

    /// RFC 1939 §6: the UPDATE state.
    fn update(&mut self, out: &mut Out) {
        let uids = self.transaction.as_ref().map(Transaction::marked).unwrap_or_default();
        if uids.is_empty() {
            return self.good_bye(out);
        }
        self.state = State::Waiting(Waiting::Update);
        out.ask(Ask::Update { uids });
    }

    /// How many messages the client will see.
    pub(super) fn enter_transaction(&mut self, mut maildrop: Maildrop) -> usize {
        let surplus = maildrop.messages.len().saturating_sub(limits::POP3_MESSAGES_MAX);
        maildrop.messages.drain(..surplus);
        let count = maildrop.messages.len();
        let deleted = vec![false; count];
        self.transaction = Some(Transaction { maildrop, deleted });
        count
    }

    /// A line that is wrong as such. A peer that sends nothing else is hung up.
    pub(super) fn complain(&mut self, mistake: &str, out: &mut Out) {
        out.wire.push(format!("-ERR {mistake}\r\n").as_bytes());
        self.errors += 1;
        if self.errors >= limits::POP3_ERRORS_MAX {
            self.close(out);
        }
    }

    fn good_bye(&mut self, out: &mut Out) {
        out.wire.push(b"+OK good-bye\r\n");
        self.close(out);
    }

    pub(super) fn close(&mut self, out: &mut Out) {
        self.state = State::Closed;
        out.close();
    }
}

/// RFC 1939 §7: a unique-id is 1 to 70 printable characters and stays the message's for ever. UIDVALIDITY
/// and UID (RFC 9051 §2.3.1.1) are that.
fn uidl(transaction: &Transaction, number: Option<usize>, out: &mut Out) -> Result<(), &'static str> {
    let uidvalidity = transaction.maildrop.uidvalidity;
    let Some(number) = number else {
        out.wire.push(b"+OK\r\n");
        for (number, message) in transaction.present() {
            out.wire.push(format!("{number} {uidvalidity}.{}\r\n", message.uid).as_bytes());
        }
        out.wire.push(b".\r\n");
        return Ok(());
    };
    let message = transaction.message(number)?;
    out.wire.push(format!("+OK {number} {uidvalidity}.{}\r\n", message.uid).as_bytes());
    Ok(())
}

impl Session for ServerSession {
    type Ask = Ask;
    type Answer = Answer;

    fn open(&mut self, out: &mut Out) {
        out.wire.push(format!("+OK {} POP3 ready\r\n", self.config.host).as_bytes());
    }

    fn feed(&mut self, input: &[u8], out: &mut Out) -> usize {
        let mut consumed = 0;
        while out.request.is_none() {
            // A long answer is sent before the next pipelined command is looked at; one is always looked at,
            // because taking nothing means that more bytes are needed.
            if consumed > 0 && out.wire.bytes.len() >= limits::WRITE_BUFFER_OCTETS {
                break;
            }
            let Some(rest) = input.get(consumed..).filter(|rest| !rest.is_empty()) else { break };
            match &self.state {
                State::Closed => return input.len(),
                State::Handshake | State::Waiting(_) => break,
                State::Command | State::Response(_) => {}
            }
            match self.splitter.split(rest, limits::POP3_LINE_OCTETS_MAX) {
                Split::Incomplete { consumed: skipped } => return consumed + skipped,
                Split::Line { text, strict, consumed: taken } => {
                    consumed += taken;
                    self.line(text, strict, out);
                }
                Split::TooLong { consumed: taken } => {
                    consumed += taken;
                    self.state = State::Command;
                    self.complain("the line is too long", out);
                }
            }
        }
        consumed
    }

    fn answer(&mut self, answer: Answer, out: &mut Out) {
        let waiting = match std::mem::replace(&mut self.state, State::Command) {
            State::Waiting(waiting) => waiting,
            state => return self.state = state,
        };
        match (waiting, answer) {
            (Waiting::Fetch, Answer::Content { content, octets }) => self.fetched(content, octets, out),
            (Waiting::Fetch, Answer::Gone) => out.wire.push(b"-ERR the message was removed meanwhile\r\n"),
            (Waiting::Open, Answer::Maildrop(maildrop)) => self.maildrop_opened(maildrop, out),
            (Waiting::Password, Answer::Sasl(answer)) => self.password_checked(answer, out),
            (Waiting::Sasl(mut exchange), Answer::Sasl(answer)) => {
                let step = exchange.answer(answer);
                self.take_step(exchange, step, out);
            }
            (Waiting::Update, Answer::Updated) => self.good_bye(out),
            (Waiting::Update, _) => {
                // RFC 1939 §6: the client is told that not all marked messages are removed; here none is.
                out.wire.push(b"-ERR [SYS/TEMP] nothing was removed\r\n");
                self.close(out);
            }
            (Waiting::Password, _) => self.password_checked(sasl::Answer::Unavailable, out),
            (Waiting::Sasl(mut exchange), _) => {
                let step = exchange.answer(sasl::Answer::Unavailable);
                self.take_step(exchange, step, out);
            }
            (Waiting::Fetch | Waiting::Open, _) => {
                out.wire.push(b"-ERR [SYS/TEMP] the mailbox cannot be read now\r\n");
            }
        }
    }

    fn tls_established(&mut self, facts: TlsFacts, _out: &mut Out) {
        // RFC 2595 §4: what was said in clear is forgotten. There is no second greeting.
        self.tls = Some(facts);
        self.user = None;
        self.state = State::Command;
        self.splitter = LineSplitter::default();
    }

    fn timed_out(&mut self, out: &mut Out) {
        // RFC 1939 §3: no answer, and no message is removed.
        self.close(out);
    }

    fn shut_down(&mut self, out: &mut Out) {
        let marked = self.transaction.as_ref().is_some_and(|transaction| transaction.deleted.contains(&true));
        // What DELE marked waits for the client's QUIT: otherwise it would fetch the same messages again.
        if matches!(self.state, State::Command) && !marked {
            out.wire.push(b"-ERR [SYS/TEMP] the server goes down\r\n");
            self.close(out);
        }
    }

    fn phase(&self) -> Phase {
        if self.transaction.is_some() { Phase::Authenticated } else { Phase::Command }
    }
}
