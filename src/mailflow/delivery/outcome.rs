//! Recording: what was found for a group of recipients becomes rows, and a report to the sender where one is
//! due (a bounce, or once the notice of a delay), in one transaction. Until it commits nothing has happened: after a crash the attempt is made again, which may
//! deliver twice but never loses (RFC 5321 §6.1).

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use tracing::{error, info, warn};

use super::bounce::{Bounce, Composed, Fate, RETURNED_HEADER_OCTETS_MAX};
use super::classify::{Finding, Verdict};
use super::courier::Courier;
use crate::ground::clock::Timestamp;
use crate::mailflow::handover::commit;
use crate::mailflow::receivers::Receivers;
use crate::mailflow::routing::Resolution;
use crate::mailflow::schedule::Next;
use crate::mailflow::signing::SigningError;
use crate::mailflow::trace::{delivered_to, return_path};
use crate::state::queue::{self, Due, Outcome, QueueMessage, QueueRecipient, RecipientId};
use crate::state::store::{self, Staged, StoreError};
use crate::vocabulary::mail::{Address, BodyType, ReversePath};

/// A report to the sender on its way into the store: its bytes, and where it goes.
struct Notice {
    staged: Staged,
    posting: Posting,
}

/// What the rows of a report say.
struct Posting {
    about: Fate,
    to: Whom,
    smtputf8: bool,
    eight_bit: bool,
    skip_octets: u64,
    prefix: Vec<u8>,
    expires: Timestamp,
}

/// Who is told.
struct Whom {
    /// INBOX of these accounts.
    mailboxes: Vec<Address>,
    /// On other servers: the sender there, or where a sender here has mail forwarded.
    remote: Vec<Address>,
}

/// What one recipient's row becomes.
struct Decision {
    row: RecipientId,
    outcome: Outcome,
}

impl Courier {
    /// Records `findings` about `recipients` of one entry.
    pub(super) async fn record(&self, due: &Due, recipients: &[QueueRecipient], findings: Vec<Finding>) {
        let now = (self.equipment.clock)();
        let mut by_address: HashMap<Address, Finding> =
            findings.into_iter().map(|finding| (finding.recipient.clone(), finding)).collect();
        let mut decisions = Vec::new();
        let (mut failed, mut deferred) = (Vec::new(), Vec::new());
        for recipient in recipients {
            let Some(finding) = by_address.remove(&recipient.forward_path) else { continue };
            let decision = self.decide(&due.message, recipient, &finding, now);
            log(&due.message, recipient, &finding, &decision.outcome, now);
            match decision.outcome {
                Outcome::Deferred { .. } => deferred.push(finding),
                Outcome::Delivered { .. } => {}
                Outcome::Failed { .. } => failed.push(finding),
            }
            decisions.push(decision);
        }
        let mut notices = Vec::new();
        if !failed.is_empty() {
            notices.extend(self.notice(&due.message, Fate::Failed, &failed, now));
        }
        if !deferred.is_empty() && self.is_late(&due.message, now) {
            notices.extend(self.notice(&due.message, Fate::Delayed, &deferred, now));
        }
        if let Err(error) = self.write(due, decisions, notices, now).await {
            // The rows are as before: the next attempt finds them due.
            error!(queue = due.message.id.0, %error, "the outcome of a delivery could not be recorded");
        }
    }

