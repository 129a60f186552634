//! Commands about mailboxes and quota (RFC 3501 §6.3; RFC 9208). LIST and LSUB are in [`super::list`].

use super::{Out, ServerSession, Waiting};
use crate::protocol::imap::command::{Command, StatusItem};
use crate::protocol::imap::ext::{list_status, quota};
use crate::protocol::imap::question::{Answer, Ask, RefusalCode};

impl ServerSession {
    pub(super) fn execute_mailbox(&mut self, tag: String, command: Command, out: &mut Out) {
        let done = |text| Waiting::Done { tag: tag.clone(), text };
        let (ask, waiting) = match command {
            Command::Create { mailbox } if mailbox.is_inbox() => {
                return self.no(&tag, Some(RefusalCode::AlreadyExists), "INBOX exists", out);
            }
            Command::Delete { mailbox } if mailbox.is_inbox() => {
                return self.no(&tag, Some(RefusalCode::Cannot), "INBOX cannot be deleted", out);
            }
            Command::Create { mailbox } => (Ask::Create { mailbox }, done("CREATE completed")),
            Command::Delete { mailbox } => (Ask::Delete { mailbox }, done("DELETE completed")),
            Command::Rename { from, to } => (Ask::Rename { from, to }, done("RENAME completed")),
            Command::Subscribe { mailbox } => {
                (Ask::Subscribe { mailbox, subscribed: true }, done("SUBSCRIBE completed"))
            }
            Command::Unsubscribe { mailbox } => {
                (Ask::Subscribe { mailbox, subscribed: false }, done("UNSUBSCRIBE completed"))
            }
            Command::Status { mailbox, items } => (Ask::Status { mailbox }, Waiting::Status { tag, items }),
            Command::GetQuota { root } if root != quota::ROOT => {
                return self.no(&tag, Some(RefusalCode::NonExistent), "there is no such quota root", out);
            }
            Command::GetQuota { .. } => (Ask::Quota, Waiting::Quota { tag, mailbox: None }),
            Command::GetQuotaRoot { mailbox } => (Ask::Status { mailbox }, Waiting::QuotaMailbox { tag }),
            Command::List(list) => return self.list(tag, list, out),
            Command::Lsub { reference, pattern } => return self.lsub(tag, &reference, &pattern, out),
            _ => return self.misanswered(out),
        };
        self.ask(ask, waiting, out);
    }

    pub(super) fn status_answered(&mut self, tag: &str, items: &[StatusItem], answer: Answer, out: &mut Out) {
        match answer {
            Answer::Mailbox(mailbox) => {
                list_status::write(&mut out.wire.bytes, &mailbox, items);
                self.ok(tag, "STATUS completed", out);
            }
            Answer::No(refusal) => self.refuse(tag, &refusal, out),
            _ => self.misanswered(out),
        }
    }

    /// GETQUOTAROOT's mailbox exists.
    pub(super) fn quota_mailbox(&mut self, tag: String, answer: Answer, out: &mut Out) {
        match answer {
            Answer::Mailbox(mailbox) => {
                self.ask(Ask::Quota, Waiting::Quota { tag, mailbox: Some(mailbox.name) }, out);
            }
            Answer::No(refusal) => self.refuse(&tag, &refusal, out),
            _ => self.misanswered(out),
        }
    }

    pub(super) fn quota_answered(&mut self, tag: &str, mailbox: Option<&str>, answer: Answer, out: &mut Out) {
        match answer {
            Answer::Quota(usage) => {
                if let Some(mailbox) = mailbox {
                    quota::write_root(&mut out.wire.bytes, mailbox);
                }
                quota::write(&mut out.wire.bytes, usage);
                self.ok(tag, if mailbox.is_some() { "GETQUOTAROOT completed" } else { "GETQUOTA completed" }, out);
            }
            Answer::No(refusal) => self.refuse(tag, &refusal, out),
            _ => self.misanswered(out),
        }
    }
}
