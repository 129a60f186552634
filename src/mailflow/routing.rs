//! Who receives: from a recipient's address to accounts.
//!
//! The order is account, alias, subaddress (RFC 5233), catch-all. Each step is tried only when all before
//! found nothing, so that a catch-all never takes mail from anyone who exists. The local part of our own
//! domains is compared without case (RFC 5321 §2.4 leaves that to us, who own them).
//!
//! Invariants (property tests below): every address has exactly one [`Resolution`]; adding a catch-all
//! changes nothing for an address that resolved before; a set of accounts is never empty.
//!
//! Besides the mail domains there is the host itself: bounces come from `MAILER-DAEMON@host` and RFC 5321
//! §4.5.1 wants `postmaster` reachable without a domain, so both names at the host's name, or at one of its
//! addresses, lead to the postmaster of a domain of ours. Other names at the host are unknown.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::IpAddr;
use std::sync::Arc;

use crate::plan::Plan;
use crate::plan::document::{Protocol, Role};
use crate::vocabulary::mail::{Address, Domain, LocalPart};

/// Where mail for one address goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resolution {
    /// Into the mailboxes of these accounts (canonical addresses, at least one).
    Local(Arc<BTreeSet<Address>>),
    /// The domain is not ours: to the queue, if the sender may relay.
    Remote,
    /// The domain is ours and nobody has this address: 550 5.1.1.
    UnknownUser,
}

/// The recipients' side of one plan. Cheap to clone; look-ups are hash look-ups.
#[derive(Debug, Clone)]
pub struct Router(Arc<Tables>);

#[derive(Debug)]
struct Tables {
    host: Domain,
    host_addresses: Vec<IpAddr>,
    /// Ports of our SMTP listeners. Not always 25: in a laboratory several servers share an address.
    smtp_ports: BTreeSet<u16>,
    /// Whether mail for the mail domains ends here. Otherwise (by the host's role) they are ours to send
    /// from, and their mail goes to their MX like everybody's.
    receives: bool,
    domains: HashMap<Domain, DomainRoute>,
    /// Accounts and aliases by canonical address. One table, because an account wins over an alias of
    /// its name once, when the table is made.
    exact: HashMap<Address, Arc<BTreeSet<Address>>>,
    /// Who receives for the host itself. `None` if no domain has a postmaster.
    postmaster: Option<Arc<BTreeSet<Address>>>,
}

#[derive(Debug)]
struct DomainRoute {
    separator: Option<char>,
    catch_all: Option<Arc<BTreeSet<Address>>>,
}

impl Router {
    /// The tables of `plan`. Aliases and catch-alls that name no account (the compiler refuses them) are
    /// left out, so that nothing is ever accepted for nobody.
    pub fn new(plan: &Plan) -> Self {
        let existing = |members: &BTreeSet<Address>| {
            let members: BTreeSet<Address> =
                members.iter().map(Address::canonical).filter(|a| plan.accounts.contains_key(a)).collect();
            (!members.is_empty()).then(|| Arc::new(members))
        };
        let mut exact: HashMap<Address, Arc<BTreeSet<Address>>> =
            plan.aliases.iter().filter_map(|(alias, members)| Some((alias.canonical(), existing(members)?))).collect();
        exact.extend(
            plan.accounts.keys().map(|account| (account.canonical(), Arc::new(BTreeSet::from([account.canonical()])))),
        );
        let domains: HashMap<Domain, DomainRoute> = plan
            .domains
            .iter()
            .map(|(name, domain)| {
                let route =
                    DomainRoute { separator: domain.subaddress_separator, catch_all: existing(&domain.catch_all) };
                (name.clone(), route)
            })
            .collect();
        let mut tables = Tables {
            host: plan.host.name.clone(),
            host_addresses: plan.host.addresses.clone(),
            smtp_ports: plan
                .listeners
                .values()
                .filter(|listener| listener.protocol == Protocol::Smtp)
                .map(|listener| listener.port)
                .collect(),
            receives: matches!(plan.host.role, Role::Full | Role::ReceiveOnly),
            domains,
            exact,
            postmaster: None,
        };
        tables.postmaster = tables.host_postmaster(plan.domains.keys());
        Self(Arc::new(tables))
    }