    /// Recipients whose domain became ours while they waited.
    pub(super) async fn record_local(&self, due: &Due, local: Vec<(QueueRecipient, Arc<Receivers>)>) {
        let now = (self.equipment.clock)();
        let receivers = || local.iter().map(|(_, receivers)| receivers);
        let accounts: BTreeSet<Address> = receivers().flat_map(|r| r.mailboxes.iter().cloned()).collect();
        let forwards: BTreeSet<Address> = receivers().flat_map(|r| r.forwards.iter().cloned()).collect();
        let rows: Vec<RecipientId> = local.iter().map(|(recipient, _)| recipient.id).collect();
        let by: String = local.iter().map(|(recipient, _)| delivered_to(&recipient.forward_path)).collect();
        let QueueMessage { id, content, skip_octets, body, smtputf8, received, expires, .. } = due.message;
        let onwards = queue::NewMessage {
            content,
            skip_octets,
            prefix: [by.as_bytes(), &due.message.prefix].concat(),
            reverse_path: self.equipment.forwarding.reverse_path(&due.message.reverse_path, false, now),
            body,
            smtputf8,
            received,
            expires,
            is_bounce: due.message.is_bounce,
            recipients: forwards.into_iter().collect(),
        };
        let job = move |tx: &mut store::Tx<'_>, _: &[store::ContentId]| {
            let mut any = false;
            for row in rows {
                any |= queue::record(tx, row, &Outcome::Delivered { reply: "250 2.0.0 delivered here".to_owned() })?;
            }
            if any {
                store::deliver(tx, content, &accounts.into_iter().collect::<Vec<_>>(), "INBOX", now)?;
            }
            if any && !onwards.recipients.is_empty() {
                queue::enqueue(tx, &onwards)?;
            }
            queue::finish(tx, id).map(drop)
        };
        if let Err(error) = commit(&self.equipment.store, Vec::new(), job).await {
            error!(queue = id.0, %error, "a queued message could not be delivered here");
        }
    }

    fn decide(
        &self,
        message: &QueueMessage,
        recipient: &QueueRecipient,
        finding: &Finding,
        now: Timestamp,
    ) -> Decision {
        let reply = finding.reply.to_string();
        let outcome = match finding.verdict() {
            Verdict::Delivered => Outcome::Delivered { reply },
            Verdict::Failed => Outcome::Failed { reply },
            Verdict::Deferred => {
                match self.schedule.after_failure(recipient.attempts.saturating_add(1), now, message.expires) {
                    Next::Retry(until) => Outcome::Deferred { until, reply },
                    Next::Expired => Outcome::Failed { reply },
                }
            }
        };
        Decision { row: recipient.id, outcome }
    }

    /// Whether the sender is to be told that `message` still waits: once, and never of a report.
    fn is_late(&self, message: &QueueMessage, now: Timestamp) -> bool {
        let Some(patience) = self.delay_notice else { return false };
        let late = now >= message.received.after(patience);
        if !late || message.is_bounce || message.reverse_path.address().is_none() {
            return false;
        }
        let noticed = self.equipment.store.read(|view| queue::is_delay_noticed(view, message.id));
        !noticed.unwrap_or_else(|error| {
            error!(queue = message.id.0, %error, "a message is late, and whether its sender knows cannot be read");
            true
        })
    }

    /// The report about `findings`, staged. `None` if nobody may be told.
    fn notice(&self, message: &QueueMessage, about: Fate, findings: &[Finding], now: Timestamp) -> Option<Notice> {
        // RFC 5321 §6.1: never to the null reverse-path.
        let Some(sender) = message.reverse_path.address() else {
            warn!(queue = message.id.0, recipients = findings.len(), "undeliverable, and nobody to tell");
            return None;
        };
        let router = &self.equipment.router;
        let Some((sender, to)) = self.whom(sender, now) else {
            warn!(queue = message.id.0, %sender, "undeliverable, and the sender is gone");
            return None;
        };
        let store = &self.equipment.store;
        let original = store
            .content(message.content)
            .and_then(|content| content.read(message.skip_octets, RETURNED_HEADER_OCTETS_MAX))
            .unwrap_or_else(|error| {
                error!(queue = message.id.0, %error, "a report goes without the message's header");
                Vec::new()
            });
        let bounce = Bounce {
            host: router.host(),
            from: &router.mailer_daemon(),
            to: &sender,
            queue_id: &format!("q{}", message.id.0),
            arrived: message.received,
            now,
            about,
            expires: message.expires,
            findings,
            original: &original,
        };
        let staged = self.stage(bounce.compose(), about, to, now);
        staged.map_err(|error| error!(queue = message.id.0, %error, "a report could not be staged")).ok()
    }

    /// Where a bounce to `sender` goes, and the address that it bears: of a sender that we rewrote, the one
    /// that it holds.
    fn whom(&self, sender: &Address, now: Timestamp) -> Option<(Address, Whom)> {
        let (sender, resolution) = match self.equipment.router.resolve(sender) {
            Resolution::Returned => self.equipment.forwarding.returned(sender, now).ok()?,
            resolution => (sender.clone(), resolution),
        };
        let whom = match resolution {
            Resolution::Local(receivers) => Whom {
                mailboxes: receivers.mailboxes.iter().cloned().collect(),
                remote: receivers.forwards.iter().cloned().collect(),
            },
            Resolution::Remote => Whom { mailboxes: Vec::new(), remote: vec![sender.clone()] },
            Resolution::Returned | Resolution::UnknownUser => return None,
        };
        Some((sender, whom))
    }

    fn stage(&self, composed: Composed, about: Fate, to: Whom, now: Timestamp) -> Result<Notice, StoreError> {
        let mut staged = self.equipment.store.stage();
        let line = if to.mailboxes.is_empty() { String::new() } else { return_path(&ReversePath::Null) };
        staged.append(line.as_bytes())?;
        let skip_octets = line.len() as u64;
        let domain = self.equipment.signers.signing_domain(self.equipment.router.host());
        let prefix = match domain.filter(|_| !to.remote.is_empty()) {
            None => Vec::new(),
            Some(domain) => {
                let signed = self.equipment.signers.sign(&domain, |piece| {
                    piece(&composed.message);
                    Ok::<(), SigningError>(())
                });
                // An unsigned bounce is better than none.
                signed.unwrap_or_else(|error| {
                    error!(%error, "a bounce leaves unsigned");
                    Vec::new()
                })
            }
        };
        staged.append(&composed.message)?;
        let expires = self.schedule.expires(now);
        let Composed { smtputf8, eight_bit, .. } = composed;
        Ok(Notice { staged, posting: Posting { about, to, smtputf8, eight_bit, skip_octets, prefix, expires } })
    }

    async fn write(
        &self,
        due: &Due,
        decisions: Vec<Decision>,
        notices: Vec<Notice>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let id = due.message.id;
        let (staged, postings): (Vec<Staged>, Vec<Posting>) =
            notices.into_iter().map(|notice| (notice.staged, notice.posting)).unzip();
        let job = move |tx: &mut store::Tx<'_>, contents: &[store::ContentId]| {
            let mut newly_failed = false;
            for decision in decisions {
                let failed = matches!(decision.outcome, Outcome::Failed { .. });
                newly_failed |= queue::record(tx, decision.row, &decision.outcome)? && failed;
            }
            for (posting, content) in postings.into_iter().zip(contents) {
                // Who was removed from the queue meanwhile is not written about, and who knows is not told again.
                let due = match posting.about {
                    Fate::Delayed => queue::note_delay(tx, id)?,
                    Fate::Failed => newly_failed,
                };
                if due {
                    posting.post(tx, *content, now)?;
                }
            }
            queue::finish(tx, id).map(drop)
        };
        commit(&self.equipment.store, staged, job).await.map(drop)
    }
}

