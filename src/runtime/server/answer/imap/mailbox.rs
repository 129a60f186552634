//! Questions about mailboxes.

use super::{Answered, Answers, User};
use crate::ground::limits::KEYWORDS_MAX;
use crate::protocol::imap::command::MailboxName;
use crate::protocol::imap::question::{Answer, FlagsNow, Listed, Quota, Selected, Synced};
use crate::protocol::imap::sequence::NumberSet;
use crate::state::store::mailbox::{self, Mailbox};
use crate::state::store::message::{self, Snapshot};
use crate::state::store::{MailboxId, StoreError, change, quota};
use crate::vocabulary::mail::SystemFlag;

impl Answers {
    pub(super) async fn mailboxes(&self, user: &User) -> Answered {
        let account = user.account;
        let all = self.read(move |view| mailbox::list(view, account)).await?;
        Ok(Answer::Mailboxes(all.into_iter().map(listed).collect()))
    }

    pub(super) async fn status(&self, user: &User, name: MailboxName) -> Answered {
        let account = user.account;
        let found = self.read(move |view| mailbox::find(view, account, name.as_str())).await?;
        Ok(Answer::Mailbox(listed(found.ok_or(StoreError::NoMailbox)?)))
    }

    pub(super) async fn create(&self, user: &User, name: MailboxName) -> Answered {
        let account = user.account;
        self.write(Vec::new(), move |tx, _| mailbox::create(tx, account, name.as_str(), None)).await?;
        Ok(Answer::Done)
    }

    pub(super) async fn delete(&self, user: &User, name: MailboxName) -> Answered {
        let account = user.account;
        self.write(Vec::new(), move |tx, _| mailbox::delete(tx, account, name.as_str())).await?;
        Ok(Answer::Done)
    }

    pub(super) async fn rename(&self, user: &User, from: MailboxName, to: MailboxName) -> Answered {
        let account = user.account;
        self.write(Vec::new(), move |tx, _| mailbox::rename(tx, account, from.as_str(), to.as_str())).await?;
        Ok(Answer::Done)
    }

    pub(super) async fn subscribe(&self, user: &User, name: MailboxName, subscribed: bool) -> Answered {
        let account = user.account;
        self.write(Vec::new(), move |tx, _| mailbox::subscribe(tx, account, name.as_str(), subscribed)).await?;
        Ok(Answer::Done)
    }

    pub(super) async fn quota(&self, user: &User) -> Answered {
        let account = user.account;
        let usage = self.read(move |view| quota::usage(view, account)).await?;
        Ok(Answer::Quota(Quota { used_octets: usage.octets, limit_octets: user.quota_octets }))
    }

    pub(super) async fn select(&self, user: &User, name: MailboxName) -> Answered {
        let account = user.account;
        let snapshot = self.read(move |view| {
            let found = mailbox::find(view, account, name.as_str())?.ok_or(StoreError::NoMailbox)?;
            message::snapshot(view, found.id)
        });
        Ok(Answer::Selected(selected(snapshot.await?)))
    }

    pub(super) async fn sync(&self, mailbox: MailboxId, since: u64) -> Answered {
        let changes = self.read(move |view| {
            let changes = change::since(view, mailbox, since)?;
            let all = match changes.complete {
                true => None,
                false => Some(message::snapshot(view, mailbox)?.messages.iter().map(|(uid, _)| *uid).collect()),
            };
            Ok((changes, all))
        });
        let (changes, all) = match changes.await {
            Err(StoreError::NoMailbox) => return Ok(Answer::Synced(Synced { gone: true, ..Synced::default() })),
            changes => changes?,
        };
        Ok(Answer::Synced(Synced {
            modseq: changes.mailbox.modseq,
            messages: changes.messages.into_iter().map(|(uid, flags)| FlagsNow { uid, flags }).collect(),
            vanished: NumberSet::from_ranges(changes.vanished.into_iter().map(|(first, last)| first..=last)),
            all,
            gone: false,
        }))
    }
}

fn listed(mailbox: Mailbox) -> Listed {
    Listed {
        name: mailbox.name,
        special_use: mailbox.special_use,
        subscribed: mailbox.subscribed,
        messages: mailbox.messages,
        unseen: mailbox.unseen,
        uidnext: mailbox.uidnext,
        uidvalidity: mailbox.uidvalidity,
    }
}

fn selected(snapshot: Snapshot) -> Selected {
    let Snapshot { mailbox, messages } = snapshot;
    let unseen = messages.iter().find(|(_, flags)| !flags.contains(SystemFlag::Seen));
    let keywords = messages.iter().flat_map(|(_, flags)| &flags.keywords);
    let mut known = std::collections::BTreeSet::new();
    for keyword in keywords {
        if known.len() < KEYWORDS_MAX && !known.contains(keyword) {
            known.insert(keyword.clone());
        }
    }
    Selected {
        mailbox: mailbox.id.0,
        uidvalidity: mailbox.uidvalidity,
        uidnext: mailbox.uidnext,
        modseq: mailbox.modseq,
        first_unseen: unseen.map(|(uid, _)| *uid),
        uids: messages.iter().map(|(uid, _)| *uid).collect(),
        keywords: known,
    }
}
