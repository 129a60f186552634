//! Aliases as a graph: who receives mail for an address in the end, and what is wrong with the graph.
//!
//! An address is looked up as account, alias, alias pattern, and then as a subaddress of one of these (RFC 5233), in
//! this order, which is that of `mailflow::routing`. What leads to an account ends there: forwards of accounts are
//! followed by the server, and here only to find circles and to count. A catch-all is nobody's target. The walks
//! are iterative and expansions are capped, so that no file makes them run deep or long.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fmt;

use super::alias_domains::AliasDomains;
use crate::ground::diagnostic::Span;
use crate::ground::limits;
use crate::plan::document::AliasTargets;
use crate::vocabulary::mail::{Address, Domain, LocalPart};

/// Addresses and their places.
pub type Targets = Vec<(Address, Span)>;

/// An alias, or an account that forwards, with its targets. The address is canonical; targets are as written,
/// since the local part of another server's address is that server's (RFC 5321 §2.4).
#[derive(Debug, Clone)]
pub struct Alias {
    pub address: Address,
    pub span: Span,
    pub targets: Targets,
}

/// An alias for local parts `prefix*suffix`, both in lower case.
#[derive(Debug, Clone)]
pub struct Pattern {
    pub domain: Domain,
    pub prefix: String,
    pub suffix: String,
    pub span: Span,
    pub targets: Targets,
}

/// Who receives what nobody else of a domain does.
#[derive(Debug, Clone)]
pub struct CatchAll {
    pub domain: Domain,
    pub span: Span,
    pub targets: Targets,
}

/// What is wrong with one alias. Addresses are canonical.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// A target in a local domain that nobody has.
    Dangling { target: Address, span: Span },
    /// The names that lead back to the first; of a long circle more than [`LOOP_SHOWN_MAX`], not all.
    Loop { path: Vec<String>, span: Span },
    /// More receivers than `limits::ALIAS_EXPANSION_MAX`.
    TooMany { name: String, span: Span },
    /// More members than `limits::ALIAS_MEMBERS_MAX` in all aliases together; at the one that went beyond.
    TooManyTogether { span: Span },
}

/// Names of a circle that are shown; a circle of thousands is known as well by its first.
pub const LOOP_SHOWN_MAX: usize = 8;

/// What the graph is made from.
#[derive(Debug, Default)]
pub struct AliasGraph {
    pub accounts: BTreeSet<Address>,
    /// Local domains with their subaddress separators.
    pub domains: BTreeMap<Domain, Option<char>>,
    /// The host's own name, at which nobody has a mailbox.
    pub host: Option<Domain>,
    pub alias_domains: AliasDomains,
    pub aliases: Vec<Alias>,
    pub patterns: Vec<Pattern>,
    /// Accounts that forward.
    pub forwards: Vec<Alias>,
    pub catch_alls: Vec<CatchAll>,
}

/// The result: everything with the accounts and other servers' addresses behind it.
#[derive(Debug, Default)]
pub struct Flattened {
    pub aliases: BTreeMap<Address, AliasTargets>,
    /// One for each of [`AliasGraph::patterns`].
    pub patterns: Vec<AliasTargets>,
    pub forwards: BTreeMap<Address, AliasTargets>,
    pub catch_alls: BTreeMap<Domain, AliasTargets>,
    /// Targets on other servers, in the order of the walk.
    pub external: Targets,
    pub problems: Vec<Problem>,
}

/// Where one target leads.
enum Hop {
    Account(Address),
    Node(usize),
    Nowhere,
    Remote,
}

/// Anything with targets.
struct Node<'g> {
    name: Name<'g>,
    span: &'g Span,
    targets: &'g [(Address, Span)],
}

enum Name<'g> {
    Address(&'g Address),
    CatchAll(&'g Domain),
    Pattern(&'g Pattern),
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}*{}@{}", self.prefix, self.suffix, self.domain)
    }
}

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => address.fmt(f),
            Self::CatchAll(domain) => write!(f, "the catch-all of {domain}"),
            Self::Pattern(pattern) => pattern.fmt(f),
        }
    }
}

impl Pattern {
    /// Whether it takes the local part, which is in lower case.
    pub fn fits(&self, local: &str) -> bool {
        local.len() >= self.prefix.len() + self.suffix.len()
            && local.starts_with(&self.prefix)
            && local.ends_with(&self.suffix)
    }
}

