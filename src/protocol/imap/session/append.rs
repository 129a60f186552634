//! APPEND (RFC 3501 §6.3.11): its message streams through to the server and is never held here.

use super::{Out, Reading, ServerSession, Waiting, refused, tagged};
use crate::protocol::imap::command::Append;
use crate::protocol::imap::ext::literal_plus::Announced;
use crate::protocol::imap::ext::uidplus;
use crate::protocol::imap::parse::frame::Event;
use crate::protocol::imap::question::{Answer, Ask, RefusalCode};

impl ServerSession {
    /// The message is announced: may it come?
    pub(super) fn append(&mut self, tag: String, append: Append, literal: Announced, out: &mut Out) {
        let refusal = if self.account.is_none() {
            Some(tagged(&tag, "BAD log in first"))
        } else if literal.octets > self.config.message_octets_max {
            Some(refused(&tag, Some(RefusalCode::TooBig), "the message is larger than this server takes"))
        } else if literal.octets == 0 {
            Some(refused(&tag, Some(RefusalCode::Cannot), "the message is empty"))
        } else {
            None
        };
        match refusal {
            Some(line) => self.refuse_literal(literal, line, out),
            None => {
                let ask = Ask::AppendBegin { mailbox: append.mailbox.clone(), octets: append.octets };
                self.ask(ask, Waiting::AppendBegin { tag, append, literal }, out);
            }
        }
    }

    pub(super) fn append_begun(
        &mut self,
        tag: String,
        append: Append,
        literal: Announced,
        answer: Answer,
        out: &mut Out,
    ) {
        match answer {
            Answer::Done => {
                if literal.synchronising {
                    out.wire.push(b"+ go ahead\r\n");
                }
                self.reading = Reading::Message { tag, left: append.octets, append };
            }
            Answer::No(refusal) => {
                out.wire.push(refused(&tag, refusal.code, refusal.text).as_bytes());
                self.skip_literal(literal, out);
            }
            _ => self.misanswered(out),
        }
    }

    /// Message octets. Returns how many of `input` they were.
    pub(super) fn take_message(&mut self, input: &[u8], out: &mut Out) -> usize {
        let Reading::Message { left, .. } = &mut self.reading else { return 0 };
        let taken = usize::try_from(*left).map_or(input.len(), |left| left.min(input.len()));
        out.body.extend_from_slice(&input[..taken]);
        *left -= taken as u64;
        if *left == 0
            && let Reading::Message { tag, append, .. } = std::mem::replace(&mut self.reading, Reading::Command)
        {
            self.reading = Reading::MessageEnd { tag, append };
        }
        taken
    }

    /// The rest of the line: nothing. MULTIAPPEND (RFC 3502) would go on here and is not offered.
    pub(super) fn message_ended(&mut self, tag: String, append: Append, event: Event, out: &mut Out) {
        let rest = self.frame.take();
        if event == Event::Command && rest.is_empty() {
            let Append { mailbox, flags, internal_date, .. } = append;
            let ask = Ask::AppendFinish { mailbox, flags, internal_date };
            return self.ask(ask, Waiting::AppendFinish { tag }, out);
        }
        self.errors += 1;
        if let Event::Literal(literal) = event {
            self.skip_literal(literal, out);
        }
        if out.request.is_none() {
            let line = tagged(&tag, "BAD nothing may follow the message");
            self.ask(Ask::AppendDiscard, Waiting::Discard { line }, out);
        }
    }

    pub(super) fn append_finished(&mut self, tag: &str, answer: Answer, out: &mut Out) {
        match answer {
            Answer::Appended { uidvalidity, uid } => {
                let text = format!("OK {}APPEND completed", uidplus::append_uid(uidvalidity, uid));
                self.finish(tagged(tag, &text), true, out);
            }
            Answer::No(refusal) => self.refuse(tag, &refusal, out),
            _ => self.misanswered(out),
        }
    }
}