    /// Where mail for `recipient` goes. Total: every address has exactly one answer.
    pub fn resolve(&self, recipient: &Address) -> Resolution {
        let tables = &*self.0;
        if let Some(route) = tables.domains.get(&recipient.domain).filter(|_| tables.receives) {
            return match tables.in_domain(&recipient.canonical(), route) {
                Some(accounts) => Resolution::Local(accounts),
                None => Resolution::UnknownUser,
            };
        }
        if !tables.is_host(&recipient.domain) {
            return Resolution::Remote;
        }
        let name = recipient.local.as_str();
        let for_host = name.eq_ignore_ascii_case("postmaster") || name.eq_ignore_ascii_case("mailer-daemon");
        match tables.postmaster.as_ref().filter(|_| for_host) {
            Some(accounts) => Resolution::Local(accounts.clone()),
            None => Resolution::UnknownUser,
        }
    }

    /// Whether mail for `domain` ends here: one of the mail domains, the host's name, or an address literal
    /// of ours.
    pub fn is_local(&self, domain: &Domain) -> bool {
        (self.0.receives && self.0.domains.contains_key(domain)) || self.0.is_host(domain)
    }

    /// Whether mail sent to `address` at `port` would arrive here.
    pub fn is_own_address(&self, address: &IpAddr, port: u16) -> bool {
        self.0.smtp_ports.contains(&port) && self.0.host_addresses.contains(address)
    }

    /// The host's name, as in EHLO and Received.
    pub fn host(&self) -> &Domain {
        &self.0.host
    }

    /// RFC 5321 §4.5.1: what `RCPT TO:<Postmaster>`, without a domain, means.
    pub fn postmaster(&self) -> Address {
        host_mailbox("postmaster", &self.0.host)
    }

    /// Where bounces are from: `MAILER-DAEMON` at the host.
    pub fn mailer_daemon(&self) -> Address {
        host_mailbox("MAILER-DAEMON", &self.0.host)
    }

    /// The address that decides ownership of `address` as a sender: the account or alias itself if there is
    /// one of exactly that name, else the account or alias that it is a subaddress of. A catch-all
    /// receives, but is nobody's identity.
    pub(super) fn identity(&self, address: &Address) -> Option<(Address, Arc<BTreeSet<Address>>)> {
        let tables = &*self.0;
        let route = tables.domains.get(&address.domain)?;
        tables.named(&address.canonical(), route.separator)
    }

    /// The aliases whose members include `account`, sorted.
    pub(super) fn aliases_of(&self, account: &Address) -> BTreeSet<Address> {
        self.0
            .exact
            .iter()
            .filter(|(name, members)| *name != account && members.contains(account))
            .map(|(name, _)| name.clone())
            .collect()
    }
}

impl Tables {
    fn in_domain(&self, canonical: &Address, route: &DomainRoute) -> Option<Arc<BTreeSet<Address>>> {
        match self.named(canonical, route.separator) {
            Some((_, accounts)) => Some(accounts),
            None => route.catch_all.clone(),
        }
    }

    /// Account, alias, or one of which `canonical` is a subaddress; with the name that was found.
    fn named(&self, canonical: &Address, separator: Option<char>) -> Option<(Address, Arc<BTreeSet<Address>>)> {
        if let Some(accounts) = self.exact.get(canonical) {
            return Some((canonical.clone(), accounts.clone()));
        }
        // RFC 5233 §4: user and detail are parted by the separator's first occurrence; an empty detail is
        // a detail. A local part that begins with the separator has no user.
        let (user, _detail) = canonical.local.as_str().split_once(separator?)?;
        let user = Address { local: LocalPart::from_unquoted(user).ok()?, domain: canonical.domain.clone() };
        let accounts = self.exact.get(&user)?.clone();
        Some((user, accounts))
    }

    fn is_host(&self, domain: &Domain) -> bool {
        *domain == self.host || domain.literal().is_some_and(|address| self.host_addresses.contains(&address))
    }

    /// The postmaster of the domain that the host's name lies in, the closest first, else of any domain.
    fn host_postmaster<'a>(&self, domains: impl Iterator<Item = &'a Domain>) -> Option<Arc<BTreeSet<Address>>> {
        let mut ordered: BTreeMap<(bool, std::cmp::Reverse<usize>, &Domain), &DomainRoute> = BTreeMap::new();
        for domain in domains {
            if let Some(route) = self.domains.get(domain) {
                let outside = !self.host.is_within(domain);
                ordered.insert((outside, std::cmp::Reverse(domain.labels()), domain), route);
            }
        }
        ordered.iter().find_map(|((_, _, domain), route)| self.in_domain(&host_mailbox("postmaster", domain), route))
    }
}

