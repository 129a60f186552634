//! Recording: what was found for a group of recipients becomes rows, and a bounce where one is due, in one
//! transaction. Until it commits nothing has happened: after a crash the attempt is made again, which may
//! deliver twice but never loses (RFC 5321 §6.1).

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use tracing::{error, info, warn};

use super::bounce::{Bounce, Composed, RETURNED_HEADER_OCTETS_MAX};
use super::classify::{Finding, Verdict};
use super::courier::Courier;
use crate::ground::clock::Timestamp;
use crate::mailflow::handover::commit;
use crate::mailflow::routing::Resolution;
use crate::mailflow::schedule::Next;
use crate::mailflow::signing::SigningError;
use crate::mailflow::trace::return_path;
use crate::state::queue::{self, Due, Outcome, QueueMessage, QueueRecipient, RecipientId};
use crate::state::store::{self, Staged, StoreError};
use crate::vocabulary::mail::{Address, BodyType, ReversePath};

/// A bounce on its way into the store: its bytes, and where it goes.
struct Notice {
    staged: Staged,
    posting: Posting,
}

/// What the rows of a bounce say.
struct Posting {
    to: Whom,
    smtputf8: bool,
    eight_bit: bool,
    skip_octets: u64,
    prefix: Vec<u8>,
    expires: Timestamp,
}

/// Who is told.
enum Whom {
    /// INBOX of these accounts.
    Accounts(Vec<Address>),
    Remote(Address),
}

/// What one recipient's row becomes.
struct Decision {
    row: RecipientId,
    outcome: Outcome,
    failed: bool,
}

impl Courier {
    /// Records `findings` about `recipients` of one entry.
    pub(super) async fn record(&self, due: &Due, recipients: &[QueueRecipient], findings: Vec<Finding>) {
        let now = (self.equipment.clock)();
        let mut by_address: HashMap<Address, Finding> =
            findings.into_iter().map(|finding| (finding.recipient.clone(), finding)).collect();
        let mut decisions = Vec::new();
        let mut failed = Vec::new();
        for recipient in recipients {
            let Some(finding) = by_address.remove(&recipient.forward_path) else { continue };
            let decision = self.decide(&due.message, recipient, &finding, now);
            log(&due.message, recipient, &finding, &decision.outcome, now);
            if decision.failed {
                failed.push(finding);
            }
            decisions.push(decision);
        }
        let notice = if failed.is_empty() { None } else { self.notice(&due.message, &failed, now) };
        if let Err(error) = self.write(due, decisions, notice, now).await {
            // The rows are as before: the next attempt finds them due.
            error!(queue = due.message.id.0, %error, "the outcome of a delivery could not be recorded");
        }
    }

