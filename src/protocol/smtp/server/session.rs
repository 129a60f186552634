//! The session as the driver sees it, and which command is answered where.

use super::command::{self, Verb};
use super::reply::{self, Canned, mistake};
use super::state::{ServerSession, State, Waiting, sound};
use super::{Answer, Ask, Kind, TlsMode};
use crate::ground::limits;
use crate::protocol::wire::{LineSplitter, Split};
use crate::protocol::{Outputs, Phase, Request, Session, TlsFacts};
use crate::vocabulary::mail::Reply;

impl<P> ServerSession<P> {
    /// Takes what `input` begins with; 0 if it is not complete.
    fn step(&mut self, input: &[u8], out: &mut Outputs<Ask>) -> usize {
        match &mut self.state {
            State::Command | State::Response(_) => match self.splitter.split(input, limits::SMTP_COMMAND_OCTETS_MAX) {
                Split::Incomplete { consumed } => consumed,
                Split::Line { text, strict, consumed } => {
                    self.line(text, strict, out);
                    consumed
                }
                Split::TooLong { consumed } => {
                    self.line_too_long(out);
                    consumed
                }
            },
            State::Chunk(_) => self.feed_chunk(input, out),
            State::Data(_) => self.feed_data(input, out),
            State::Closed => input.len(),
            State::Handshake | State::Waiting(_) => 0,
        }
    }

    fn line(&mut self, text: &[u8], strict: bool, out: &mut Outputs<Ask>) {
        match std::mem::replace(&mut self.state, State::Command) {
            // RFC 5321 §2.3.8: a lenient reading of line ends is somebody else's smuggling.
            _ if !strict => self.complain(&mistake::BARE_LINE_END, out),
            State::Response(exchange) => self.sasl_response(exchange, text, out),
            _ => match command::split(text) {
                Ok((verb, argument)) => self.command(verb, argument, out),
                Err(canned) => self.complain(&canned, out),
            },
        }
    }

    fn line_too_long(&mut self, out: &mut Outputs<Ask>) {
        match std::mem::replace(&mut self.state, State::Command) {
            State::Response(_) => self.complain(&mistake::SASL_LINE_TOO_LONG, out),
            _ => self.complain(&mistake::LINE_TOO_LONG, out),
        }
    }

    fn command(&mut self, verb: Verb, argument: &str, out: &mut Outputs<Ask>) {
        if verb == Verb::Bdat {
            // Octets follow, whatever we think of the command.
            return self.bdat(argument, out);
        }
        if let Some(canned) = self.barred(verb) {
            return self.complain(&canned, out);
        }
        let takes_none = matches!(verb, Verb::Data | Verb::Quit | Verb::Rset | Verb::Starttls);
        if takes_none && !argument.is_empty() {
            return self.complain(&mistake::NO_ARGUMENT, out);
        }
        match verb {
            Verb::Auth => self.auth(argument, out),
            Verb::Bdat => {}
            Verb::Data => self.data(out),
            Verb::Ehlo => self.hello(argument, true, out),
            Verb::Expn => self.complain(&mistake::NOT_IMPLEMENTED, out),
            Verb::Helo => self.hello(argument, false, out),
            Verb::Help => self.idle(&reply::HELP, out),
            Verb::Http => self.hang_up(&reply::CLOSE_WEB, out),
            Verb::Mail => self.mail(argument, out),
            Verb::Noop => self.idle(&reply::OK, out),
            Verb::Quit => self.hang_up(&reply::BYE, out),
            Verb::Rcpt => self.rcpt(argument, out),
            Verb::Rset => self.rset(out),
            Verb::Starttls => self.starttls(out),
            Verb::Vrfy if argument.is_empty() => self.complain(&mistake::ARGUMENT_MISSING, out),
            Verb::Vrfy => self.idle(&reply::CANNOT_VRFY, out),
        }
    }

    /// Why `verb` may not be used yet, whatever its argument.
    pub(super) fn barred(&self, verb: Verb) -> Option<Canned> {
        let needs_tls = self.config.kind == Kind::Submission || self.config.tls == TlsMode::StarttlsRequired;
        if self.tls.is_none() && needs_tls {
            return match verb {
                Verb::Ehlo | Verb::Http | Verb::Noop | Verb::Quit | Verb::Starttls => None,
                _ if self.offers_starttls() => Some(mistake::TLS_FIRST),
                _ => Some(mistake::TLS_MISSING),
            };
        }
        let needs_login = self.config.kind == Kind::Submission && verb == Verb::Mail;
        (needs_login && self.account.is_none()).then_some(mistake::AUTH_FIRST)
    }

