//! DATA (RFC 5321 §4.1.1.4) and BDAT (RFC 3030 §2): the message itself.

use std::sync::Arc;

use super::command::{self, Verb};
use super::content::{Content, Fault, Stop};
use super::reply::{self, Canned, mistake};
use super::state::{Chunk, Fate, ServerSession, State, Waiting};
use super::{Ask, Transaction};
use crate::protocol::Outputs;
use crate::vocabulary::mail::Reply;

impl<P> ServerSession<P> {
    pub(super) fn data(&mut self, out: &mut Outputs<Ask>) {
        match self.ready_for_content() {
            Err(canned) => self.complain(&canned, out),
            Ok(()) if self.in_chunks() => self.complain(&mistake::IN_CHUNKS, out),
            Ok(()) => self.ask_begin(Waiting::BeginData, out),
        }
    }

    fn ready_for_content(&self) -> Result<(), Canned> {
        match &self.mailing {
            None => Err(mistake::MAIL_FIRST),
            Some(mailing) if mailing.envelope.recipients.is_empty() => Err(mistake::NO_RECIPIENTS),
            Some(_) => Ok(()),
        }
    }

    fn ask_begin(&mut self, waiting: Waiting, out: &mut Outputs<Ask>) {
        match self.transaction() {
            Some(transaction) => self.ask(Ask::Begin { transaction }, waiting, out),
            None => self.complain(&mistake::MAIL_FIRST, out),
        }
    }

    /// All that is known of the message now.
    fn transaction(&self) -> Option<Arc<Transaction>> {
        let envelope = self.mailing.as_ref()?.envelope.clone();
        let greeting = self.greeting.as_ref()?;
        // RFC 3848 §1 and RFC 6531 §4.3. HELO after STARTTLS had an EHLO before it.
        let with = match (envelope.smtputf8, self.tls.is_some(), self.account.is_some()) {
            (false, false, _) if !greeting.extended => "SMTP",
            (false, false, false) => "ESMTP",
            (false, false, true) => "ESMTPA",
            (false, true, false) => "ESMTPS",
            (false, true, true) => "ESMTPSA",
            (true, false, false) => "UTF8SMTP",
            (true, false, true) => "UTF8SMTPA",
            (true, true, false) => "UTF8SMTPS",
            (true, true, true) => "UTF8SMTPSA",
        };
        let (account, tls) = (self.account.clone(), self.tls.clone());
        Some(Arc::new(Transaction { envelope, account, helo: greeting.name.clone(), tls, with }))
    }

    pub(super) fn data_begins(&mut self, trace: &[u8], out: &mut Outputs<Ask>) {
        let Some(transaction) = self.transaction() else {
            return self.hang_up(&reply::LOCAL_ERROR, out);
        };
        out.body.extend_from_slice(trace);
        self.mailing = None;
        self.state = State::Data(Content::dotted(transaction, self.config.message_octets_max));
        reply::write_line(&mut out.wire.bytes, 354, b' ', None, "End data with <CR><LF>.<CR><LF>");
    }

    pub(super) fn feed_data(&mut self, input: &[u8], out: &mut Outputs<Ask>) -> usize {
        let State::Data(mut content) = std::mem::replace(&mut self.state, State::Command) else { return 0 };
        let discarded = content.fault().is_some();
        let (consumed, stop) = content.feed(input, &mut out.body);
        match (stop, content.fault()) {
            _ if content.overruns() => self.hang_up(&reply::CLOSE_OVERRUN, out),
            (Stop::Input, _) => self.state = State::Data(content),
            (Stop::Faulty, _) => self.discard(Vec::new(), State::Data(content), out),
            (Stop::End, None) => self.ask_accept(&content, out),
            (Stop::End, Some(fault)) if discarded => refusal(fault).write(&mut out.wire.bytes),
            (Stop::End, Some(fault)) => self.discard_with(&refusal(fault), out),
        }
        consumed
    }

    fn ask_accept(&mut self, content: &Content, out: &mut Outputs<Ask>) {
        let question = Ask::Accept {
            transaction: Arc::clone(&content.transaction),
            octets: content.octets(),
            received_fields: content.received_fields(),
        };
        self.ask(question, Waiting::Accept, out);
    }

    /// The message is on stable storage: `_proof` says so, and nothing else can.
    pub(super) fn stored(&mut self, _proof: &P, id: &str, out: &mut Outputs<Ask>) {
        let text = format!("Ok: queued as {id}");
        reply::write_line(&mut out.wire.bytes, reply::OK.0, b' ', Some(reply::OK.1), &text);
        self.forgive();
    }

