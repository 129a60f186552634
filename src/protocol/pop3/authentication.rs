//! The AUTHORIZATION state: capabilities, STLS, USER with PASS, AUTH.

use super::session::{ServerSession, State, Waiting};
use super::{Ask, Maildrop, TlsMode};
use crate::ground::limits;
use crate::ground::secret::Secret;
use crate::protocol::sasl::{self, Channel, Exchange, Failure, Mechanism, Question, Step};
use crate::protocol::wire::{base64_decode, base64_encode};
use crate::protocol::{Outputs, Request};
use crate::vocabulary::mail::Address;

type Out = Outputs<Ask>;

/// RFC 8314 §3, RFC 2595 §2.3.
const TLS_FIRST: &str = "no login before TLS: begin with STLS, or use port 995";

impl ServerSession {
    /// RFC 2449 §5. What depends on TLS is announced where it works.
    pub(super) fn capabilities(&self, out: &mut Out) {
        let mut lines = vec!["+OK".to_owned(), "TOP".into(), "UIDL".into(), "RESP-CODES".into()];
        lines.extend(["AUTH-RESP-CODE", "PIPELINING", "EXPIRE NEVER"].map(str::to_owned));
        if self.tls.is_some() {
            lines.push("USER".to_owned());
            let names: Vec<&str> = self.mechanisms().map(Mechanism::name).collect();
            if !names.is_empty() {
                lines.push(format!("SASL {}", names.join(" ")));
            }
        } else if self.config.tls == TlsMode::Starttls {
            lines.push("STLS".to_owned());
        }
        lines.extend(["IMPLEMENTATION mailctl".to_owned(), ".".to_owned()]);
        out.wire.push((lines.join("\r\n") + "\r\n").as_bytes());
    }

    fn mechanisms(&self) -> impl Iterator<Item = Mechanism> {
        let binds = self.tls.as_ref().is_some_and(|tls| tls.exporter.is_some());
        let mechanisms = self.config.mechanisms.iter().copied();
        mechanisms.filter(move |mechanism| *mechanism != Mechanism::ScramSha256Plus || binds)
    }

    /// RFC 2595 §4.
    pub(super) fn stls(&mut self, out: &mut Out) {
        if self.tls.is_some() {
            return self.complain("TLS stands already", out);
        }
        if self.config.tls != TlsMode::Starttls {
            return self.complain("STLS is not offered here", out);
        }
        out.wire.push(b"+OK begin TLS\r\n");
        self.state = State::Handshake;
        out.request = Some(Request::StartTls);
    }

    pub(super) fn user(&mut self, name: &str, out: &mut Out) {
        if self.tls.is_none() {
            return self.complain(TLS_FIRST, out);
        }
        self.user = Some(name.to_owned());
        // RFC 1939 §7 allows to say whether the name exists; strangers need not know.
        out.wire.push(b"+OK now the password\r\n");
    }

    pub(super) fn pass(&mut self, password: &str, out: &mut Out) {
        if self.tls.is_none() {
            return self.complain(TLS_FIRST, out);
        }
        let Some(user) = self.user.take() else { return self.complain("USER comes before PASS", out) };
        // RFC 5034 §4: the same preparation as for SASL, so that both logins take the same passwords.
        match (sasl::prepare(&user), sasl::prepare(password)) {
            (Some(user), Some(password)) => {
                self.state = State::Waiting(Waiting::Password);
                out.ask(Ask::Sasl(Question::Password { user, password: Secret::new(password) }));
            }
            _ => self.login_failed(Failure::Malformed, out),
        }
    }

    pub(super) fn password_checked(&mut self, answer: sasl::Answer, out: &mut Out) {
        match answer {
            sasl::Answer::Accepted(account) => self.open_maildrop(account, out),
            sasl::Answer::Rejected | sasl::Answer::ScramKeys(_) => self.login_failed(Failure::Rejected, out),
            sasl::Answer::Unavailable => self.login_failed(Failure::Unavailable, out),
        }
    }

    /// RFC 5034 §4.
    pub(super) fn auth(&mut self, mechanism: &str, initial: Option<&str>, out: &mut Out) {
        if self.tls.is_none() {
            return self.complain(TLS_FIRST, out);
        }
        let known = Mechanism::from_name(mechanism.as_bytes()).filter(|known| self.mechanisms().any(|m| m == *known));
        let Some(mechanism) = known else { return self.complain("that mechanism is not offered; see CAPA", out) };
        let initial = match initial {
            // RFC 5034 §4: `=` is an empty initial response.
            Some("=") => Some(Vec::new()),
            Some(text) => match base64_decode(text.as_bytes()) {
                Some(response) => Some(response),
                None => return self.complain("the initial response is not base64", out),
            },
            None => None,
        };
        let exporter = self.tls.as_ref().and_then(|tls| tls.exporter);
        let plus_offered = self.mechanisms().any(|m| m == Mechanism::ScramSha256Plus);
        let (exchange, step) = Exchange::begin(mechanism, Channel { exporter, plus_offered }, initial.as_deref());
        self.take_step(exchange, step, out);
    }

    pub(super) fn sasl_response(&mut self, mut exchange: Exchange, line: &[u8], out: &mut Out) {
        // RFC 5034 §4: `*` cancels.
        if line == b"*" {
            return self.complain("cancelled", out);
        }
        match base64_decode(line) {
            Some(response) => {
                let step = exchange.respond(&response);
                self.take_step(exchange, step, out);
            }
            None => self.complain("the response is not base64", out),
        }
    }

    pub(super) fn take_step(&mut self, exchange: Exchange, step: Step, out: &mut Out) {
        match step {
            Step::Ask(question) => {
                self.state = State::Waiting(Waiting::Sasl(exchange));
                out.ask(Ask::Sasl(question));
            }
            Step::Challenge(challenge) => {
                out.wire.push(format!("+ {}\r\n", base64_encode(&challenge)).as_bytes());
                self.state = State::Response(exchange);
            }
            Step::Failure(failure) => self.login_failed(failure, out),
            Step::Success { account } => self.open_maildrop(account, out),
        }
    }

    fn login_failed(&mut self, failure: Failure, out: &mut Out) {
        self.state = State::Command;
        match failure {
            Failure::Unavailable => out.wire.push(b"-ERR [SYS/TEMP] logging in is not possible now\r\n"),
            // RFC 3206 §5: the credentials are wrong, not the server.
            Failure::Malformed | Failure::Rejected => out.wire.push(b"-ERR [AUTH] wrong name or password\r\n"),
        }
        self.auth_failures += 1;
        if self.auth_failures >= limits::AUTH_FAILURES_MAX {
            self.close(out);
        }
    }

    fn open_maildrop(&mut self, account: Address, out: &mut Out) {
        self.state = State::Waiting(Waiting::Open);
        out.ask(Ask::Open { account });
    }

    pub(super) fn maildrop_opened(&mut self, maildrop: Maildrop, out: &mut Out) {
        let count = self.enter_transaction(maildrop);
        out.wire.push(format!("+OK {count} messages\r\n").as_bytes());
    }
}
