//! AUTH: RFC 4954, on submission listeners under TLS only.

use super::reply::{self, mistake};
use super::state::{ServerSession, State, Waiting};
use super::{Ask, Kind};
use crate::ground::limits;
use crate::protocol::Outputs;
use crate::protocol::sasl::{Answer, Channel, Exchange, Failure, Mechanism, Step};
use crate::protocol::wire::{base64_decode, base64_encode};

impl<P> ServerSession<P> {
    /// The mechanisms that are on offer now.
    pub(super) fn mechanisms(&self) -> impl Iterator<Item = Mechanism> {
        let open = self.config.kind == Kind::Submission && self.tls.is_some() && self.account.is_none();
        let bound = self.tls.as_ref().is_some_and(|tls| tls.exporter.is_some());
        let fits = move |mechanism: &Mechanism| open && (bound || *mechanism != Mechanism::ScramSha256Plus);
        self.config.mechanisms.iter().copied().filter(fits)
    }

    pub(super) fn auth(&mut self, argument: &str, out: &mut Outputs<Ask>) {
        if self.config.kind == Kind::Smtp {
            return self.complain(&mistake::NO_AUTH_HERE, out);
        }
        if !self.greeting.as_ref().is_some_and(|greeting| greeting.extended) {
            return self.complain(&mistake::EHLO_FIRST, out);
        }
        // RFC 4954 §4.
        if self.account.is_some() {
            return self.complain(&mistake::AUTH_ALREADY, out);
        }
        if self.mailing.is_some() {
            return self.complain(&mistake::IN_TRANSACTION, out);
        }
        let (name, initial) = match argument.split_once(' ') {
            Some((name, initial)) => (name, Some(initial)),
            None => (argument, None),
        };
        if name.is_empty() {
            return self.complain(&mistake::BAD_AUTH, out);
        }
        let Some(mechanism) =
            Mechanism::from_name(name.as_bytes()).filter(|wanted| self.mechanisms().any(|offered| offered == *wanted))
        else {
            return self.complain(&mistake::UNKNOWN_MECHANISM, out);
        };
        let initial = match initial {
            None => None,
            // RFC 4954 §4: an initial response that is there and empty.
            Some("=") => Some(Vec::new()),
            Some(text) => match base64_decode(text.as_bytes()) {
                Some(response) => Some(response),
                None => return self.complain(&mistake::BAD_BASE64, out),
            },
        };
        let channel = Channel {
            exporter: self.tls.as_ref().and_then(|tls| tls.exporter),
            plus_offered: self.mechanisms().any(|offered| offered == Mechanism::ScramSha256Plus),
        };
        let (exchange, step) = Exchange::begin(mechanism, channel, initial.as_deref());
        self.sasl_step(exchange, step, out);
    }

    pub(super) fn sasl_response(&mut self, mut exchange: Exchange, line: &[u8], out: &mut Outputs<Ask>) {
        // RFC 4954 §4: `*` cancels.
        if line == b"*" {
            return self.complain(&mistake::SASL_CANCELLED, out);
        }
        let Some(response) = base64_decode(line) else {
            return self.complain(&mistake::BAD_BASE64, out);
        };
        let step = exchange.respond(&response);
        self.sasl_step(exchange, step, out);
    }

    pub(super) fn sasl_answer(&mut self, mut exchange: Exchange, answer: Answer, out: &mut Outputs<Ask>) {
        let step = exchange.answer(answer);
        self.sasl_step(exchange, step, out);
    }

    fn sasl_step(&mut self, exchange: Exchange, step: Step, out: &mut Outputs<Ask>) {
        match step {
            Step::Ask(question) => self.ask(Ask::Sasl(question), Waiting::Sasl(exchange), out),
            Step::Challenge(challenge) => {
                // RFC 4954 §4: these lines may be longer than other replies.
                out.wire.push(b"334 ");
                out.wire.push(base64_encode(&challenge).as_bytes());
                out.wire.push(b"\r\n");
                self.state = State::Response(exchange);
            }
            Step::Success { account } => {
                self.account = Some(account);
                self.auth_failures = 0;
                reply::AUTHENTICATED.write(&mut out.wire.bytes);
            }
            // Not the peer's mistake, but nothing to try again without end either.
            Step::Failure(Failure::Unavailable) => self.idle(&reply::AUTH_UNAVAILABLE, out),
            Step::Failure(failure) => {
                let malformed = failure == Failure::Malformed;
                let canned = if malformed { mistake::SASL_MALFORMED } else { mistake::AUTH_REJECTED };
                self.complain(&canned, out);
                self.auth_failures += 1;
                if self.auth_failures >= limits::AUTH_FAILURES_MAX && out.request.is_none() {
                    self.hang_up(&reply::CLOSE_LOGINS, out);
                }
            }
        }
    }
}
