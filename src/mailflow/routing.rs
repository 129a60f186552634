//! Who receives: from a recipient's address to mailboxes here and to addresses on other servers.
//!
//! The order is account, alias, alias pattern, subaddress (RFC 5233), catch-all. Each step is tried only when
//! all before found nothing, so that a catch-all never takes mail from anyone who exists. What is left of a
//! subaddress is looked up as account, alias and alias pattern again. An alias pattern therefore comes before
//! a subaddress of an account: who writes `in*` means `info+x` too. The local part of our own domains is
//! compared without case (RFC 5321 §2.4 leaves that to us, who own them).
//!
//! A domain that is an alias of another has nothing of its own: every local part is the other domain's.
//!
//! An account that forwards receives where its forward leads, and so on through the forwards of local
//! targets. A forward that leads to nobody, like a circle in which none keeps a copy, is no forward.
//!
//! Invariants (property tests below): every address has exactly one [`Resolution`]; adding a catch-all
//! changes nothing for an address that resolved before; receivers are never nobody.
//!
//! Besides the mail domains there is the host itself: bounces come from `MAILER-DAEMON@host` and RFC 5321
//! §4.5.1 wants `postmaster` reachable without a domain, so both names at the host's name, or at one of its
//! addresses, lead to the postmaster of a domain of ours. Other names at the host are unknown. At the domain
//! of [`super::srs`] a rewritten sender is [`Resolution::Returned`]; whether it is genuine is not known here.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::IpAddr;
use std::sync::Arc;

use super::receivers::{Expansion, Named, Receivers};
use super::srs;
use crate::plan::Plan;
use crate::plan::document::{Protocol, Role};
use crate::vocabulary::mail::{Address, Domain, LocalPart};

/// Where mail for one address goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resolution {
    /// Somebody here has the address.
    Local(Arc<Receivers>),
    /// The domain is not ours: to the queue, if the sender may relay.
    Remote,
    /// A sender that we rewrote: only a notice without sender may come back to it.
    Returned,
    /// The domain is ours and nobody has this address: 550 5.1.1.
    UnknownUser,
}

/// The recipients' side of one plan. Cheap to clone; look-ups are hash look-ups, and alias patterns of the
/// address's domain one after the other.
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
    /// Where rewritten senders are.
    srs_domain: Option<Domain>,
    domains: HashMap<Domain, DomainRoute>,
    /// Accounts and aliases by canonical address. One table, because an account wins over an alias of
    /// its name once, when the table is made.
    exact: HashMap<Address, Arc<Named>>,
    /// Who receives for the host itself. `None` if no domain has a postmaster.
    postmaster: Option<Arc<Receivers>>,
}

#[derive(Debug)]
struct DomainRoute {
    alias_of: Option<Domain>,
    separator: Option<char>,
    /// Most specific first.
    patterns: Vec<Pattern>,
    catch_all: Option<Arc<Named>>,
}

#[derive(Debug)]
struct Pattern {
    prefix: String,
    suffix: String,
    named: Arc<Named>,
}

