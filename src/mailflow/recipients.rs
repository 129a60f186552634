//! A transaction's recipients, each led to where its mail ends: mailboxes here, the queue, or both.
//!
//! Everyone gets a message once. An account that several recipients lead to gets one copy; an address on
//! another server that is named as a recipient and is also forwarded to gets the one for the recipient.
//!
//! A forwarded copy says by whom it was forwarded (Delivered-To, RFC 9228), and a message that says so of a
//! recipient that would forward it again goes in a circle: RFC 5321 §6.3 leaves the means to us, and the
//! count of Received fields alone would let a hundred copies pass.

use std::collections::BTreeSet;

use crate::ground::clock::Timestamp;
use crate::mailflow::header::HeaderFacts;
use crate::mailflow::receivers::Receivers;
use crate::mailflow::relaying::{Destination, Gate, Origin};
use crate::protocol::smtp::server::Transaction;
use crate::vocabulary::mail::{Address, Enhanced, Reply};

/// Who gets a message where.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Recipients {
    /// INBOX of these accounts.
    pub local: BTreeSet<Address>,
    /// On other servers, as the sender wrote them or as a bounce is to come back to them.
    pub remote: Vec<Address>,
    /// On other servers, because somebody here has mail forwarded.
    pub forwards: Vec<ForwardedBy>,
}

/// Where one recipient's mail goes on to.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ForwardedBy {
    pub recipient: Address,
    pub to: Vec<Address>,
}

impl Recipients {
    /// Those of `transaction`, which `origin` brings and whose message has `facts`.
    ///
    /// # Errors
    /// The refusal of the first that cannot get it: those of [`Gate::destination`], and 554 5.4.6.
    pub fn of(
        origin: &Origin,
        transaction: &Transaction,
        facts: &HeaderFacts,
        gate: &Gate,
        at: Timestamp,
    ) -> Result<Self, Reply> {
        let envelope = &transaction.envelope;
        let mut recipients = Self::default();
        for recipient in &envelope.recipients {
            // RCPT TO refused who may not be sent to; a second look costs nothing and an open relay much.
            match gate.destination(origin, &envelope.reverse_path, &recipient.forward_path, at)? {
                Destination::Here { address, receivers } => recipients.here(&address, &receivers, facts)?,
                Destination::Queue(address) if recipients.remote.contains(&address) => {}
                Destination::Queue(address) => recipients.remote.push(address),
            }
        }
        let Self { remote, forwards, .. } = &mut recipients;
        forwards.iter_mut().for_each(|forwarded| forwarded.to.retain(|target| !remote.contains(target)));
        forwards.retain(|forwarded| !forwarded.to.is_empty());
        Ok(recipients)
    }

    /// Whether anything leaves.
    pub fn leaves(&self) -> bool {
        !self.remote.is_empty() || !self.forwards.is_empty()
    }

    fn here(&mut self, address: &Address, receivers: &Receivers, facts: &HeaderFacts) -> Result<(), Reply> {
        self.local.extend(receivers.mailboxes.iter().cloned());
        if receivers.forwards.is_empty() {
            return Ok(());
        }
        let recipient = address.canonical();
        if facts.delivered_to.contains(&recipient) {
            let text = format!("{address} has forwarded this message before: it goes in circles");
            return Err(Reply::new(554, Enhanced(5, 4, 6), text));
        }
        let known = |target: &&Address| !self.forwards.iter().any(|forwarded| forwarded.to.contains(target));
        let to: Vec<Address> = receivers.forwards.iter().filter(known).cloned().collect();
        self.forwards.push(ForwardedBy { recipient, to });
        Ok(())
    }
}