    fn starttls(&mut self, out: &mut Outputs<Ask>) {
        if self.tls.is_some() {
            return self.complain(&mistake::TLS_ALREADY, out);
        }
        if !self.offers_starttls() {
            return self.complain(&mistake::NO_TLS_HERE, out);
        }
        if self.in_chunks() {
            return self.complain(&mistake::IN_CHUNKS, out);
        }
        reply::TLS_READY.write(&mut out.wire.bytes);
        self.state = State::Handshake;
        out.request = Some(Request::StartTls);
    }

    /// Goes down if that was asked for and nobody loses anything by it.
    fn drain(&mut self, out: &mut Outputs<Ask>) {
        let at_rest = matches!(self.state, State::Command | State::Response(_)) && self.mailing.is_none();
        if self.draining && at_rest && out.request.is_none() {
            self.hang_up(&reply::CLOSE_SHUTDOWN, out);
        }
    }
}

impl<P: Send> Session for ServerSession<P> {
    type Ask = Ask;
    type Answer = Answer<P>;

    fn open(&mut self, out: &mut Outputs<Ask>) {
        let greeting = format!("{} ESMTP", self.config.host);
        reply::write_line(&mut out.wire.bytes, 220, b' ', None, &greeting);
    }

    fn feed(&mut self, input: &[u8], out: &mut Outputs<Ask>) -> usize {
        let mut consumed = 0;
        // Stops also when many replies have piled up; the driver writes them and comes again.
        while out.request.is_none() && (consumed == 0 || out.wire.bytes.len() < limits::WRITE_BUFFER_OCTETS) {
            let rest = input.get(consumed..).unwrap_or_default();
            let step = self.step(rest, out);
            self.drain(out);
            if step == 0 {
                break;
            }
            consumed += step;
        }
        consumed
    }

    fn answer(&mut self, answer: Answer<P>, out: &mut Outputs<Ask>) {
        let State::Waiting(waiting) = std::mem::replace(&mut self.state, State::Command) else {
            // Nobody asked. Nothing may be promised, and the connection is in no known state.
            return self.hang_up(&reply::LOCAL_ERROR, out);
        };
        match (waiting, answer) {
            (Waiting::Discard { reply, then }, _) => {
                out.wire.push(&reply);
                self.state = *then;
            }
            (Waiting::Sasl(exchange), Answer::Sasl(answer)) => self.sasl_answer(exchange, answer, out),
            (Waiting::MailFrom(mailing), Answer::Ok) => {
                self.mailing = Some(mailing);
                reply::MAIL_OK.write(&mut out.wire.bytes);
            }
            (Waiting::RcptTo(recipient), Answer::Ok) => self.rcpt_accepted(recipient, out),
            (Waiting::BeginData, Answer::Proceed { trace }) => self.data_begins(&trace, out),
            (Waiting::BeginChunk { remaining, last }, Answer::Proceed { trace }) => {
                self.chunks_begin(&trace, remaining, last, out);
            }
            (Waiting::Accept, Answer::Stored { proof, id }) => self.stored(&proof, &id, out),
            (Waiting::BeginChunk { remaining, last }, answer) => {
                self.mailing = None;
                self.refuse_chunk(remaining, last, refusal_of(answer), out);
            }
            (Waiting::Sasl(exchange), _) => {
                self.sasl_answer(exchange, crate::protocol::sasl::Answer::Unavailable, out);
            }
            (Waiting::BeginData, answer) => {
                self.mailing = None;
                self.refuse(refusal_of(answer), out);
            }
            (_, answer) => self.refuse(refusal_of(answer), out),
        }
        self.drain(out);
    }

    /// RFC 3207 §4.2: what was said in clear counts for nothing.
    fn tls_established(&mut self, facts: TlsFacts, _out: &mut Outputs<Ask>) {
        self.tls = Some(facts);
        self.greeting = None;
        self.account = None;
        self.mailing = None;
        self.state = State::Command;
        self.splitter = LineSplitter::default();
    }

    fn timed_out(&mut self, out: &mut Outputs<Ask>) {
        self.hang_up(&reply::CLOSE_TIMEOUT, out);
    }

    fn shut_down(&mut self, out: &mut Outputs<Ask>) {
        self.draining = true;
        self.drain(out);
    }

    fn phase(&self) -> Phase {
        match self.state {
            State::Chunk(_) | State::Data(_) => Phase::Data,
            _ if self.account.is_some() => Phase::Authenticated,
            _ => Phase::Command,
        }
    }
}

/// What an answer that is not the hoped-for one says to the peer.
fn refusal_of<P>(answer: Answer<P>) -> Reply {
    match answer {
        Answer::Refuse(refusal) => sound(refusal),
        // An answer that does not belong to the question: our fault, and no promise.
        Answer::Ok | Answer::Proceed { .. } | Answer::Sasl(_) | Answer::Stored { .. } => reply::LOCAL_ERROR.to_reply(),
    }
}