impl Router {
    /// The tables of `plan`. Targets that are no account, or that are remote and nevertheless in a domain of
    /// ours (the compiler refuses both), are left out, so that nothing is ever accepted for nobody and no
    /// message is queued for ourselves.
    pub fn new(plan: &Plan) -> Self {
        let expansion = Expansion::new(plan);
        let mut exact: HashMap<Address, Arc<Named>> = plan
            .aliases
            .iter()
            .filter_map(|(alias, targets)| Some((alias.canonical(), Arc::new(expansion.of_targets(targets)?))))
            .collect();
        exact
            .extend(plan.accounts.keys().map(|account| (account.canonical(), Arc::new(expansion.of_account(account)))));
        let domains = plan.domains.keys().map(|name| (name.clone(), DomainRoute::new(plan, name, &expansion)));
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
            srs_domain: plan.forwarding.as_ref().map(|srs| srs.domain.clone()),
            domains: domains.collect(),
            exact,
            postmaster: None,
        };
        tables.postmaster = tables.host_postmaster(plan.domains.keys());
        Self(Arc::new(tables))
    }

    /// Where mail for `recipient` goes. Total: every address has exactly one answer.
    pub fn resolve(&self, recipient: &Address) -> Resolution {
        let tables = &*self.0;
        if tables.srs_domain.as_ref() == Some(&recipient.domain) && srs::is_rewritten(recipient) {
            return Resolution::Returned;
        }
        let canonical = tables.own(recipient.canonical());
        if let Some(route) = tables.domains.get(&canonical.domain).filter(|_| tables.receives) {
            return match tables.in_domain(&canonical, route) {
                Some(receivers) => Resolution::Local(receivers),
                None => Resolution::UnknownUser,
            };
        }
        if !self.is_local(&recipient.domain) {
            return Resolution::Remote;
        }
        let name = recipient.local.as_str();
        let for_host = name.eq_ignore_ascii_case("postmaster") || name.eq_ignore_ascii_case("mailer-daemon");
        match tables.postmaster.as_ref().filter(|_| for_host) {
            Some(receivers) => Resolution::Local(receivers.clone()),
            None => Resolution::UnknownUser,
        }
    }

    /// Whether mail for `domain` ends here: one of the mail domains, the host's name, an address literal of
    /// ours, or the domain of rewritten senders.
    pub fn is_local(&self, domain: &Domain) -> bool {
        (self.0.receives && self.0.domains.contains_key(domain))
            || self.0.is_host(domain)
            || self.0.srs_domain.as_ref() == Some(domain)
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

    /// `address` in canonical form, in the domain that it is looked up in: never in an alias domain.
    pub(super) fn own(&self, address: &Address) -> Address {
        self.0.own(address.canonical())
    }

    /// The address that decides ownership of `address` as a sender, with the accounts that own it: the
    /// account or alias itself if there is one of exactly that name or pattern, else the account or alias
    /// that it is a subaddress of. A catch-all receives, but is nobody's identity.
    pub(super) fn identity(&self, address: &Address) -> Option<(Address, Arc<Named>)> {
        let tables = &*self.0;
        let canonical = tables.own(address.canonical());
        let route = tables.domains.get(&canonical.domain)?;
        tables.named(&canonical, route)
    }

    /// The aliases and alias patterns whose members include `account`, sorted.
    pub(super) fn aliases_of(&self, account: &Address) -> BTreeSet<String> {
        let exact = self.0.exact.iter().filter(|(name, named)| *name != account && named.members.contains(account));
        let mut names: BTreeSet<String> = exact.map(|(name, _)| name.to_string()).collect();
        for (domain, route) in &self.0.domains {
            let own = route.patterns.iter().filter(|pattern| pattern.named.members.contains(account));
            names.extend(own.map(|pattern| format!("{}*{}@{domain}", pattern.prefix, pattern.suffix)));
        }
        names
    }
}

impl Tables {
    /// `canonical` as the domain that it is an alias of knows it.
    fn own(&self, canonical: Address) -> Address {
        match self.domains.get(&canonical.domain).and_then(|route| route.alias_of.as_ref()) {
            Some(other) => Address { domain: other.clone(), ..canonical },
            None => canonical,
        }
    }

    fn in_domain(&self, canonical: &Address, route: &DomainRoute) -> Option<Arc<Receivers>> {
        match self.named(canonical, route) {
            Some((_, named)) => Some(named.receivers.clone()),
            None => route.catch_all.as_ref().map(|named| named.receivers.clone()),
        }
    }

    /// Account, alias, alias pattern, or one of which `canonical` is a subaddress; with the name that was
    /// found.
    fn named(&self, canonical: &Address, route: &DomainRoute) -> Option<(Address, Arc<Named>)> {
        if let Some(named) = self.whole(canonical, route) {
            return Some((canonical.clone(), named));
        }
        // RFC 5233 §4: user and detail are parted by the separator's first occurrence; an empty detail is
        // a detail. A local part that begins with the separator has no user.
        let (user, _detail) = canonical.local.as_str().split_once(route.separator?)?;
        let user = Address { local: LocalPart::from_unquoted(user).ok()?, domain: canonical.domain.clone() };
        let named = self.whole(&user, route)?;
        Some((user, named))
    }