impl AliasGraph {
    /// Follows everything to its ends.
    pub fn flatten(&self) -> Flattened {
        let mut walk = Walk::new(self);
        for i in 0..walk.nodes.len() {
            match walk.direct(i) {
                Some(ends) => walk.finish(i, ends, false),
                None => walk.follow(i),
            }
        }
        walk.follow_forwards();
        let Walk { done, problems, external, .. } = walk;
        let mut ends = done.into_iter().map(Option::unwrap_or_default);
        let mut flattened = Flattened { problems, external, ..Flattened::default() };
        flattened.aliases = together(self.aliases.iter().map(|alias| alias.address.clone()).zip(&mut ends).collect());
        flattened.patterns = self.patterns.iter().zip(&mut ends).map(|(_, targets)| targets).collect();
        for (account, targets) in self.forwards.iter().zip(&mut ends) {
            flattened.forwards.insert(account.address.clone(), targets);
        }
        for (catch_all, targets) in self.catch_alls.iter().zip(&mut ends) {
            flattened.catch_alls.insert(catch_all.domain.clone(), targets);
        }
        flattened
    }

    /// Whether mail for the address ends on this host: its domain is served here, or is the host's own name.
    pub fn is_local(&self, domain: &Domain) -> bool {
        self.domains.contains_key(domain) || self.host.as_ref() == Some(domain)
    }

    /// The account that an address is, with or without a detail.
    pub fn account(&self, address: &Address) -> Option<Address> {
        let known = |a: &Address| self.accounts.contains(a);
        if known(address) { Some(address.clone()) } else { self.base(address).filter(known) }
    }

    /// The address without its detail (RFC 5233 §4).
    fn base(&self, address: &Address) -> Option<Address> {
        let separator = (*self.domains.get(&address.domain)?)?;
        let (user, _) = address.local.as_str().split_once(separator)?;
        Some(Address { local: LocalPart::from_unquoted(user).ok()?, domain: address.domain.clone() })
    }
}

struct Walk<'g> {
    graph: &'g AliasGraph,
    /// Aliases, patterns, forwards, catch-alls. Only the first two are targets of others.
    nodes: Vec<Node<'g>>,
    accounts: HashSet<&'g Address>,
    index: HashMap<&'g Address, usize>,
    /// Most specific first.
    patterns: BTreeMap<&'g Domain, Vec<(usize, &'g Pattern)>>,
    forwards: HashMap<&'g Address, usize>,
    done: Vec<Option<AliasTargets>>,
    /// Members that aliases took over from other aliases.
    merged: usize,
    external: Targets,
    problems: Vec<Problem>,
}

impl<'g> Walk<'g> {
    fn new(graph: &'g AliasGraph) -> Self {
        let mut index = HashMap::with_capacity(graph.aliases.len());
        for (i, alias) in graph.aliases.iter().enumerate() {
            index.entry(&alias.address).or_insert(i);
        }
        let mut patterns: BTreeMap<&Domain, Vec<(usize, &Pattern)>> = BTreeMap::new();
        for (i, pattern) in graph.patterns.iter().enumerate() {
            patterns.entry(&pattern.domain).or_default().push((graph.aliases.len() + i, pattern));
        }
        // As `plan::document::AliasPattern::precedence` has it.
        for list in patterns.values_mut() {
            list.sort_by_key(|(_, p)| (std::cmp::Reverse(p.prefix.len() + p.suffix.len()), &p.prefix, &p.suffix));
        }
        let of =
            |alias: &'g Alias| Node { name: Name::Address(&alias.address), span: &alias.span, targets: &alias.targets };
        let pattern = |p: &'g Pattern| Node { name: Name::Pattern(p), span: &p.span, targets: &p.targets };
        let catch_all = |c: &'g CatchAll| Node { name: Name::CatchAll(&c.domain), span: &c.span, targets: &c.targets };
        let before = graph.aliases.len() + graph.patterns.len();
        let aliases = graph.aliases.iter().map(of).chain(graph.patterns.iter().map(pattern));
        let nodes: Vec<Node<'g>> =
            aliases.chain(graph.forwards.iter().map(of)).chain(graph.catch_alls.iter().map(catch_all)).collect();
        let forwards = graph.forwards.iter().enumerate().map(|(i, f)| (&f.address, before + i)).collect();
        let done = vec![None; nodes.len()];
        let accounts = graph.accounts.iter().collect();
        Self {
            graph,
            nodes,
            accounts,
            index,
            patterns,
            forwards,
            done,
            merged: 0,
            external: Vec::new(),
            problems: Vec::new(),
        }
    }

