//! Whose messages this server takes, and for whom: the host's role, trusted networks, backup domains.
//!
//! Invariants: without a login and from outside `relaying.accept_from` a message goes to somebody who is here
//! (and may have it forwarded), to the primary server of a backup domain, or as a bounce to the sender whom one
//! of our rewritten senders holds, and nowhere else (RFC 5321 §3.6.2: no open relay); a role only takes away.
//!
//! The decision is made at RCPT TO and once more when the message is stored, by the same function.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use crate::ground::clock::Timestamp;
use crate::mailflow::forwarding::Forwarding;
use crate::mailflow::receivers::Receivers;
use crate::mailflow::routing::Resolution;
use crate::plan::Plan;
use crate::plan::document::{BackupMx, BackupRecipients, Role};
use crate::vocabulary::mail::{Address, Domain, Enhanced, Reply, ReversePath};
use crate::vocabulary::network::Network;

/// Who brings a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Another server, or somebody who plays one.
    Anybody,
    /// A peer in one of `relaying.accept_from`.
    TrustedNetwork,
    /// Who has logged in.
    User(Address),
}

/// Where a recipient's copy goes. The address is the recipient, or the sender whom it holds if it is a
/// rewritten one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    /// Somebody here has the address.
    Here { address: Address, receivers: Arc<Receivers> },
    /// To the queue.
    Queue(Address),
}

/// One plan's answer to who may send what to whom. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Gate(Arc<Rules>);

#[derive(Debug)]
struct Rules {
    forwarding: Forwarding,
    role: Role,
    accept_from: Vec<Network>,
    backup: BTreeMap<Domain, BackupMx>,
}

impl Gate {
    pub fn new(plan: &Plan, forwarding: Forwarding) -> Self {
        let role = plan.host.role;
        // A role only takes away: what it does not allow is not even kept.
        let accept_from = match role {
            Role::Full | Role::SendOnly => plan.relaying.accept_from.clone(),
            Role::BackupMx | Role::ReceiveOnly | Role::SubmissionOnly => Vec::new(),
        };
        let backup = match role {
            Role::BackupMx | Role::Full => plan.relaying.backup.clone(),
            Role::ReceiveOnly | Role::SendOnly | Role::SubmissionOnly => BTreeMap::new(),
        };
        Self(Arc::new(Rules { forwarding, role, accept_from, backup }))
    }

    pub fn forwarding(&self) -> &Forwarding {
        &self.0.forwarding
    }

    /// Whether a peer at `address` may relay without a login.
    pub fn trusts(&self, address: IpAddr) -> bool {
        self.0.accept_from.iter().any(|network| network.contains(address))
    }

    /// Whether `origin` may send anything at all.
    ///
    /// # Errors
    /// 550 5.7.1 with what this server is for.
    pub fn check_origin(&self, origin: &Origin) -> Result<(), Reply> {
        let refused = |text: &str| Err(Reply::new(550, Enhanced(5, 7, 1), text));
        match (self.0.role, origin) {
            (Role::SendOnly | Role::SubmissionOnly, Origin::Anybody) => {
                refused("this server receives no mail from others")
            }
            (Role::BackupMx | Role::ReceiveOnly, Origin::User(_) | Origin::TrustedNetwork) => {
                refused("this server sends no mail for its users")
            }
            _ => Ok(()),
        }
    }

    /// Where a message that `origin` brings from `reverse_path` for `recipient` goes.
    ///
    /// # Errors
    /// 550 5.1.1 if nobody has the address, 550 5.7.1 if it is elsewhere and `origin` may not relay, or if it
    /// is a rewritten sender and the message no bounce to it.
    pub fn destination(
        &self,
        origin: &Origin,
        reverse_path: &ReversePath,
        recipient: &Address,
        at: Timestamp,
    ) -> Result<Destination, Reply> {
        self.check_origin(origin)?;
        let forwarding = &self.0.forwarding;
        match forwarding.router().resolve(recipient) {
            Resolution::Local(receivers) => Ok(Destination::Here { address: recipient.clone(), receivers }),
            Resolution::UnknownUser => Err(unknown(recipient)),
            // Whoever knows a rewritten sender could otherwise have us write to the sender behind it.
            Resolution::Returned if *reverse_path != ReversePath::Null => {
                Err(Reply::new(550, Enhanced(5, 7, 1), "only a bounce, which has no sender, may come to this address"))
            }
            Resolution::Returned => match forwarding.returned(recipient, at)? {
                (address, Resolution::Local(receivers)) => Ok(Destination::Here { address, receivers }),
                (address, _) => Ok(Destination::Queue(address)),
            },
            Resolution::Remote => self.relayed(origin, recipient),
        }
    }

    fn relayed(&self, origin: &Origin, recipient: &Address) -> Result<Destination, Reply> {
        match (origin, self.0.backup.get(&recipient.domain)) {
            (Origin::TrustedNetwork | Origin::User(_), _) => Ok(Destination::Queue(recipient.clone())),
            (Origin::Anybody, Some(backup)) if is_taken(&backup.recipients, recipient) => {
                Ok(Destination::Queue(recipient.clone()))
            }
            (Origin::Anybody, Some(_)) => Err(unknown(recipient)),
            // RFC 5321 §3.6.2, RFC 3463 §3.8: no open relay.
            (Origin::Anybody, None) => {
                let text = format!("no relaying to {}; our users send through port 465 or 587", recipient.domain);
                Err(Reply::new(550, Enhanced(5, 7, 1), text))
            }
        }
    }
}

