//! Whose messages this server takes, and for whom: the host's role, trusted networks, backup domains.
//!
//! Invariants: without a login and from outside `relaying.accept_from` a message goes to a mailbox here or to
//! the primary server of a backup domain, and nowhere else (RFC 5321 §3.6.1: no open relay); a role only
//! takes away.
//!
//! The decision is made at RCPT TO and once more when the message is stored, by the same function.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;

use crate::mailflow::routing::{Resolution, Router};
use crate::plan::Plan;
use crate::plan::document::{BackupMx, BackupRecipients, Role};
use crate::vocabulary::mail::{Address, Domain, Enhanced, Reply};
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

/// Where a recipient's copy goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    /// Into the mailboxes of these accounts.
    Mailboxes(Arc<BTreeSet<Address>>),
    /// To the queue.
    Queue,
}

/// One plan's answer to who may send what to whom. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Gate(Arc<Rules>);

#[derive(Debug)]
struct Rules {
    router: Router,
    role: Role,
    accept_from: Vec<Network>,
    backup: BTreeMap<Domain, BackupMx>,
}

impl Gate {
    pub fn new(plan: &Plan, router: Router) -> Self {
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
        Self(Arc::new(Rules { router, role, accept_from, backup }))
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

    /// Where a message that `origin` brings for `recipient` goes.
    ///
    /// # Errors
    /// 550 5.1.1 if nobody has the address, 550 5.7.1 if it is elsewhere and `origin` may not relay.
    pub fn destination(&self, origin: &Origin, recipient: &Address) -> Result<Destination, Reply> {
        self.check_origin(origin)?;
        let unknown = || Reply::new(550, Enhanced(5, 1, 1), format!("no such user: {recipient}"));
        match (self.0.router.resolve(recipient), origin) {
            (Resolution::Local(accounts), _) => Ok(Destination::Mailboxes(accounts)),
            (Resolution::UnknownUser, _) => Err(unknown()),
            (Resolution::Remote, Origin::TrustedNetwork | Origin::User(_)) => Ok(Destination::Queue),
            (Resolution::Remote, Origin::Anybody) => match self.0.backup.get(&recipient.domain) {
                Some(backup) if is_taken(&backup.recipients, recipient) => Ok(Destination::Queue),
                Some(_) => Err(unknown()),
                // RFC 5321 §3.6.1, RFC 3463 §3.8: no open relay.
                None => {
                    let text = format!("no relaying to {}; our users send through port 465 or 587", recipient.domain);
                    Err(Reply::new(550, Enhanced(5, 7, 1), text))
                }
            },
        }
    }
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
        Gate::new(&plan, Router::new(&plan))
    }

    fn user() -> Origin {
        Origin::User("a@example.org".parse().unwrap())
    }

    /// `here`, `queue`, or the enhanced code of the refusal.
    fn goes(gate: &Gate, origin: &Origin, recipient: &str) -> String {
        match gate.destination(origin, &recipient.parse().unwrap()) {
            Ok(Destination::Mailboxes(_)) => "here".to_owned(),
            Ok(Destination::Queue) => "queue".to_owned(),
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
                let destination = gate("full").destination(&Origin::Anybody, &recipient);
                prop_assert!(!matches!(destination, Ok(Destination::Queue)), "{recipient}");
            }
        }
    }
}
