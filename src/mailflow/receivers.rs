//! Targets made into receivers: which mailboxes here get a message, and where it is forwarded.
//!
//! Forwards of accounts are followed here, once for each plan, so that nothing walks in circles while mail
//! comes in. Members and receivers differ: who owns an address as a sender is said by the alias alone, never
//! by where its members forward to.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::plan::Plan;
use crate::plan::document::{AliasTargets, Forward};
use crate::vocabulary::mail::{Address, Domain};

/// Who gets a message for one address. At least one of both.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Receivers {
    /// INBOX of these accounts (canonical addresses).
    pub mailboxes: Arc<BTreeSet<Address>>,
    /// These addresses on other servers.
    pub forwards: BTreeSet<Address>,
}

impl Receivers {
    fn is_empty(&self) -> bool {
        self.mailboxes.is_empty() && self.forwards.is_empty()
    }
}

/// What an account, an alias or an alias pattern stands for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Named {
    /// The accounts that own the address as a sender. Mostly the same set as the receivers' mailboxes.
    pub members: Arc<BTreeSet<Address>>,
    pub receivers: Arc<Receivers>,
}

/// The accounts of a plan with their forwards, for the tables to be made from.
pub(super) struct Expansion<'a> {
    plan: &'a Plan,
    /// By canonical address; `None` for an account that forwards nothing.
    forwards: BTreeMap<Address, Option<&'a Forward>>,
}

impl<'a> Expansion<'a> {
    /// Forwards that lead to nobody, like those of accounts that forward to each other in a circle and keep
    /// no copy, are left out: who was written to then gets the mail.
    pub(super) fn new(plan: &'a Plan) -> Self {
        let forwards = plan.accounts.iter().map(|(name, account)| (name.canonical(), account.forward.as_ref()));
        let mut expansion = Self { plan, forwards: forwards.collect() };
        let forwarding = expansion.forwards.iter().filter(|(_, forward)| forward.is_some());
        // All are looked at before any is left out: whoever only leads into the circle leads to nobody too.
        let vain: Vec<Address> = forwarding
            .map(|(account, _)| account)
            .filter(|account| expansion.follow([(*account).clone()].into(), BTreeSet::new()).is_empty())
            .cloned()
            .collect();
        expansion.forwards.extend(vain.into_iter().map(|account| (account, None)));
        expansion
    }

    /// The account `address`, which there is.
    pub(super) fn of_account(&self, address: &Address) -> Named {
        self.named(BTreeSet::from([address.canonical()]), BTreeSet::new())
    }

    /// `None` if they are nobody.
    pub(super) fn of_targets(&self, targets: &AliasTargets) -> Option<Named> {
        let named = self.named(self.existing(targets), self.elsewhere(targets));
        (!named.receivers.is_empty()).then_some(named)
    }

    fn named(&self, members: BTreeSet<Address>, forwards: BTreeSet<Address>) -> Named {
        let mut receivers = self.follow(members.clone(), forwards);
        let members = Arc::new(members);
        if receivers.mailboxes == members {
            // A set takes half a kilobyte, and there may be a hundred thousand accounts.
            receivers.mailboxes = members.clone();
        }
        Named { members, receivers: Arc::new(receivers) }
    }

    /// `accounts` and whatever their forwards lead to, each account once.
    fn follow(&self, accounts: BTreeSet<Address>, forwards: BTreeSet<Address>) -> Receivers {
        let (mut mailboxes, mut forwards) = (BTreeSet::new(), forwards);
        let mut seen = accounts;
        let mut open: Vec<Address> = seen.iter().cloned().collect();
        while let Some(account) = open.pop() {
            let Some(forward) = self.forwards.get(&account).copied().flatten() else {
                mailboxes.insert(account);
                continue;
            };
            forwards.extend(self.elsewhere(&forward.to));
            let targets = self.existing(&forward.to).into_iter();
            open.extend(targets.filter(|target| seen.insert(target.clone())));
            if forward.keep_copy {
                mailboxes.insert(account);
            }
        }
        Receivers { mailboxes: Arc::new(mailboxes), forwards }
    }

    fn existing(&self, targets: &AliasTargets) -> BTreeSet<Address> {
        targets.local.iter().map(Address::canonical).filter(|a| self.forwards.contains_key(a)).collect()
    }

    fn elsewhere(&self, targets: &AliasTargets) -> BTreeSet<Address> {
        targets.remote.iter().filter(|target| !self.is_ours(&target.domain)).cloned().collect()
    }

    fn is_ours(&self, domain: &Domain) -> bool {
        self.plan.domains.contains_key(domain)
            || self.plan.host.name == *domain
            || domain.literal().is_some_and(|address| self.plan.host.addresses.contains(&address))
            || self.plan.forwarding.as_ref().is_some_and(|srs| srs.domain == *domain)
    }
}
