//! What others changed in the selected mailbox, told between commands and in IDLE (RFC 3501 §5.2, §7.3, §7.4).

use super::{Out, Reading, ServerSession, Waiting};
use crate::protocol::imap::encode;
use crate::protocol::imap::question::{Answer, Ask, FlagsNow, Synced};
use crate::vocabulary::mail::SystemFlag;

impl ServerSession {
    pub(super) fn ask_sync(&mut self, waiting: Waiting, out: &mut Out) {
        match &self.selected {
            Some(view) => {
                let ask = Ask::Sync { mailbox: view.mailbox, since: view.modseq };
                self.ask(ask, waiting, out);
            }
            None => self.waiting = Waiting::Nothing,
        }
    }

    pub(super) fn synced(&mut self, line: String, expunge: bool, answer: Answer, out: &mut Out) {
        let Answer::Synced(synced) = answer else {
            // The command itself is done, whatever became of the news.
            out.wire.push(line.as_bytes());
            return self.rest(out);
        };
        if self.tell(synced, expunge, out) {
            out.wire.push(line.as_bytes());
            self.rest(out);
        }
    }

    pub(super) fn idle_synced(&mut self, answer: Answer, out: &mut Out) {
        if let Answer::Synced(synced) = answer {
            self.tell(synced, true, out);
        }
        if self.draining && out.request.is_none() {
            self.reading = Reading::Command;
            self.rest(out);
        }
    }

    /// EXPUNGE where allowed, then changed flags, then EXISTS. False if the mailbox is gone, and the connection with it.
    fn tell(&mut self, synced: Synced, expunge: bool, out: &mut Out) -> bool {
        if synced.gone {
            self.bye("the selected mailbox was deleted", out);
            return false;
        }
        let Some(view) = self.selected.as_mut() else { return true };
        view.modseq = view.modseq.max(synced.modseq);
        view.lose_ranges(&synced.vanished);
        if let Some(all) = &synced.all {
            view.keep(all);
        }
        self.tell_expunged(expunge, out);
        let mut arrived = false;
        for now in &synced.messages {
            if self.selected.as_mut().is_some_and(|view| view.add(now.uid)) {
                arrived = true;
            } else {
                self.tell_flags(now, out);
            }
        }
        let Some(view) = self.selected.as_ref().filter(|_| arrived) else { return true };
        out.wire.push(format!("* {} EXISTS\r\n* 0 RECENT\r\n", view.exists()).as_bytes());
        true
    }

    /// RFC 3501 §7.4.1: EXPUNGE must not come during FETCH, STORE or SEARCH by sequence number.
    pub(super) fn tell_expunged(&mut self, allowed: bool, out: &mut Out) {
        if let Some(view) = self.selected.as_mut().filter(|_| allowed) {
            for number in view.tell_gone() {
                out.wire.push(format!("* {number} EXPUNGE\r\n").as_bytes());
            }
        }
    }

    /// `* n FETCH (UID u FLAGS (...))`, with FLAGS before it if there is a new keyword.
    pub(super) fn tell_flags(&mut self, change: &FlagsNow, out: &mut Out) {
        let Some(view) = self.selected.as_mut() else { return };
        let Some(number) = view.number(change.uid) else { return };
        if view.learn(&change.flags) {
            self.tell_known_flags(out);
        }
        out.wire.push(format!("* {number} FETCH (UID {} FLAGS ", change.uid).as_bytes());
        encode::flags(&mut out.wire.bytes, &change.flags);
        out.wire.push(b")\r\n");
    }

    /// FLAGS (RFC 3501 §7.2.6) and PERMANENTFLAGS (§7.1).
    pub(super) fn tell_known_flags(&self, out: &mut Out) {
        let Some(view) = &self.selected else { return };
        let bytes = &mut out.wire.bytes;
        bytes.extend_from_slice(b"* FLAGS ");
        encode::flag_list(bytes, SystemFlag::ALL.into_iter(), &view.keywords, &[]);
        bytes.extend_from_slice(b"\r\n* OK [PERMANENTFLAGS ");
        if view.read_only {
            bytes.extend_from_slice(b"()] no flag can be changed\r\n");
        } else {
            encode::flag_list(bytes, SystemFlag::ALL.into_iter(), &view.keywords, &["\\*"]);
            bytes.extend_from_slice(b"] these can be changed, and new ones made\r\n");
        }
    }
}
