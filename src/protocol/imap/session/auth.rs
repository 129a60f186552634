//! LOGIN, AUTHENTICATE (RFC 3501 §6.2), and what CAPABILITY lists.

use super::{Out, Reading, ServerSession, TlsOffer, Waiting, tagged};
use crate::ground::limits::AUTH_FAILURES_MAX;
use crate::ground::secret::Secret;
use crate::protocol::imap::ext;
use crate::protocol::imap::question::{Answer, Ask, RefusalCode};
use crate::protocol::sasl::{Channel, Exchange, Failure, Mechanism, Step};
use crate::protocol::wire::{base64_decode, base64_encode};

impl ServerSession {
    /// RFC 3501 §7.2.1. What is listed may be used at once.
    pub(super) fn capabilities(&self) -> String {
        let mut list = vec!["IMAP4rev1".to_owned()];
        list.extend(ext::capabilities(self.account.is_some()).map(str::to_owned));
        if self.account.is_none() {
            if self.tls.is_some() {
                list.extend(self.mechanisms().map(|m| format!("AUTH={}", m.name())));
            } else {
                if self.config.tls == TlsOffer::Starttls {
                    list.push("STARTTLS".to_owned());
                }
                list.push("LOGINDISABLED".to_owned());
            }
        }
        list.join(" ")
    }

    fn mechanisms(&self) -> impl Iterator<Item = Mechanism> {
        let channel = self.channel();
        Mechanism::ALL.into_iter().filter(move |m| *m != Mechanism::ScramSha256Plus || channel.plus_offered)
    }

    fn channel(&self) -> Channel {
        let exporter = self.tls.as_ref().and_then(|facts| facts.exporter);
        Channel { exporter, plus_offered: exporter.is_some() }
    }

    /// Says no where nobody may log in. RFC 3501 §6.2.3; RFC 5530 PRIVACYREQUIRED.
    fn may_log_in(&mut self, tag: &str, out: &mut Out) -> bool {
        if self.account.is_some() {
            self.bad(tag, "you have logged in already", out);
            false
        } else if self.tls.is_none() {
            self.no(tag, Some(RefusalCode::PrivacyRequired), "TLS is required before logging in", out);
            false
        } else {
            true
        }
    }

    /// LOGIN is PLAIN (RFC 4616) in other words.
    pub(super) fn login(&mut self, tag: String, user: &str, password: &Secret, out: &mut Out) {
        if !self.may_log_in(&tag, out) {
            return;
        }
        let response = Secret::new([b"\0", user.as_bytes(), b"\0", password.expose()].concat());
        let (exchange, step) = Exchange::begin(Mechanism::Plain, self.channel(), Some(response.expose()));
        self.auth_step(tag, Box::new(exchange), step, out);
    }

    pub(super) fn authenticate(&mut self, tag: String, mechanism: &str, initial: Option<Secret>, out: &mut Out) {
        if !self.may_log_in(&tag, out) {
            return;
        }
        let known = Mechanism::from_name(mechanism.as_bytes());
        let Some(mechanism) = known.filter(|known| self.mechanisms().any(|offered| offered == *known)) else {
            return self.no(&tag, Some(RefusalCode::Cannot), "there is no such mechanism", out);
        };
        let (exchange, step) = Exchange::begin(mechanism, self.channel(), initial.as_ref().map(Secret::expose));
        self.auth_step(tag, Box::new(exchange), step, out);
    }

    /// A line of the exchange. `None` is a line that cannot be one.
    pub(super) fn sasl_response(
        &mut self,
        tag: String,
        mut exchange: Box<Exchange>,
        line: Option<&[u8]>,
        out: &mut Out,
    ) {
        // RFC 3501 §6.2.2: `*` cancels.
        if line == Some(b"*") {
            return self.bad(&tag, "AUTHENTICATE cancelled", out);
        }
        match line.and_then(base64_decode) {
            Some(response) => {
                let step = exchange.respond(&response);
                self.auth_step(tag, exchange, step, out);
            }
            None => self.auth_failed(&tag, Failure::Malformed, out),
        }
    }

    pub(super) fn auth_answered(&mut self, tag: String, mut exchange: Box<Exchange>, answer: Answer, out: &mut Out) {
        match answer {
            Answer::Sasl(answer) => {
                let step = exchange.answer(answer);
                self.auth_step(tag, exchange, step, out);
            }
            _ => self.misanswered(out),
        }
    }

    fn auth_step(&mut self, tag: String, exchange: Box<Exchange>, step: Step, out: &mut Out) {
        match step {
            Step::Ask(question) => self.ask(Ask::Sasl(question), Waiting::Auth { tag, exchange }, out),
            Step::Challenge(challenge) => {
                out.wire.push(format!("+ {}\r\n", base64_encode(&challenge)).as_bytes());
                self.reading = Reading::Sasl { tag, exchange };
            }
            Step::Failure(failure) => self.auth_failed(&tag, failure, out),
            Step::Success { account } => {
                self.account = Some(account);
                self.errors = 0;
                let text = format!("OK [CAPABILITY {}] logged in", self.capabilities());
                self.finish(tagged(&tag, &text), true, out);
            }
        }
    }

    fn auth_failed(&mut self, tag: &str, failure: Failure, out: &mut Out) {
        let (code, text) = match failure {
            Failure::Malformed => (None, "the response does not follow the mechanism"),
            Failure::Rejected => (Some(RefusalCode::AuthenticationFailed), "authentication failed"),
            Failure::Unavailable => (Some(RefusalCode::Unavailable), "authentication is temporarily not possible"),
        };
        self.login_failures += 1;
        if self.login_failures < AUTH_FAILURES_MAX {
            return self.no(tag, code, text, out);
        }
        out.wire.push(super::refused(tag, code, text).as_bytes());
        self.bye("too many failed logins", out);
    }
}
