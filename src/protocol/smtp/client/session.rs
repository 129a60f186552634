//! The connection: greeting, EHLO, STARTTLS, AUTH, then one delivery after the other.

use super::capabilities::Capabilities;
use super::exchange::Exchange;
use super::reply::ReplyReader;
use super::{Answer, Ask, Config, ConnectionError, Delivery, Report, TlsWish, Wait};
use crate::protocol::sasl::client::{Login, choose};
use crate::protocol::wire::{base64_decode, base64_encode};
use crate::protocol::{Outputs, Phase, Request, Session, TlsFacts};
use crate::vocabulary::mail::Reply;

/// An AUTH line with its initial response stays within RFC 5321 §4.5.3.1.4's 512 octets.
const INITIAL_RESPONSE_OCTETS_MAX: usize = 450;

/// One connection, seen from the client.
#[derive(Debug)]
pub struct ClientSession {
    config: Config,
    state: State,
    capabilities: Capabilities,
    tls: Option<TlsFacts>,
    reader: ReplyReader,
    /// RSET must precede the next MAIL.
    reset_needed: bool,
}

/// Whose reply is awaited.
#[derive(Debug)]
enum State {
    Auth {
        login: Login,
        /// Kept back because it is too long for the AUTH line.
        initial: Option<Vec<u8>>,
    },
    Closed,
    /// A reply has been taken out and what follows from it is being decided.
    Deciding,
    Ehlo,
    /// The connection is of no use; the answer to the last question ends it. `farewell`: QUIT is sent.
    Failed {
        farewell: bool,
    },
    Greeting,
    Handshake,
    Helo,
    Quit,
    /// `Ask::Next` or `Ask::Delivered` is out.
    Ready,
    Reset(Box<Delivery>),
    Sending(Exchange),
    Starttls,
}

impl ClientSession {
    pub fn new(config: Config) -> Self {
        Self {
            config,
            state: State::Greeting,
            capabilities: Capabilities::default(),
            tls: None,
            reader: ReplyReader::default(),
            reset_needed: false,
        }
    }

    /// The server closed the connection, or it broke.
    pub fn closed(&mut self, out: &mut Outputs<Ask>) {
        self.fail(ConnectionError::Closed, out);
    }

    /// What is awaited, and so for how long.
    pub fn wait(&self) -> Wait {
        match &self.state {
            State::Greeting => Wait::Greeting,
            State::Quit | State::Closed => Wait::Quit,
            State::Sending(exchange) if exchange.awaits_data() => Wait::DataInitiation,
            State::Sending(exchange) if exchange.awaits_end() => Wait::DataTermination,
            _ => Wait::Command,
        }
    }

    fn reply(&mut self, reply: Reply, out: &mut Outputs<Ask>) {
        // RFC 5321 §3.8: 421 ends the connection, whatever was asked.
        if reply.code == 421 && !matches!(self.state, State::Quit) {
            let command = self.command_name();
            return self.fail(ConnectionError::Refused { command, reply }, out);
        }
        match std::mem::replace(&mut self.state, State::Deciding) {
            State::Greeting if reply.code == 220 => self.say_ehlo(out),
            State::Ehlo if reply.is_positive() => {
                self.capabilities = Capabilities::parse(&reply.text);
                self.greeted(out);
            }
            // RFC 5321 §3.2: a server that does not know EHLO. It has neither TLS nor AUTH.
            State::Ehlo if reply.is_permanent() && self.may_do_without_extensions() => {
                out.wire.push(format!("HELO {}\r\n", self.config.helo).as_bytes());
                self.state = State::Helo;
            }
            State::Helo if reply.is_positive() => self.ready(Ask::Next, out),
            State::Starttls if reply.code == 220 => {
                self.state = State::Handshake;
                out.request = Some(Request::StartTls);
            }
            // RFC 3207 §4: the server is temporarily without TLS; what was only a wish is given up.
            State::Starttls if self.config.tls == TlsWish::Opportunistic => self.log_in(out),
            State::Auth { login, initial } => self.auth_reply(login, initial, reply, out),
            State::Reset(delivery) if reply.is_positive() => self.send(*delivery, out),
            State::Sending(exchange) => self.sending(exchange, reply, out),
            State::Quit => {
                self.state = State::Closed;
                out.close();
            }
            state => {
                self.state = state;
                let command = self.command_name();
                self.fail(ConnectionError::Refused { command, reply }, out);
            }
        }
    }