    /// The ends of a node whose targets are all accounts, as those of nearly all are, if it was not followed yet.
    fn direct(&self, at: usize) -> Option<AliasTargets> {
        if self.done[at].is_some() {
            return None;
        }
        let mut ends = AliasTargets::default();
        for (target, _) in self.nodes[at].targets {
            let Hop::Account(account) = self.hop(target) else { return None };
            ends.local.insert(account);
        }
        Some(ends)
    }

    /// Depth first with a stack of our own: a node on the stack that is met again closes a loop.
    fn follow(&mut self, from: usize) {
        let mut stack: Vec<(usize, usize, AliasTargets)> = vec![(from, 0, AliasTargets::default())];
        // Those on the stack, with their place in it.
        let mut open: BTreeMap<usize, usize> = BTreeMap::from([(from, 0)]);
        while let Some((at, next)) = stack.last().map(|(at, next, _)| (*at, *next)) {
            let finished = self.done[at].is_some();
            let Some((target, span)) = self.nodes[at].targets.get(next).filter(|_| !finished) else {
                let Some((_, _, ends)) = stack.pop() else { break };
                open.remove(&at);
                let ends = self.done[at].take().unwrap_or(ends);
                if let Some((parent, _, above)) = stack.last_mut() {
                    self.merge(*parent, above, &ends);
                }
                self.finish(at, ends, finished);
                continue;
            };
            let hop = self.hop(target);
            let Some((_, next, ends)) = stack.last_mut() else { break };
            *next += 1;
            match hop {
                Hop::Account(account) => {
                    ends.local.insert(account);
                }
                Hop::Node(target) => {
                    if let Some(place) = open.get(&target) {
                        self.closed(stack[*place..].iter().map(|(a, _, _)| *a), target, span);
                        continue;
                    }
                    open.insert(target, stack.len());
                    stack.push((target, 0, AliasTargets::default()));
                }
                Hop::Nowhere => {
                    let target = self.graph.alias_domains.own(target);
                    self.problems.push(Problem::Dangling { target, span: span.clone() });
                }
                Hop::Remote => {
                    ends.remote.insert(target.clone());
                    self.external.push((target.clone(), span.clone()));
                }
            }
        }
    }

    fn finish(&mut self, at: usize, ends: AliasTargets, again: bool) {
        if over(&ends) && !again {
            let (name, span) = (self.nodes[at].name.to_string(), self.nodes[at].span.clone());
            self.problems.push(Problem::TooMany { name, span });
        }
        self.done[at] = Some(ends);
    }

    /// Adds the ends of an alias to those of the one that names it.
    fn merge(&mut self, parent: usize, above: &mut AliasTargets, ends: &AliasTargets) {
        let local = ends.local.iter().map(|a| (a, true));
        for (address, here) in local.chain(ends.remote.iter().map(|a| (a, false))) {
            if over(above) || self.merged > limits::ALIAS_MEMBERS_MAX {
                return;
            }
            self.merged += 1;
            if self.merged > limits::ALIAS_MEMBERS_MAX {
                let span = self.nodes[parent].span.clone();
                self.problems.push(Problem::TooManyTogether { span });
            }
            let set = if here { &mut above.local } else { &mut above.remote };
            set.insert(address.clone());
        }
    }

    fn closed(&mut self, path: impl Iterator<Item = usize>, target: usize, span: &Span) {
        let name = |i: usize| self.nodes[i].name.to_string();
        let path: Vec<String> = path.chain([target]).take(LOOP_SHOWN_MAX + 1).map(name).collect();
        self.problems.push(Problem::Loop { path, span: span.clone() });
    }

    fn hop(&self, target: &Address) -> Hop {
        if !self.graph.is_local(&target.domain) {
            return Hop::Remote;
        }
        let own = self.graph.alias_domains.own(target);
        let whole = self.whole(&own);
        whole.or_else(|| self.whole(&self.graph.base(&own)?)).unwrap_or(Hop::Nowhere)
    }

