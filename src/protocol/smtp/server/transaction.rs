//! EHLO, HELO, MAIL, RCPT and RSET: RFC 5321 §4.1.1.1 to §4.1.1.5.

use super::command;
use super::path::Path;
use super::reply::{self, mistake};
use super::state::{Greeting, Mailing, ServerSession, State, Waiting};
use super::{Ask, Kind};
use crate::protocol::Outputs;
use crate::vocabulary::mail::{Address, Envelope, LocalPart, Recipient, ReversePath};

impl<P> ServerSession<P> {
    pub(super) fn hello(&mut self, argument: &str, extended: bool, out: &mut Outputs<Ask>) {
        let name = match command::helo(argument) {
            Ok(name) => name,
            Err(canned) => return self.complain(&canned, out),
        };
        self.greeting = Some(Greeting { name, extended });
        let lines = if extended { self.extensions() } else { vec![self.config.host.to_string()] };
        let mut wire = Vec::with_capacity(256);
        for (number, line) in lines.iter().enumerate() {
            let separator = if number + 1 < lines.len() { b'-' } else { b' ' };
            reply::write_line(&mut wire, 250, separator, None, line);
        }
        // RFC 5321 §4.1.4: EHLO in the middle of a session resets as RSET does.
        self.reset(wire, out);
    }

    /// EHLO's lines: our name, then the extensions (RFC 5321 §4.1.1.1).
    fn extensions(&self) -> Vec<String> {
        let mut lines = vec![self.config.host.to_string()];
        lines.extend(["PIPELINING", "8BITMIME", "ENHANCEDSTATUSCODES", "SMTPUTF8", "CHUNKING"].map(String::from));
        lines.insert(2, format!("SIZE {}", self.config.message_octets_max));
        if self.offers_starttls() {
            lines.push("STARTTLS".to_owned());
        }
        let mechanisms: Vec<_> = self.mechanisms().map(|mechanism| mechanism.name()).collect();
        if !mechanisms.is_empty() {
            lines.push(format!("AUTH {}", mechanisms.join(" ")));
        }
        lines
    }

    pub(super) fn mail(&mut self, argument: &str, out: &mut Outputs<Ask>) {
        if self.greeting.is_none() {
            return self.complain(&mistake::HELO_FIRST, out);
        }
        if self.mailing.is_some() {
            return self.complain(&mistake::NESTED_MAIL, out);
        }
        let mail = match command::mail(argument, self.config.kind == Kind::Submission) {
            Ok(mail) => mail,
            Err(canned) => return self.complain(&canned, out),
        };
        // RFC 1870 §6.1.
        if mail.declared_octets.is_some_and(|octets| octets > self.config.message_octets_max) {
            return self.complain(&reply::TOO_LARGE, out);
        }
        let reverse_path = match mail.path {
            Path::Mailbox(address) => ReversePath::Address(address),
            Path::Null | Path::Postmaster => ReversePath::Null,
        };
        let question = Ask::MailFrom {
            reverse_path: reverse_path.clone(),
            declared_octets: mail.declared_octets,
            account: self.account.clone(),
        };
        let envelope = Envelope { reverse_path, recipients: Vec::new(), body: mail.body, smtputf8: mail.smtputf8 };
        self.ask(question, Waiting::MailFrom(Mailing { envelope, chunks: None }), out);
    }

    pub(super) fn rcpt(&mut self, argument: &str, out: &mut Outputs<Ask>) {
        let Some(mailing) = &self.mailing else {
            return self.complain(&mistake::MAIL_FIRST, out);
        };
        if mailing.chunks.is_some() {
            return self.complain(&mistake::IN_CHUNKS, out);
        }
        let count = u32::try_from(mailing.envelope.recipients.len()).unwrap_or(u32::MAX);
        let forward_path = match command::rcpt(argument, mailing.envelope.smtputf8) {
            Ok(Path::Mailbox(address)) => address,
            Ok(Path::Null | Path::Postmaster) => self.postmaster(),
            Err(canned) => return self.complain(&canned, out),
        };
        if count >= self.config.recipients_max {
            // RFC 5321 §4.5.3.1.10: the client sends the rest in another transaction. No mistake of its.
            return reply::TOO_MANY_RECIPIENTS.write(&mut out.wire.bytes);
        }
        let recipient = Recipient { forward_path };
        let question = Ask::RcptTo { recipient: recipient.clone(), account: self.account.clone(), count };
        self.ask(question, Waiting::RcptTo(recipient), out);
    }

    /// RFC 5321 §4.5.1: whom `<Postmaster>` means.
    fn postmaster(&self) -> Address {
        let local = LocalPart::from_unquoted("postmaster").expect("invariant: a plain word is a local part");
        Address { local, domain: self.config.host.clone() }
    }

    pub(super) fn rcpt_accepted(&mut self, recipient: Recipient, out: &mut Outputs<Ask>) {
        match &mut self.mailing {
            Some(mailing) => {
                mailing.envelope.recipients.push(recipient);
                reply::RCPT_OK.write(&mut out.wire.bytes);
            }
            None => reply::LOCAL_ERROR.write(&mut out.wire.bytes),
        }
    }

    pub(super) fn rset(&mut self, out: &mut Outputs<Ask>) {
        let mut wire = Vec::new();
        reply::OK.write(&mut wire);
        self.reset(wire, out);
    }

    /// Drops the transaction, then sends `reply`. Counts as a command that achieves nothing.
    fn reset(&mut self, reply: Vec<u8>, out: &mut Outputs<Ask>) {
        let begun = self.in_chunks();
        self.mailing = None;
        if begun {
            self.idle_commands += 1;
            return self.discard(reply, State::Command, out);
        }
        out.wire.push(&reply);
        self.count_idle(out);
    }
}