    fn command_name(&self) -> &'static str {
        match &self.state {
            State::Auth { .. } => "AUTH",
            State::Ehlo => "EHLO",
            State::Greeting => "the connection",
            State::Helo => "HELO",
            State::Reset(_) => "RSET",
            State::Starttls | State::Handshake => "STARTTLS",
            State::Sending(_) => "the message",
            State::Closed | State::Deciding | State::Failed { .. } | State::Quit | State::Ready => "the session",
        }
    }

    fn say_ehlo(&mut self, out: &mut Outputs<Ask>) {
        out.wire.push(format!("EHLO {}\r\n", self.config.helo).as_bytes());
        self.state = State::Ehlo;
    }

    fn may_do_without_extensions(&self) -> bool {
        self.config.credentials.is_none() && matches!(self.config.tls, TlsWish::Never | TlsWish::Opportunistic)
    }

    /// EHLO is answered: TLS if it is wanted and not there.
    fn greeted(&mut self, out: &mut Outputs<Ask>) {
        let wanted = matches!(self.config.tls, TlsWish::Opportunistic | TlsWish::Required) && self.tls.is_none();
        if wanted && self.capabilities.starttls {
            out.wire.push(b"STARTTLS\r\n");
            self.state = State::Starttls;
        } else if self.tls.is_none() && matches!(self.config.tls, TlsWish::Required | TlsWish::Implicit) {
            self.fail(ConnectionError::TlsNotOffered, out);
        } else {
            self.log_in(out);
        }
    }

    fn log_in(&mut self, out: &mut Outputs<Ask>) {
        let Some(credentials) = &self.config.credentials else {
            return self.ready(Ask::Next, out);
        };
        if self.tls.is_none() {
            return self.fail(ConnectionError::TlsNotOffered, out);
        }
        let Some(mechanism) = choose(&self.capabilities.mechanisms) else {
            return self.fail(ConnectionError::AuthNotOffered, out);
        };
        let (login, initial) = Login::new(mechanism, &credentials.user, &credentials.password, &credentials.nonce);
        let encoded = initial.as_deref().map(base64_encode);
        let (initial, line) = match encoded {
            Some(encoded) if encoded.len() <= INITIAL_RESPONSE_OCTETS_MAX => {
                (None, format!("AUTH {} {encoded}\r\n", mechanism.name()))
            }
            _ => (initial, format!("AUTH {}\r\n", mechanism.name())),
        };
        out.wire.push(line.as_bytes());
        self.state = State::Auth { login, initial };
    }

    fn auth_reply(&mut self, mut login: Login, initial: Option<Vec<u8>>, reply: Reply, out: &mut Outputs<Ask>) {
        match reply.code {
            334 => {
                let response = match (initial, base64_decode(reply.text.as_bytes())) {
                    (Some(initial), _) => Ok(initial),
                    (None, Some(challenge)) => login.respond(&challenge).map_err(|_| ()),
                    (None, None) => Err(()),
                };
                match response {
                    Ok(response) => {
                        out.wire.push(base64_encode(&response).as_bytes());
                        out.wire.push(b"\r\n");
                        self.state = State::Auth { login, initial: None };
                    }
                    Err(()) => self.fail(ConnectionError::Malformed("AUTH does not follow its mechanism"), out),
                }
            }
            235 if login.may_succeed() => self.ready(Ask::Next, out),
            // A server that says yes before it has shown that it knows the password is an impostor.
            235 => self.fail(ConnectionError::Malformed("AUTH ended too early"), out),
            _ => self.fail(ConnectionError::Refused { command: "AUTH", reply }, out),
        }
    }

    fn ready(&mut self, question: Ask, out: &mut Outputs<Ask>) {
        self.state = State::Ready;
        out.ask(question);
    }

    fn send(&mut self, delivery: Delivery, out: &mut Outputs<Ask>) {
        let exchange = Exchange::begin(delivery, &self.capabilities, self.config.eight_bit, &mut out.wire);
        self.go_on(exchange, out);
    }

    fn sending(&mut self, mut exchange: Exchange, reply: Reply, out: &mut Outputs<Ask>) {
        match exchange.reply(reply, &mut out.wire) {
            Ok(()) => self.go_on(exchange, out),
            Err(why) => {
                self.state = State::Sending(exchange);
                self.fail(ConnectionError::Malformed(why), out);
            }
        }
    }

    fn go_on(&mut self, exchange: Exchange, out: &mut Outputs<Ask>) {
        if exchange.is_over() {
            self.reset_needed = exchange.leaves_transaction_open();
            let report: Report = exchange.report(self.tls.clone(), None);
            self.ready(Ask::Delivered(report), out);
        } else {
            self.state = State::Sending(exchange);
        }
    }

    fn fail(&mut self, error: ConnectionError, out: &mut Outputs<Ask>) {
        let farewell = match &error {
            ConnectionError::Closed | ConnectionError::TimedOut | ConnectionError::Malformed(_) => false,
            ConnectionError::Refused { reply, .. } => reply.code != 421,
            ConnectionError::AuthNotOffered | ConnectionError::TlsNotOffered => true,
        };
        match std::mem::replace(&mut self.state, State::Failed { farewell }) {
            // Nobody waits for anything any more.
            State::Closed | State::Quit | State::Failed { .. } => {
                self.state = State::Closed;
                out.close();
            }
            State::Sending(exchange) => out.ask(Ask::Delivered(exchange.report(self.tls.clone(), Some(error)))),
            State::Reset(delivery) => {
                let never = Exchange::unsent(*delivery);
                out.ask(Ask::Delivered(never.report(self.tls.clone(), Some(error))));
            }
            _ => out.ask(Ask::Failed(error)),
        }
    }
}