    /// Recipients whose domain became ours while they waited.
    pub(super) async fn record_local(&self, due: &Due, local: Vec<(QueueRecipient, Arc<BTreeSet<Address>>)>) {
        let now = (self.equipment.clock)();
        let accounts: BTreeSet<Address> = local.iter().flat_map(|(_, accounts)| accounts.iter().cloned()).collect();
        let rows: Vec<RecipientId> = local.iter().map(|(recipient, _)| recipient.id).collect();
        let (id, content) = (due.message.id, due.message.content);
        let job = move |tx: &mut store::Tx<'_>, _: &[store::ContentId]| {
            let mut any = false;
            for row in rows {
                any |= queue::record(tx, row, &Outcome::Delivered { reply: "250 2.0.0 delivered here".to_owned() })?;
            }
            if any {
                store::deliver(tx, content, &accounts.into_iter().collect::<Vec<_>>(), "INBOX", now)?;
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
        let (outcome, failed) = match finding.verdict() {
            Verdict::Delivered => (Outcome::Delivered { reply }, false),
            Verdict::Failed => (Outcome::Failed { reply }, true),
            Verdict::Deferred => {
                match self.schedule.after_failure(recipient.attempts.saturating_add(1), now, message.expires) {
                    Next::Retry(until) => (Outcome::Deferred { until, reply }, false),
                    Next::Expired => (Outcome::Failed { reply }, true),
                }
            }
        };
        Decision { row: recipient.id, outcome, failed }
    }

    /// The bounce for `failed`, staged. `None` if nobody may be told.
    fn notice(&self, message: &QueueMessage, failed: &[Finding], now: Timestamp) -> Option<Notice> {
        // RFC 5321 §6.1: never to the null reverse-path.
        let Some(sender) = message.reverse_path.address() else {
            warn!(queue = message.id.0, recipients = failed.len(), "undeliverable, and nobody to tell");
            return None;
        };
        let router = &self.equipment.router;
        let to = match router.resolve(sender) {
            Resolution::Local(accounts) => Whom::Accounts(accounts.iter().cloned().collect()),
            Resolution::Remote => Whom::Remote(sender.clone()),
            Resolution::UnknownUser => {
                warn!(queue = message.id.0, %sender, "undeliverable, and the sender is gone");
                return None;
            }
        };
        let store = &self.equipment.store;
        let original = store
            .content(message.content)
            .and_then(|content| content.read(message.skip_octets, RETURNED_HEADER_OCTETS_MAX))
            .unwrap_or_else(|error| {
                error!(queue = message.id.0, %error, "a bounce goes without the message's header");
                Vec::new()
            });
        let bounce = Bounce {
            host: router.host(),
            from: &router.mailer_daemon(),
            to: sender,
            queue_id: &format!("q{}", message.id.0),
            arrived: message.received,
            now,
            failed,
            original: &original,
        };
        let staged = self.stage(bounce.compose(), to, now);
        staged.map_err(|error| error!(queue = message.id.0, %error, "a bounce could not be staged")).ok()
    }

    fn stage(&self, composed: Composed, to: Whom, now: Timestamp) -> Result<Notice, StoreError> {
        let mut staged = self.equipment.store.stage();
        let mut skip_octets = 0;
        let mut prefix = Vec::new();
        match &to {
            Whom::Accounts(_) => {
                let line = return_path(&ReversePath::Null);
                skip_octets = line.len() as u64;
                staged.append(line.as_bytes())?;
            }
            Whom::Remote(_) => {
                if let Some(domain) = self.equipment.signers.signing_domain(self.equipment.router.host()) {
                    let signed = self.equipment.signers.sign(&domain, |piece| {
                        piece(&composed.message);
                        Ok::<(), SigningError>(())
                    });
                    // An unsigned bounce is better than none.
                    prefix = signed.unwrap_or_else(|error| {
                        error!(%error, "a bounce leaves unsigned");
                        Vec::new()
                    });
                }
            }
        }
        staged.append(&composed.message)?;
        let expires = self.schedule.expires(now);
        let Composed { smtputf8, eight_bit, .. } = composed;
        Ok(Notice { staged, posting: Posting { to, smtputf8, eight_bit, skip_octets, prefix, expires } })
    }

    async fn write(
        &self,
        due: &Due,
        decisions: Vec<Decision>,
        notice: Option<Notice>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let id = due.message.id;
        let (staged, posting) = notice.map(|notice| (notice.staged, notice.posting)).unzip();
        let job = move |tx: &mut store::Tx<'_>, contents: &[store::ContentId]| {
            let mut newly_failed = false;
            for decision in decisions {
                newly_failed |= queue::record(tx, decision.row, &decision.outcome)? && decision.failed;
            }
            // Who was removed from the queue meanwhile is not written about.
            if let (true, Some(posting), Some(content)) = (newly_failed, posting, contents.first()) {
                posting.post(tx, *content, now)?;
            }
            queue::finish(tx, id).map(drop)
        };
        commit(&self.equipment.store, staged.into_iter().collect(), job).await.map(drop)
    }
}

impl Posting {
    /// Into INBOX, or into the queue.
    fn post(self, tx: &mut store::Tx<'_>, content: store::ContentId, now: Timestamp) -> Result<(), StoreError> {
        let recipient = match self.to {
            Whom::Accounts(accounts) => return store::deliver(tx, content, &accounts, "INBOX", now).map(drop),
            Whom::Remote(recipient) => recipient,
        };
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
            recipients: vec![recipient],
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
