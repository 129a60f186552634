//! STORE: the flags of messages. Keywords compare without case (RFC 9051 §2.3.2).

use std::collections::BTreeSet;

use super::message::{self, Stored};
use super::{MailboxId, StoreError, Tx, column, row};
use crate::vocabulary::mail::{Flags, SystemFlag};

/// FLAGS, +FLAGS and -FLAGS of STORE (RFC 9051 §6.4.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    Add,
    Remove,
    Replace,
}

/// Changes the flags of those of `uids` that exist; one entry for each of them, ascending.
///
/// # Errors
/// [`StoreError::NoMailbox`], [`StoreError::Limit`] (too many keywords; nothing was changed then).
pub fn store(
    tx: &mut Tx<'_>,
    mailbox: MailboxId,
    uids: &[u32],
    change: Change,
    flags: &Flags,
) -> Result<Vec<Stored>, StoreError> {
    let before = row::status(tx, mailbox)?;
    let modseq = before.modseq + 1;
    let mut stored = Vec::with_capacity(uids.len());
    let (mut unseen, mut any) = (0, false);
    for row in message::rows(tx, mailbox, &message::ascending(uids))? {
        let now = apply(&row.flags, change, flags);
        column::check(&now)?;
        let changed = now != row.flags;
        if changed {
            tx.execute(
                "UPDATE message SET system_flags = ?3, keywords = ?4, modseq = ?5 WHERE mailbox = ?1 AND uid = ?2",
                (mailbox.0, row.uid, now.system, column::keywords(&now), modseq),
            )?;
            unseen += i64::from(row.flags.contains(SystemFlag::Seen)) - i64::from(now.contains(SystemFlag::Seen));
            any = true;
        }
        stored.push(Stored { uid: row.uid, flags: now, modseq: if changed { modseq } else { row.modseq }, changed });
    }
    if any {
        tx.execute("UPDATE mailbox SET modseq = ?2, unseen = unseen + ?3 WHERE id = ?1", (mailbox.0, modseq, unseen))?;
        tx.touch(mailbox);
    }
    Ok(stored)
}

fn apply(old: &Flags, change: Change, given: &Flags) -> Flags {
    let has = |set: &BTreeSet<String>, keyword: &str| set.iter().any(|k| k.eq_ignore_ascii_case(keyword));
    // Whoever set a keyword first chose its spelling.
    let mut kept: BTreeSet<String> = match change {
        Change::Add => old.keywords.clone(),
        Change::Remove => old.keywords.iter().filter(|k| !has(&given.keywords, k)).cloned().collect(),
        Change::Replace => old.keywords.iter().filter(|k| has(&given.keywords, k)).cloned().collect(),
    };
    let system = match change {
        Change::Add => old.system | given.system,
        Change::Remove => old.system & !given.system,
        Change::Replace => given.system,
    };
    if change != Change::Remove {
        for keyword in &given.keywords {
            if !has(&kept, keyword) {
                kept.insert(keyword.clone());
            }
        }
    }
    Flags { system, keywords: kept }
}