impl Session for ClientSession {
    type Ask = Ask;
    type Answer = Answer;

    /// Nothing to say: the server speaks first.
    fn open(&mut self, _out: &mut Outputs<Ask>) {}

    fn feed(&mut self, input: &[u8], out: &mut Outputs<Ask>) -> usize {
        let mut consumed = 0;
        while out.request.is_none() {
            match self.reader.read(input.get(consumed..).unwrap_or_default()) {
                Ok((0, _)) => break,
                Ok((octets, reply)) => {
                    consumed += octets;
                    if let Some(reply) = reply {
                        self.reply(reply, out);
                    }
                }
                Err(why) => {
                    self.fail(ConnectionError::Malformed(why), out);
                    return input.len();
                }
            }
        }
        consumed
    }

    fn answer(&mut self, answer: Answer, out: &mut Outputs<Ask>) {
        match (std::mem::replace(&mut self.state, State::Closed), answer) {
            (State::Ready, Answer::Deliver(delivery)) if self.reset_needed => {
                out.wire.push(b"RSET\r\n");
                self.reset_needed = false;
                self.state = State::Reset(delivery);
            }
            (State::Ready, Answer::Deliver(delivery)) => self.send(*delivery, out),
            (State::Ready, Answer::Quit) => {
                out.wire.push(b"QUIT\r\n");
                self.state = State::Quit;
            }
            (State::Failed { farewell }, _) => {
                if farewell {
                    out.wire.push(b"QUIT\r\n");
                }
                out.close();
            }
            _ => out.close(),
        }
    }

    fn tls_established(&mut self, facts: TlsFacts, out: &mut Outputs<Ask>) {
        self.tls = Some(facts);
        // RFC 3207 §4.2: what the server said in clear is forgotten, also the half of a line.
        self.capabilities = Capabilities::default();
        self.reader = ReplyReader::default();
        if matches!(self.state, State::Handshake) {
            self.say_ehlo(out);
        }
    }

    fn timed_out(&mut self, out: &mut Outputs<Ask>) {
        self.fail(ConnectionError::TimedOut, out);
    }

    /// The owner stops by answering [`Answer::Quit`]; a message under way is brought to its end.
    fn shut_down(&mut self, _out: &mut Outputs<Ask>) {}

    fn phase(&self) -> Phase {
        match &self.state {
            State::Sending(exchange) if exchange.awaits_end() => Phase::Data,
            _ => Phase::Command,
        }
    }
}