fn host_mailbox(local: &str, domain: &Domain) -> Address {
    let local = LocalPart::from_unquoted(local).expect("invariant: the callers' names are short and printable");
    Address { local, domain: domain.clone() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::mailflow::sample::plan;

    fn address(text: &str) -> Address {
        text.parse().unwrap()
    }

    fn accounts(names: &[&str]) -> Resolution {
        Resolution::Local(Arc::new(names.iter().map(|name| address(name)).collect()))
    }

    #[test]
    fn the_order_is_account_alias_subaddress_catch_all() {
        let router = Router::new(&plan(&["c@example.com"]));
        let resolve = |text: &str| router.resolve(&address(text));
        assert_eq!(resolve("A@Example.ORG"), accounts(&["a@example.org"]), "RFC 5321 §2.4: case is ours to ignore");
        assert_eq!(resolve("b@example.org"), accounts(&["b@example.org"]), "an account wins over an alias of its name");
        assert_eq!(resolve("team@example.org"), accounts(&["a@example.org", "b@example.org"]));
        assert_eq!(resolve("a+lists+x@example.org"), accounts(&["a@example.org"]), "RFC 5233 §4");
        assert_eq!(resolve("team+@example.org"), accounts(&["a@example.org", "b@example.org"]));
        assert_eq!(resolve("+a@example.org"), Resolution::UnknownUser);
        assert_eq!(resolve("x@example.org"), Resolution::UnknownUser);
        assert_eq!(
            resolve("c+x@example.com"),
            accounts(&["c@example.com"]),
            "by the catch-all, for want of a separator"
        );
        assert_eq!(resolve("nobody@example.com"), accounts(&["c@example.com"]), "an alias of nobody does not exist");
        assert_eq!(resolve("x@example.net"), Resolution::Remote);
        assert_eq!(resolve("x@sub.example.org"), Resolution::Remote);
    }

    #[test]
    fn rfc5321_4_5_1_the_host_has_a_postmaster() {
        let router = Router::new(&plan(&[]));
        let postmaster = accounts(&["postmaster@example.org"]);
        assert_eq!(router.resolve(&router.postmaster()), postmaster);
        assert_eq!(router.resolve(&router.mailer_daemon()), postmaster);
        assert_eq!(router.resolve(&address("PostMaster@[192.0.2.10]")), postmaster);
        assert_eq!(router.resolve(&address("postmaster@[IPv6:2001:db8::10]")), postmaster);
        assert_eq!(router.resolve(&address("root@mail.example.org")), Resolution::UnknownUser);
        assert_eq!(router.resolve(&address("postmaster@[192.0.2.11]")), Resolution::Remote);
    }

    fn any_address() -> impl Strategy<Value = Address> {
        let local = prop_oneof![
            "[abcABC]",
            "(a|b|c|team|press|nobody|postmaster|POSTMASTER|mailer-daemon)(\\+[a-z+]{0,3})?",
            "[a-c+.]{1,6}",
        ];
        let domain = prop_oneof![
            Just("example.org"),
            Just("example.com"),
            Just("mail.example.org"),
            Just("[192.0.2.10]"),
            Just("[192.0.2.11]"),
            Just("example.net"),
        ];
        (local, domain).prop_filter_map("an address", |(local, domain)| format!("{local}@{domain}").parse().ok())
    }

    proptest! {
        /// I-22: resolution is a function, and whoever receives exists.
        #[test]
        fn every_address_has_one_answer_and_every_receiver_exists(recipient in any_address()) {
            let plan = plan(&["c@example.com", "gone@example.com"]);
            let router = Router::new(&plan);
            let once = router.resolve(&recipient);
            prop_assert_eq!(&once, &router.resolve(&recipient.canonical()));
            prop_assert_eq!(once == Resolution::Remote, !router.is_local(&recipient.domain));
            if let Resolution::Local(accounts) = &once {
                prop_assert!(!accounts.is_empty());
                prop_assert!(accounts.iter().all(|account| plan.accounts.contains_key(account)));
            }
            if plan.accounts.contains_key(&recipient.canonical()) {
                prop_assert_eq!(once, Resolution::Local(Arc::new(BTreeSet::from([recipient.canonical()]))));
            }
        }

        /// I-23: a catch-all changes only what was unknown before.
        #[test]
        fn a_catch_all_takes_nothing_from_anybody(recipient in any_address()) {
            let before = Router::new(&plan(&[])).resolve(&recipient);
            let after = Router::new(&plan(&["c@example.com"])).resolve(&recipient);
            if before != Resolution::UnknownUser {
                prop_assert_eq!(before, after);
            }
        }
    }
}