    fn whole(&self, own: &Address) -> Option<Hop> {
        if self.accounts.contains(own) {
            return Some(Hop::Account(own.clone()));
        }
        if let Some(i) = self.index.get(own) {
            return Some(Hop::Node(*i));
        }
        let patterns = self.patterns.get(&own.domain)?;
        patterns.iter().find(|(_, p)| p.fits(own.local.as_str())).map(|(i, _)| Hop::Node(*i))
    }
}

/// One entry for each address, with all its targets. Sorted first, a hundred thousand take half the time.
fn together(mut aliases: Vec<(Address, AliasTargets)>) -> BTreeMap<Address, AliasTargets> {
    aliases.sort_by(|(a, _), (b, _)| a.cmp(b));
    aliases.dedup_by(|(again, targets), (address, known)| {
        if again != address {
            return false;
        }
        known.local.append(&mut targets.local);
        known.remote.append(&mut targets.remote);
        true
    });
    aliases.into_iter().collect()
}

/// Whether that is more than one message may have copies.
fn over(ends: &AliasTargets) -> bool {
    ends.local.len() + ends.remote.len() > limits::ALIAS_EXPANSION_MAX
}

/// Forwards of accounts: circles among them, and how far an alias reaches through them.
impl Walk<'_> {
    /// After [`follow`](Self::follow) of all nodes: the accounts behind each forward are known.
    fn follow_forwards(&mut self) {
        let mut closed: BTreeSet<usize> = BTreeSet::new();
        for start in self.forwards.values().copied().collect::<BTreeSet<usize>>() {
            let mut stack = vec![(start, self.steps(start))];
            let mut open = BTreeMap::from([(start, 0)]);
            while let Some((at, steps)) = stack.last_mut() {
                let at = *at;
                let Some(next) = steps.pop().filter(|_| !closed.contains(&at)) else {
                    stack.pop();
                    open.remove(&at);
                    closed.insert(at);
                    continue;
                };
                if let Some(place) = open.get(&next) {
                    let span = self.way(at, next).clone();
                    self.closed(stack[*place..].iter().map(|(a, _)| *a), next, &span);
                } else if !closed.contains(&next) {
                    open.insert(next, stack.len());
                    stack.push((next, self.steps(next)));
                }
            }
        }
        for at in 0..self.nodes.len() {
            if self.reach_is_too_far(at) {
                let (name, span) = (self.nodes[at].name.to_string(), self.nodes[at].span.clone());
                self.problems.push(Problem::TooMany { name, span });
            }
        }
    }

    /// The forwards that the accounts behind a node have.
    fn steps(&self, at: usize) -> Vec<usize> {
        let ends = self.done[at].iter().flat_map(|ends| &ends.local);
        ends.filter_map(|account| self.forwards.get(account).copied()).collect()
    }

    /// The place of the target of `from` that leads to the account of the forward `to`.
    fn way(&self, from: usize, to: usize) -> &Span {
        let Name::Address(account) = self.nodes[to].name else { return self.nodes[from].span };
        let leads = |target: &Address| match self.hop(target) {
            Hop::Account(found) => found == *account,
            Hop::Node(i) => self.done[i].as_ref().is_some_and(|ends| ends.local.contains(account)),
            Hop::Nowhere | Hop::Remote => false,
        };
        let found = self.nodes[from].targets.iter().find(|(target, _)| leads(target));
        found.map_or(self.nodes[from].span, |(_, span)| span)
    }

    /// Whether a node that has few members reaches many through their forwards.
    fn reach_is_too_far(&self, at: usize) -> bool {
        let (Some(own), mut open) = (&self.done[at], self.steps(at)) else { return false };
        if open.is_empty() || over(own) {
            return false;
        }
        let mut all = own.clone();
        let mut seen: BTreeSet<usize> = open.iter().copied().collect();
        while let Some(next) = open.pop() {
            let Some(ends) = &self.done[next] else { continue };
            all.local.extend(ends.local.iter().cloned());
            all.remote.extend(ends.remote.iter().cloned());
            if over(&all) {
                return true;
            }
            open.extend(self.steps(next).into_iter().filter(|step| seen.insert(*step)));
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph(accounts: &[&str], aliases: &[(&str, &[&str])]) -> AliasGraph {
        let address = |t: &str| -> Address { format!("{t}@x.org").parse().unwrap() };
        AliasGraph {
            accounts: accounts.iter().map(|a| address(a)).collect(),
            domains: BTreeMap::from([("x.org".parse().unwrap(), Some('+'))]),
            aliases: aliases
                .iter()
                .map(|(a, targets)| Alias {
                    address: address(a),
                    span: 0..0,
                    targets: targets.iter().map(|t| (address(t), 0..0)).collect(),
                })
                .collect(),
            ..AliasGraph::default()
        }
    }

    fn pattern(prefix: &str, suffix: &str, target: &str) -> Pattern {
        let (prefix, suffix) = (prefix.to_owned(), suffix.to_owned());
        let targets = vec![(format!("{target}@x.org").parse().unwrap(), 0..0)];
        Pattern { domain: "x.org".parse().unwrap(), prefix, suffix, span: 0..0, targets }
    }

    fn loops(flattened: &Flattened) -> Vec<String> {
        let local = |name: &String| name.replace("@x.org", "");
        let path = |p: &Problem| match p {
            Problem::Loop { path, .. } => path.iter().map(local).collect::<Vec<_>>().join(" "),
            other => format!("{other:?}"),
        };
        flattened.problems.iter().map(path).collect()
    }

    fn shown(flattened: &Flattened, alias: &str) -> Vec<String> {
        let key: Address = format!("{alias}@x.org").parse().unwrap();
        flattened.aliases[&key].local.iter().map(|a| a.local.as_str().to_owned()).collect()
    }

    #[test]
    fn aliases_of_aliases_end_in_accounts() {
        let f = graph(&["u", "v"], &[("a", &["b", "v"]), ("b", &["u", "v+news"]), ("c", &["a"])]).flatten();
        assert_eq!(f.problems, []);
        assert_eq!(shown(&f, "c"), ["u", "v"]);
        assert_eq!(shown(&f, "b"), ["u", "v"]);
    }

    #[test]
    fn loops_are_named_once() {
        let f = graph(&["u"], &[("a", &["b"]), ("b", &["c", "u"]), ("c", &["a"])]).flatten();
        assert_eq!(f.problems.len(), 1);
        assert!(matches!(&f.problems[0], Problem::Loop { path, .. } if path.len() == 4));
    }

    #[test]
    fn members_are_bounded_in_all() {
        let users: Vec<String> = (0..100).map(|i| format!("u{i}")).collect();
        let users: Vec<&str> = users.iter().map(String::as_str).collect();
        let names: Vec<String> = (0..11_000).map(|i| format!("a{i}")).collect();
        let mut g = graph(&users, &[("all", &users)]);
        for name in &names {
            g.aliases.extend(graph(&[], &[(name, &["all"])]).aliases);
        }
        let f = g.flatten();
        assert!(matches!(f.problems.as_slice(), [Problem::TooManyTogether { .. }]), "{:?}", f.problems);
    }

    #[test]
    fn long_circles_are_cut_short() {
        let names: Vec<String> = (0..20_000).map(|i| format!("a{i}")).collect();
        let mut g = graph(&[], &[]);
        for pair in names.windows(2) {
            g.aliases.extend(graph(&[], &[(&pair[0], &[&pair[1], "a0"])]).aliases);
        }
        let f = g.flatten();
        // Each but the first closes a circle, and the last names nobody.
        assert_eq!(f.problems.len(), 20_000);
        let short = |p: &Problem| matches!(p, Problem::Loop { path, .. } if path.len() <= LOOP_SHOWN_MAX + 1);
        assert_eq!(f.problems.iter().filter(|p| short(p)).count(), 19_999);
    }

    #[test]
    fn long_chains_need_no_stack() {
        let names: Vec<String> = (0..50_000).map(|i| format!("a{i}")).collect();
        let mut g = graph(&["u"], &[]);
        for pair in names.windows(2) {
            g.aliases.extend(graph(&[], &[(&pair[0], &[&pair[1]])]).aliases);
        }
        g.aliases.extend(graph(&[], &[(&names[49_999], &["u"])]).aliases);
        let f = g.flatten();
        assert_eq!(f.problems, []);
        assert_eq!(shown(&f, "a0"), ["u"]);
    }

    #[test]
    fn rfc5321_2_4_other_servers_addresses_stay_as_they_were_written() {
        let mut g = graph(&["u"], &[("a", &["b", "u"]), ("b", &[])]);
        g.aliases[1].targets.push(("Me@Elsewhere.net".parse().unwrap(), 3..4));
        let f = g.flatten();
        let ends = &f.aliases[&"a@x.org".parse().unwrap()];
        assert_eq!((ends.local.len(), ends.remote.first().unwrap().to_string()), (1, "Me@elsewhere.net".to_owned()));
        assert_eq!(f.external.len(), 1);
        g.host = Some("mail.x.org".parse().unwrap());
        g.aliases[1].targets.push(("root@mail.x.org".parse().unwrap(), 5..6));
        assert!(matches!(g.flatten().problems[..], [Problem::Dangling { .. }]), "nobody lives at the host's name");
    }

    #[test]
    fn the_most_specific_pattern_takes_a_target_and_an_alias_goes_before_it() {
        let mut g = graph(&["u", "v", "w"], &[("a", &["sales-eu"]), ("b", &["sales-"]), ("sales-x", &["w"])]);
        g.patterns = vec![pattern("sales-", "", "u"), pattern("sales-", "u", "v")];
        g.aliases.extend(graph(&[], &[("c", &["sales-x", "nobody"])]).aliases);
        let f = g.flatten();
        assert_eq!(
            (shown(&f, "a"), shown(&f, "b"), shown(&f, "c")),
            (vec!["v".into()], vec!["u".into()], vec!["w".into()])
        );
        assert_eq!(f.problems.len(), 1, "{:?}", f.problems);
        let mut g = graph(&["u"], &[("a", &["sales-1"])]);
        g.patterns = vec![pattern("sales-", "", "a")];
        assert_eq!(loops(&g.flatten()), ["a sales-* a"]);
    }

    #[test]
    fn forwards_are_ends_and_their_circles_are_found_through_aliases() {
        let forward = |from: &str, to: &[&str]| graph(&[], &[(from, to)]).aliases.remove(0);
        let mut g = graph(&["u", "v", "w"], &[("a", &["u"]), ("team", &["v", "w"])]);
        g.forwards = vec![forward("u", &["w", "team"]), forward("v", &["w"])];
        let f = g.flatten();
        assert_eq!((loops(&f), shown(&f, "a")), (vec![], vec!["u".to_owned()]));
        assert_eq!(f.forwards[&"u@x.org".parse().unwrap()].local.len(), 2);
        g.forwards = vec![forward("u", &["w", "team"]), forward("v", &["a"]), forward("w", &["w"])];
        assert_eq!(loops(&g.flatten()), ["w w", "u v u"]);
    }

    #[test]
    fn receivers_are_counted_through_forwards() {
        let names: Vec<String> = (0..60).map(|i| format!("m{i}")).collect();
        let mut accounts: Vec<&str> = names.iter().map(String::as_str).collect();
        let first = accounts.clone();
        let others: Vec<String> = (60..120).map(|i| format!("m{i}")).collect();
        let second: Vec<&str> = others.iter().map(String::as_str).collect();
        accounts.extend(&second);
        let mut g = graph(&accounts, &[("some", &first), ("rest", &second)]);
        assert_eq!(g.flatten().problems, []);
        g.forwards = graph(&[], &[("m0", &["rest"])]).aliases;
        assert!(matches!(&g.flatten().problems[..], [Problem::TooMany { name, .. }] if name == "some@x.org"));
    }

    #[test]
    fn addresses_of_an_alias_domain_are_those_of_the_other() {
        use crate::compiler::config::alias_domains::AliasOf;
        let mut g = graph(&["u"], &[("a", &["b"])]);
        let other: Domain = "y.org".parse().unwrap();
        g.domains.insert(other.clone(), None);
        let alias_of = AliasOf { domain: other, target: "x.org".parse().unwrap(), span: 0..0 };
        g.alias_domains = AliasDomains::of(&[alias_of], g.domains.keys());
        g.aliases[0].targets[0].0 = "U+x@y.org".parse().unwrap();
        let f = g.flatten();
        assert_eq!((f.problems.len(), shown(&f, "a")), (0, vec!["u".to_owned()]));
        g.aliases[0].targets[0].0 = "a@y.org".parse().unwrap();
        assert_eq!(loops(&g.flatten()), ["a a"]);
    }
}
