//! Under which sender mail goes on to other servers, and what becomes of mail that comes back to one.
//!
//! Forwarded mail gets a rewritten sender ([`super::srs`], RFC 7208 §D.2). Two senders stay: the null
//! reverse-path (RFC 5321 §4.5.5: nothing may come back to it), and one of ours of a message that our user
//! submitted, since SPF of our domains allows us. A sender of ours on mail from outside is rewritten like
//! any other: nobody has shown yet that it is genuine.
//!
//! Known limit: a stranger who forges a sender of ours is not found out here. Where SPF is checked on
//! arrival, such a message does not come this far.

use crate::ground::clock::Timestamp;
use crate::mailflow::routing::{Resolution, Router};
use crate::mailflow::srs::{ReversalError, Rewriter};
use crate::vocabulary::mail::{Address, Enhanced, Reply, ReversePath};

/// The forwarder's side of one plan. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Forwarding {
    router: Router,
    /// Absent: senders stay as they are.
    rewriter: Option<Rewriter>,
}

impl Forwarding {
    pub fn new(router: Router, rewriter: Option<Rewriter>) -> Self {
        Self { router, rewriter }
    }

    pub fn router(&self) -> &Router {
        &self.router
    }

    /// The sender under which a message from `original` is forwarded. `submitted`: by a user of ours, who
    /// may use the address.
    pub fn reverse_path(&self, original: &ReversePath, submitted: bool, at: Timestamp) -> ReversePath {
        let ReversePath::Address(sender) = original else { return ReversePath::Null };
        if submitted && self.router.is_local(&sender.domain) {
            return original.clone();
        }
        match self.rewriter.as_ref().map(|rewriter| rewriter.rewrite(sender, at)) {
            Some(Some(rewritten)) => ReversePath::Address(rewritten),
            Some(None) => {
                tracing::warn!(%sender, "forwarded under its own sender, which is too long to be rewritten");
                original.clone()
            }
            None => original.clone(),
        }
    }

    /// The sender that `address`, a [`Resolution::Returned`], holds, and where mail for it goes; never
    /// `Returned` again.
    ///
    /// # Errors
    /// 550 5.7.1 for one that was not made here, 550 5.1.1 for one that has expired or whose sender is gone.
    pub fn returned(&self, address: &Address, at: Timestamp) -> Result<(Address, Resolution), Reply> {
        let reversed = self.rewriter.as_ref().ok_or(ReversalError::Forged).and_then(|r| r.reverse(address, at));
        let sender = reversed.map_err(|error| {
            let enhanced = if error == ReversalError::Expired { Enhanced(5, 1, 1) } else { Enhanced(5, 7, 1) };
            Reply::new(550, enhanced, error.to_string())
        })?;
        match self.router.resolve(&sender) {
            Resolution::Returned | Resolution::UnknownUser => {
                Err(Reply::new(550, Enhanced(5, 1, 1), format!("no such user: {sender}")))
            }
            resolution => Ok((sender, resolution)),
        }
    }
}