    /// Account, alias or alias pattern of the whole local part.
    fn whole(&self, canonical: &Address, route: &DomainRoute) -> Option<Arc<Named>> {
        let fits = |pattern: &&Pattern| pattern.fits(canonical.local.as_str());
        let pattern = || route.patterns.iter().find(fits).map(|pattern| &pattern.named);
        self.exact.get(canonical).or_else(pattern).cloned()
    }

    fn is_host(&self, domain: &Domain) -> bool {
        *domain == self.host || domain.literal().is_some_and(|address| self.host_addresses.contains(&address))
    }

    /// The postmaster of the domain that the host's name lies in, the closest first, else of any domain.
    fn host_postmaster<'a>(&self, domains: impl Iterator<Item = &'a Domain>) -> Option<Arc<Receivers>> {
        let mut ordered: BTreeMap<(bool, std::cmp::Reverse<usize>, &Domain), &DomainRoute> = BTreeMap::new();
        for domain in domains {
            if let Some(route) = self.domains.get(domain).filter(|route| route.alias_of.is_none()) {
                let outside = !self.host.is_within(domain);
                ordered.insert((outside, std::cmp::Reverse(domain.labels()), domain), route);
            }
        }
        ordered.iter().find_map(|((_, _, domain), route)| self.in_domain(&host_mailbox("postmaster", domain), route))
    }
}

impl DomainRoute {
    fn new(plan: &Plan, name: &Domain, expansion: &Expansion<'_>) -> Self {
        let Some(domain) = plan.domains.get(name) else {
            return Self { alias_of: None, separator: None, patterns: Vec::new(), catch_all: None };
        };
        let mut written: Vec<_> = plan.alias_patterns.iter().filter(|pattern| pattern.domain == *name).collect();
        // The plan is sorted already; a plan made by hand may not be.
        written.sort_by_key(|pattern| pattern.precedence());
        let patterns = written.into_iter().filter_map(|pattern| {
            Some(Pattern {
                prefix: pattern.prefix.to_lowercase(),
                suffix: pattern.suffix.to_lowercase(),
                named: Arc::new(expansion.of_targets(&pattern.targets)?),
            })
        });
        Self {
            alias_of: domain.alias_of.clone(),
            separator: domain.subaddress_separator,
            patterns: patterns.collect(),
            catch_all: expansion.of_targets(&domain.catch_all).map(Arc::new),
        }
    }
}

impl Pattern {
    /// Whether `local` is `prefix*suffix`. The two may not share octets of it.
    fn fits(&self, local: &str) -> bool {
        local.strip_prefix(self.prefix.as_str()).is_some_and(|rest| rest.ends_with(self.suffix.as_str()))
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
        receivers(names, &[])
    }

    fn receivers(mailboxes: &[&str], forwards: &[&str]) -> Resolution {
        let set = |names: &[&str]| names.iter().map(|name| address(name)).collect();
        Resolution::Local(Arc::new(Receivers { mailboxes: Arc::new(set(mailboxes)), forwards: set(forwards) }))
    }

