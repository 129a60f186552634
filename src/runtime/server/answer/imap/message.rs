//! Questions about messages: APPEND, COPY, MOVE, STORE, EXPUNGE.

use super::refusal::refusal_of_target;
use super::{Answered, Answers, User};
use crate::ground::clock::Timestamp;
use crate::protocol::imap::command::{FlagChange, MailboxName};
use crate::protocol::imap::question::{Answer, Copied, FlagsNow, Stored};
use crate::state::store::flag::{self, Change};
use crate::state::store::message::{self, BATCH_MESSAGES_MAX, Expunge};
use crate::state::store::{MailboxId, StoreError, mailbox, quota};
use crate::vocabulary::mail::Flags;

impl Answers {
    pub(super) async fn append_begin(&mut self, user: &User, name: MailboxName, octets: u64) -> Answered {
        let (account, limit) = (user.account, user.quota_octets);
        let room = self.read(move |view| {
            mailbox::find(view, account, name.as_str())?.ok_or(StoreError::NoMailbox)?;
            quota::check(view, account, limit, octets)
        });
        room.await.map_err(refusal_of_target)?;
        self.incoming = Some(Ok(self.store.stage()));
        Ok(Answer::Done)
    }

    pub(super) async fn append_finish(
        &mut self,
        user: &User,
        name: MailboxName,
        flags: Flags,
        internal_date: Option<Timestamp>,
    ) -> Answered {
        let mut staged = self.incoming.take().unwrap_or(Err(StoreError::Closed))?;
        // A long message goes to disk here, so that the writer need not wait for it.
        let synced = tokio::task::spawn_blocking(move || staged.sync().map(|()| staged)).await;
        let staged = synced.unwrap_or(Err(StoreError::Panicked))?;
        let octets = staged.len();
        let (account, limit) = (user.account, user.quota_octets);
        let date = internal_date.unwrap_or_else(Timestamp::now);
        let appended = self.write(vec![staged], move |tx, contents| {
            let content = *contents.first().ok_or(StoreError::Closed)?;
            let target = mailbox::find(tx, account, name.as_str())?.ok_or(StoreError::NoMailbox)?;
            // Asked again, because others may have filled the account since.
            quota::check(tx, account, limit, octets)?;
            message::append(tx, target.id, content, &flags, date)
        });
        let appended = appended.await.map_err(refusal_of_target)?;
        tracing::info!(account = %user.address, uid = appended.uid, octets, "message appended");
        Ok(Answer::Appended { uidvalidity: appended.uidvalidity, uid: appended.uid })
    }

    pub(super) async fn copy(
        &self,
        user: &User,
        from: MailboxId,
        uids: Vec<u32>,
        name: MailboxName,
        removing: bool,
    ) -> Answered {
        let (account, limit) = (user.account, user.quota_octets);
        let copied = self.write(Vec::new(), move |tx, _| {
            let target = mailbox::find(tx, account, name.as_str())?.ok_or(StoreError::NoMailbox)?;
            if removing {
                return message::move_to(tx, from, &uids, target.id);
            }
            let more = quota::octets_of(tx, from, &uids)?;
            quota::check(tx, account, limit, more)?;
            message::copy(tx, from, &uids, target.id)
        });
        let copied = copied.await.map_err(refusal_of_target)?;
        Ok(Answer::Copied(Copied { uidvalidity: copied.uidvalidity, pairs: copied.uids }))
    }

    pub(super) async fn store_flags(&self, mailbox: MailboxId, uids: Vec<u32>, change: FlagChange) -> Answered {
        let (change, flags) = match change {
            FlagChange::Add(flags) => (Change::Add, flags),
            FlagChange::Remove(flags) => (Change::Remove, flags),
            FlagChange::Replace(flags) => (Change::Replace, flags),
        };
        let stored = self.write(Vec::new(), move |tx, _| flag::store(tx, mailbox, &uids, change, &flags)).await?;
        Ok(Answer::Stored(Stored {
            modseq: stored.iter().filter(|message| message.changed).map(|message| message.modseq).max(),
            messages: stored.into_iter().map(|message| FlagsNow { uid: message.uid, flags: message.flags }).collect(),
        }))
    }

    /// In batches, so that deliveries can go between.
    pub(super) async fn expunge(&self, mailbox: MailboxId, uids: Option<Vec<u32>>) -> Answered {
        let mut gone = Vec::new();
        match uids {
            Some(uids) => {
                for batch in uids.chunks(BATCH_MESSAGES_MAX) {
                    let batch = batch.to_vec();
                    let run = move |uids: Vec<u32>| {
                        self.write(Vec::new(), move |tx, _| {
                            message::expunge(tx, mailbox, Expunge::DeletedAmong(&uids), uids.len())
                        })
                    };
                    gone.extend(run(batch).await?);
                }
            }
            None => loop {
                let batch = self.write(Vec::new(), move |tx, _| {
                    message::expunge(tx, mailbox, Expunge::Deleted, BATCH_MESSAGES_MAX)
                });
                let batch = batch.await?;
                let is_last = batch.len() < BATCH_MESSAGES_MAX;
                gone.extend(batch);
                if is_last {
                    break;
                }
            },
        }
        Ok(Answer::Expunged { uids: gone })
    }
}