    pub(super) fn bdat(&mut self, argument: &str, out: &mut Outputs<Ask>) {
        let (remaining, last) = match command::bdat(argument) {
            Ok(chunk) => chunk,
            Err(canned) => {
                // Where the next command begins is unknown now, and guessing is smuggling.
                self.complain(&canned, out);
                return self.hang_up(&reply::CLOSE_ERRORS, out);
            }
        };
        if remaining > self.config.message_octets_max.saturating_mul(2) {
            reply::TOO_LARGE.write(&mut out.wire.bytes);
            return self.hang_up(&reply::CLOSE_OVERRUN, out);
        }
        if let Some(canned) = self.barred(Verb::Bdat).or(self.ready_for_content().err()) {
            return self.refuse_chunk(remaining, last, canned.to_reply(), out);
        }
        match self.mailing.as_mut().and_then(|mailing| mailing.chunks.take()) {
            Some(content) => self.keep_chunk(content, remaining, last, out),
            None => self.ask_begin(Waiting::BeginChunk { remaining, last }, out),
        }
    }

    pub(super) fn chunks_begin(&mut self, trace: &[u8], remaining: u64, last: bool, out: &mut Outputs<Ask>) {
        let Some(transaction) = self.transaction() else {
            return self.hang_up(&reply::LOCAL_ERROR, out);
        };
        out.body.extend_from_slice(trace);
        let content = Content::chunked(transaction, self.config.message_octets_max);
        self.keep_chunk(content, remaining, last, out);
    }

    fn keep_chunk(&mut self, content: Content, remaining: u64, last: bool, out: &mut Outputs<Ask>) {
        self.chunk(Chunk { remaining, last, fate: Fate::Keep { content, octets: remaining } }, out);
    }

    pub(super) fn refuse_chunk(&mut self, remaining: u64, last: bool, refusal: Reply, out: &mut Outputs<Ask>) {
        self.chunk(Chunk { remaining, last, fate: Fate::Refuse(refusal) }, out);
    }

    /// Goes on with a chunk, or ends it.
    fn chunk(&mut self, chunk: Chunk, out: &mut Outputs<Ask>) {
        if chunk.remaining > 0 {
            self.state = State::Chunk(chunk);
            return;
        }
        self.state = State::Command;
        match chunk.fate {
            Fate::Refuse(refusal) => self.refuse(refusal, out),
            Fate::Faulty(refusal) => refusal.write(&mut out.wire.bytes),
            Fate::Keep { mut content, .. } if chunk.last => {
                self.mailing = None;
                match content.end_of_chunks() {
                    Some(fault) => self.discard_with(&refusal(fault), out),
                    None => self.ask_accept(&content, out),
                }
            }
            Fate::Keep { content, octets } => {
                if let Some(mailing) = &mut self.mailing {
                    mailing.chunks = Some(content);
                }
                let text = format!("{octets} octets received");
                reply::write_line(&mut out.wire.bytes, reply::OK.0, b' ', Some(reply::OK.1), &text);
            }
        }
    }

    pub(super) fn feed_chunk(&mut self, input: &[u8], out: &mut Outputs<Ask>) -> usize {
        let State::Chunk(mut chunk) = std::mem::replace(&mut self.state, State::Command) else { return 0 };
        let take = usize::try_from(chunk.remaining).unwrap_or(usize::MAX).min(input.len());
        let octets = input.get(..take).unwrap_or_default();
        let (consumed, fault) = match &mut chunk.fate {
            Fate::Faulty(_) | Fate::Refuse(_) => (octets.len(), None),
            Fate::Keep { content, .. } => {
                let (consumed, _) = content.feed(octets, &mut out.body);
                (consumed, content.fault())
            }
        };
        chunk.remaining -= consumed as u64;
        match fault {
            None => self.chunk(chunk, out),
            Some(fault) => {
                self.mailing = None;
                if chunk.remaining == 0 {
                    self.discard_with(&refusal(fault), out);
                } else {
                    let rest = Chunk { fate: Fate::Faulty(refusal(fault)), ..chunk };
                    self.discard(Vec::new(), State::Chunk(rest), out);
                }
            }
        }
        consumed
    }

    fn discard_with(&mut self, canned: &Canned, out: &mut Outputs<Ask>) {
        let mut reply = Vec::new();
        canned.write(&mut reply);
        self.discard(reply, State::Command, out);
    }
}

fn refusal(fault: Fault) -> Canned {
    match fault {
        Fault::BareLineEnd => reply::BARE_IN_MESSAGE,
        Fault::TooLarge => reply::TOO_LARGE,
    }
}