impl Posting {
    /// Into INBOX, into the queue, or both.
    fn post(self, tx: &mut store::Tx<'_>, content: store::ContentId, now: Timestamp) -> Result<(), StoreError> {
        if !self.to.mailboxes.is_empty() {
            store::deliver(tx, content, &self.to.mailboxes, "INBOX", now)?;
        }
        if self.to.remote.is_empty() {
            return Ok(());
        }
        let message = queue::NewMessage {
            content,
            skip_octets: self.skip_octets,
            prefix: self.prefix,
            reverse_path: ReversePath::Null,
            body: if self.eight_bit { BodyType::EightBitMime } else { BodyType::SevenBit },
            smtputf8: self.smtputf8,
            received: now,
            expires: self.expires,
            is_bounce: true,
            recipients: self.to.remote,
        };
        queue::enqueue(tx, &message).map(drop)
    }
}

/// One line a recipient, as Postfix writes them.
fn log(message: &QueueMessage, recipient: &QueueRecipient, finding: &Finding, outcome: &Outcome, now: Timestamp) {
    let status = match outcome {
        Outcome::Deferred { .. } => "deferred",
        Outcome::Delivered { .. } => "sent",
        Outcome::Failed { .. } => "bounced",
    };
    info!(
        queue = message.id.0,
        from = %message.reverse_path,
        to = %recipient.forward_path,
        relay = finding.remote.as_ref().map(tracing::field::display),
        attempt = recipient.attempts.saturating_add(1),
        delay_seconds = now.since(message.received).as_secs(),
        status,
        reply = %finding.reply,
        "delivery"
    );
}