fn unknown(recipient: &Address) -> Reply {
    Reply::new(550, Enhanced(5, 1, 1), format!("no such user: {recipient}"))
}

fn is_taken(recipients: &BackupRecipients, recipient: &Address) -> bool {
    match recipients {
        BackupRecipients::Any => true,
        BackupRecipients::Listed(listed) => listed.contains(&recipient.canonical()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::mailflow::routing::Router;
    use crate::mailflow::sample;

    fn gate(role: &str) -> Gate {
        let mut value = serde_json::to_value(sample::plan(&[])).unwrap();
        value["host"]["role"] = json!(role);
        value["relaying"] = json!({
            "accept_from": ["198.51.100.0/24"],
            "backup": {
                "friend.test": { "next_hop": "mx", "recipients": "any" },
                "listed.test": { "next_hop": "mx", "recipients": { "listed": ["x@listed.test"] } }
            }
        });
        let plan: Plan = serde_json::from_value(value).unwrap();
        Gate::new(&plan, Forwarding::new(Router::new(&plan), None))
    }

    fn user() -> Origin {
        Origin::User("a@example.org".parse().unwrap())
    }

    /// `here`, `queue`, or the enhanced code of the refusal.
    fn goes(gate: &Gate, origin: &Origin, recipient: &str) -> String {
        match gate.destination(origin, &ReversePath::Null, &recipient.parse().unwrap(), Timestamp(0)) {
            Ok(Destination::Here { .. }) => "here".to_owned(),
            Ok(Destination::Queue(_)) => "queue".to_owned(),
            Err(reply) => reply.enhanced.unwrap().to_string(),
        }
    }

    /// Of each role: what becomes of mail for our user, a stranger, a backup domain; from anybody, from a
    /// trusted network, from a user.
    #[test]
    fn a_role_only_takes_away() {
        let table = [
            ("full", ["here 5.7.1 queue", "here queue queue", "here queue queue"]),
            ("receive-only", ["here 5.7.1 5.7.1", "5.7.1 5.7.1 5.7.1", "5.7.1 5.7.1 5.7.1"]),
            ("send-only", ["5.7.1 5.7.1 5.7.1", "queue queue queue", "queue queue queue"]),
            ("submission-only", ["5.7.1 5.7.1 5.7.1", "queue queue queue", "queue queue queue"]),
            ("backup-mx", ["5.7.1 5.7.1 queue", "5.7.1 5.7.1 5.7.1", "5.7.1 5.7.1 5.7.1"]),
        ];
        for (role, wanted) in table {
            let gate = gate(role);
            let row = |origin: &Origin| {
                ["a@example.org", "x@example.net", "x@friend.test"].map(|to| goes(&gate, origin, to)).join(" ")
            };
            let found = [Origin::Anybody, Origin::TrustedNetwork, user()].map(|origin| row(&origin));
            assert_eq!(found, wanted.map(str::to_owned), "{role}");
        }
    }

    #[test]
    fn only_roles_that_send_for_networks_trust_any() {
        let of = |role: &str| gate(role).trusts("198.51.100.7".parse().unwrap());
        assert!(of("full") && of("send-only"));
        assert!(!of("receive-only") && !of("submission-only") && !of("backup-mx"));
        assert!(!gate("full").trusts("198.51.101.7".parse().unwrap()));
        assert!(gate("full").trusts("::ffff:198.51.100.7".parse().unwrap()));
    }

    #[test]
    fn a_backup_takes_the_listed_and_nobody_else() {
        let gate = gate("full");
        assert_eq!(goes(&gate, &Origin::Anybody, "X@listed.test"), "queue");
        assert_eq!(goes(&gate, &Origin::Anybody, "y@listed.test"), "5.1.1");
        assert_eq!(goes(&gate, &Origin::Anybody, "x@sub.friend.test"), "5.7.1");
        assert_eq!(goes(&gate, &Origin::Anybody, "nobody@example.org"), "5.1.1");
    }

    #[test]
    fn rfc5321_4_5_1_every_role_that_receives_has_a_postmaster() {
        for role in ["full", "receive-only", "backup-mx"] {
            assert_eq!(goes(&gate(role), &Origin::Anybody, "postmaster@mail.example.org"), "here", "{role}");
        }
    }

    proptest! {
        /// I-22: strangers never reach the queue but for a backup domain.
        #[test]
        fn no_open_relay(local in "[a-z%!\\.]{1,8}", domain in "[a-z]{1,3}\\.(test|net|org)") {
            if let Ok(recipient) = format!("{local}@{domain}").parse::<Address>() {
                let destination =
                    gate("full").destination(&Origin::Anybody, &ReversePath::Null, &recipient, Timestamp(0));
                prop_assert!(!matches!(destination, Ok(Destination::Queue(_))), "{recipient}");
            }
        }
    }
}