    /// The sample with something added to its JSON.
    fn with(edit: impl FnOnce(&mut serde_json::Value)) -> Plan {
        let mut value = serde_json::to_value(plan(&["c@example.com"])).unwrap();
        edit(&mut value);
        serde_json::from_value(value).unwrap()
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

    #[test]
    fn the_most_specific_pattern_comes_between_alias_and_subaddress() {
        let plan = with(|v| {
            let pattern = |prefix: &str, suffix: &str, to: &str| {
                serde_json::json!({
                    "domain": "example.org", "prefix": prefix, "suffix": suffix,
                    "targets": { "local": [format!("{to}@example.org")] }
                })
            };
            v["alias_patterns"] = serde_json::json!([
                pattern("shop-", "", "a"),
                pattern("Shop-", "-en", "b"),
                pattern("", "-en", "postmaster"),
                pattern("a+x", "", "b"),
                pattern("te", "m", "b"),
            ]);
            v["aliases"]["shop-x-en@example.org"] = serde_json::json!({ "local": ["postmaster@example.org"] });
        });
        let router = Router::new(&plan);
        let resolve = |text: &str| router.resolve(&address(text));
        assert_eq!(resolve("shop-1@example.org"), accounts(&["a@example.org"]));
        assert_eq!(resolve("SHOP-1-EN@example.org"), accounts(&["b@example.org"]), "the longer literal text");
        assert_eq!(resolve("shop--en@example.org"), accounts(&["b@example.org"]), "`*` may be nothing");
        assert_eq!(resolve("shop-en@example.org"), accounts(&["a@example.org"]), "but its ends do not overlap");
        assert_eq!(resolve("x-en@example.org"), accounts(&["postmaster@example.org"]));
        assert_eq!(resolve("shop-x-en@example.org"), accounts(&["postmaster@example.org"]), "an alias comes first");
        assert_eq!(resolve("team@example.org"), accounts(&["a@example.org", "b@example.org"]));
        assert_eq!(resolve("a+xy@example.org"), accounts(&["b@example.org"]), "before the subaddress");
        assert_eq!(resolve("a+y@example.org"), accounts(&["a@example.org"]));
        assert_eq!(resolve("shop-1+y@example.org"), accounts(&["a@example.org"]));
        assert_eq!(resolve("shop-1@example.com"), accounts(&["c@example.com"]), "the other domain's catch-all");
        let (_, owners) = router.identity(&address("shop-7@example.org")).unwrap();
        assert_eq!(*owners.members, BTreeSet::from([address("a@example.org")]), "its members own it as a sender");
        assert!(router.aliases_of(&address("a@example.org")).contains("shop-*@example.org"));
    }

    #[test]
    fn an_alias_domain_is_the_other_domain() {
        let plan = with(|v| {
            v["domains"]["example.net"] = serde_json::json!({ "alias_of": "example.org", "dkim": [] });
            v["accounts"]["own@example.net"] = serde_json::json!({});
        });
        let router = Router::new(&plan);
        for local in ["a", "team", "B", "a+x", "postmaster", "nobody"] {
            let here = router.resolve(&address(&format!("{local}@example.org")));
            assert_eq!(router.resolve(&address(&format!("{local}@example.net"))), here, "{local}");
        }
        assert_eq!(router.resolve(&address("own@example.net")), Resolution::UnknownUser, "it has nothing of its own");
        assert!(router.is_local(&"example.net".parse().unwrap()));
        assert_eq!(router.own(&address("A@example.net")), address("a@example.org"));
    }

    #[test]
    fn what_is_forwarded_goes_elsewhere_and_a_circle_loses_nothing() {
        let plan = with(|v| {
            let forward = |local: &[&str], remote: &[&str], keep: bool| serde_json::json!({ "forward": { "to": { "local": local, "remote": remote }, "keep_copy": keep } });
            let accounts = v["accounts"].as_object_mut().unwrap();
            accounts.insert("keeps@example.org".into(), forward(&[], &["k@example.net"], true));
            accounts.insert("gives@example.org".into(), forward(&["a@example.org"], &["g@example.net"], false));
            accounts.insert("chain@example.org".into(), forward(&["gives@example.org"], &[], false));
            accounts.insert("ping@example.org".into(), forward(&["pong@example.org"], &[], false));
            accounts.insert("pong@example.org".into(), forward(&["ping@example.org"], &[], false));
            accounts.insert("lost@example.org".into(), forward(&["gone@example.org"], &["x@example.com"], false));
            v["aliases"]["all@example.org"] = serde_json::json!({
                "local": ["keeps@example.org", "ping@example.org", "b@example.org"],
                "remote": ["all@example.net", "k@example.net", "self@mail.example.org"]
            });
            v["aliases"]["out@example.org"] = serde_json::json!({ "remote": ["o@example.net"] });
            v["domains"]["example.com"]["catch_all"] = serde_json::json!({ "remote": ["rest@example.net"] });
        });
        let router = Router::new(&plan);
        let resolve = |text: &str| router.resolve(&address(text));
        assert_eq!(resolve("keeps@example.org"), receivers(&["keeps@example.org"], &["k@example.net"]));
        assert_eq!(resolve("gives@example.org"), receivers(&["a@example.org"], &["g@example.net"]));
        assert_eq!(resolve("chain+x@example.org"), receivers(&["a@example.org"], &["g@example.net"]));
        assert_eq!(resolve("ping@example.org"), accounts(&["ping@example.org"]));
        assert_eq!(resolve("pong@example.org"), accounts(&["pong@example.org"]));
        assert_eq!(resolve("lost@example.org"), accounts(&["lost@example.org"]), "nobody and our own domain");
        assert_eq!(
            resolve("all@example.org"),
            receivers(
                &["b@example.org", "keeps@example.org", "ping@example.org"],
                &["all@example.net", "k@example.net"]
            )
        );
        assert_eq!(resolve("out@example.org"), receivers(&[], &["o@example.net"]));
        assert_eq!(resolve("any@example.com"), receivers(&[], &["rest@example.net"]));
        let (_, owners) = router.identity(&address("gives@example.org")).unwrap();
        assert_eq!(*owners.members, BTreeSet::from([address("gives@example.org")]), "a forward makes nobody an owner");
    }

    #[test]
    fn rewritten_senders_have_a_domain() {
        let plan = with(|v| {
            v["forwarding"] = serde_json::json!({ "domain": "srs.example.org", "key": { "generated": {} } });
        });
        let router = Router::new(&plan);
        assert_eq!(router.resolve(&address("SRS0=a=b=c=d@srs.example.org")), Resolution::Returned);
        assert_eq!(router.resolve(&address("srs1+x@SRS.example.org")), Resolution::Returned);
        assert_eq!(router.resolve(&address("x@srs.example.org")), Resolution::UnknownUser);
        assert_eq!(router.resolve(&address("SRS0=a=b=c=d@example.org")), Resolution::UnknownUser);
        assert_eq!(router.resolve(&address("SRS0=a=b=c=d@example.net")), Resolution::Remote);
        assert!(router.is_local(&"srs.example.org".parse().unwrap()));
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
            if let Resolution::Local(receivers) = &once {
                prop_assert!(!receivers.mailboxes.is_empty() && receivers.forwards.is_empty());
                prop_assert!(receivers.mailboxes.iter().all(|account| plan.accounts.contains_key(account)));
            }
            if plan.accounts.contains_key(&recipient.canonical()) {
                prop_assert_eq!(once, accounts(&[&recipient.canonical().to_string()]));
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

        /// Whatever forwards to whom: somebody gets it, nobody twice, and none of ours is called remote.
        #[test]
        fn forwards_lose_nothing(edges in prop::collection::vec((0usize..6, 0usize..6), 0..12), keeps in 0u8..64, remotes in 0u8..64) {
            let name = |n: usize| format!("f{n}@example.org");
            let plan = with(|v| {
                for n in 0..6 {
                    let local: BTreeSet<String> = edges.iter().filter(|(from, _)| *from == n).map(|(_, to)| name(*to)).collect();
                    let remote: Vec<String> = (remotes >> n & 1 == 1).then(|| format!("r{n}@example.net")).into_iter().collect();
                    let keep_copy = keeps >> n & 1 == 1;
                    v["accounts"][name(n)] = serde_json::json!({
                        "forward": { "to": { "local": local, "remote": remote }, "keep_copy": keep_copy }
                    });
                }
            });
            let router = Router::new(&plan);
            for n in 0..6 {
                let Resolution::Local(receivers) = router.resolve(&address(&name(n))) else { panic!("{n}") };
                prop_assert!(!receivers.mailboxes.is_empty() || !receivers.forwards.is_empty());
                prop_assert!(receivers.forwards.iter().all(|target| !router.is_local(&target.domain)));
                if keeps >> n & 1 == 1 {
                    prop_assert!(receivers.mailboxes.contains(&address(&name(n))));
                }
                // Whoever it is forwarded to gets what they would get if it were theirs.
                for (_, to) in edges.iter().filter(|(from, _)| *from == n) {
                    let Resolution::Local(theirs) = router.resolve(&address(&name(*to))) else { panic!("{to}") };
                    let alone = receivers.mailboxes.iter().eq([&address(&name(n))]) && receivers.forwards.is_empty();
                    prop_assert!(alone || (theirs.mailboxes.is_subset(&receivers.mailboxes) && theirs.forwards.is_subset(&receivers.forwards)));
                }
            }
        }
    }
}
