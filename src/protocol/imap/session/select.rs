//! SELECT and EXAMINE (RFC 3501 §6.3.1, §6.3.2).

use super::view::View;
use super::{Out, ServerSession, Waiting, tagged};
use crate::protocol::imap::command::MailboxName;
use crate::protocol::imap::question::{Answer, Ask};

impl ServerSession {
    pub(super) fn select(&mut self, tag: String, mailbox: MailboxName, read_only: bool, out: &mut Out) {
        // RFC 3501 §6.3.1: the mailbox selected before is left, even if this fails.
        self.selected = None;
        self.ask(Ask::Select { mailbox }, Waiting::Select { tag, read_only }, out);
    }

    pub(super) fn mailbox_selected(&mut self, tag: &str, read_only: bool, answer: Answer, out: &mut Out) {
        let selected = match answer {
            Answer::Selected(selected) => selected,
            Answer::No(refusal) => return self.refuse(tag, &refusal, out),
            _ => return self.misanswered(out),
        };
        let (uidvalidity, uidnext, first_unseen) = (selected.uidvalidity, selected.uidnext, selected.first_unseen);
        let view = self.selected.insert(View::new(selected, read_only));
        let exists = view.exists();
        let unseen = first_unseen.and_then(|uid| view.number(uid));
        self.tell_known_flags(out);
        out.wire.push(format!("* {exists} EXISTS\r\n* 0 RECENT\r\n").as_bytes());
        if let Some(number) = unseen {
            out.wire.push(format!("* OK [UNSEEN {number}] first unseen message\r\n").as_bytes());
        }
        out.wire.push(format!("* OK [UIDVALIDITY {uidvalidity}] UIDs valid\r\n").as_bytes());
        out.wire.push(format!("* OK [UIDNEXT {uidnext}] predicted next UID\r\n").as_bytes());
        let text = if read_only { "OK [READ-ONLY] EXAMINE completed" } else { "OK [READ-WRITE] SELECT completed" };
        out.wire.push(tagged(tag, text).as_bytes());
        self.rest(out);
    }
}
