//! Aliases as a graph: who receives mail for an address in the end, and what is wrong with the graph.
//!
//! An address is looked up as account, alias, subaddress, in this order (RFC 5233 for the last). The walk
//! is iterative and expansions are capped, so that no file makes it run deep or long.

use std::collections::{BTreeMap, BTreeSet};

use crate::ground::diagnostic::Span;
use crate::ground::limits;
use crate::vocabulary::mail::{Address, Domain, LocalPart};

/// One alias with its targets, all in canonical form.
#[derive(Debug, Clone)]
pub struct Alias {
    pub address: Address,
    pub span: Span,
    pub targets: Vec<(Address, Span)>,
}

/// What is wrong with one alias. Addresses are canonical.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// A target in a local domain that nobody has.
    Dangling { target: Address, span: Span },
    /// A target elsewhere.
    External { target: Address, span: Span },
    /// The aliases that lead back to the first; of a long circle more than [`LOOP_SHOWN_MAX`], not all.
    Loop { path: Vec<Address>, span: Span },
    /// More accounts than `limits::ALIAS_EXPANSION_MAX`.
    TooMany { address: Address, span: Span },
    /// More members than `limits::ALIAS_MEMBERS_MAX` in all aliases together; at the one that went beyond.
    TooManyTogether { span: Span },
}

/// Aliases of a circle that are shown; a circle of thousands is known as well by its first.
pub const LOOP_SHOWN_MAX: usize = 8;

/// What the graph is made from.
#[derive(Debug, Default)]
pub struct AliasGraph {
    pub accounts: BTreeSet<Address>,
    /// Local domains with their subaddress separators.
    pub domains: BTreeMap<Domain, Option<char>>,
    pub aliases: Vec<Alias>,
}

/// The result: alias to accounts, and the problems in the order of the file.
#[derive(Debug, Default)]
pub struct Flattened {
    pub aliases: BTreeMap<Address, BTreeSet<Address>>,
    pub problems: Vec<Problem>,
}

/// Where one target leads.
enum Hop {
    Account(Address),
    Alias(usize),
    Nowhere(Problem),
}

impl AliasGraph {
    /// Follows every alias to its accounts.
    pub fn flatten(&self) -> Flattened {
        let mut walk = Walk {
            graph: self,
            index: BTreeMap::new(),
            done: vec![None; self.aliases.len()],
            merged: 0,
            problems: Vec::new(),
        };
        for (i, alias) in self.aliases.iter().enumerate() {
            walk.index.entry(&alias.address).or_insert(i);
        }
        for i in 0..self.aliases.len() {
            walk.follow(i);
        }
        let mut flattened = Flattened { problems: walk.problems, ..Flattened::default() };
        for (alias, accounts) in self.aliases.iter().zip(walk.done) {
            flattened.aliases.entry(alias.address.clone()).or_default().extend(accounts.unwrap_or_default());
        }
        flattened
    }

    /// The account that `address` belongs to, directly or as a subaddress.
    pub fn account(&self, address: &Address) -> Option<Address> {
        let address = address.canonical();
        if self.accounts.contains(&address) {
            return Some(address);
        }
        let base = self.base(&address)?;
        self.accounts.contains(&base).then_some(base)
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
    index: BTreeMap<&'g Address, usize>,
    done: Vec<Option<BTreeSet<Address>>>,
    /// Members that aliases took over from other aliases.
    merged: usize,
    problems: Vec<Problem>,
}

impl Walk<'_> {
    /// Depth first with a stack of our own: an alias on the stack that is met again closes a loop.
    fn follow(&mut self, from: usize) {
        let mut stack: Vec<(usize, usize, BTreeSet<Address>)> = vec![(from, 0, BTreeSet::new())];
        // Those on the stack, with their place in it.
        let mut open: BTreeMap<usize, usize> = BTreeMap::from([(from, 0)]);
        while let Some((at, next)) = stack.last().map(|(at, next, _)| (*at, *next)) {
            let alias = &self.graph.aliases[at];
            let finished = self.done[at].is_some();
            let Some((target, span)) = alias.targets.get(next).filter(|_| !finished) else {
                let Some((_, _, accounts)) = stack.pop() else { break };
                open.remove(&at);
                let accounts = self.done[at].take().unwrap_or(accounts);
                if let Some((parent, _, above)) = stack.last_mut() {
                    self.merge(*parent, above, &accounts);
                }
                self.finish(at, accounts, finished);
                continue;
            };
            let hop = self.hop(target, span);
            let Some((_, next, accounts)) = stack.last_mut() else { break };
            *next += 1;
            match hop {
                Hop::Account(account) => {
                    accounts.insert(account);
                }
                Hop::Alias(target) => {
                    if let Some(place) = open.get(&target) {
                        let path = stack[*place..].iter().map(|(a, _, _)| *a);
                        self.problems.push(self.closed(path, target, span));
                        continue;
                    }
                    open.insert(target, stack.len());
                    stack.push((target, 0, BTreeSet::new()));
                }
                Hop::Nowhere(problem) => self.problems.push(problem),
            }
        }
    }

    /// Adds the members of an alias to those of the one that names it.
    fn merge(&mut self, parent: usize, above: &mut BTreeSet<Address>, accounts: &BTreeSet<Address>) {
        for account in accounts {
            if above.len() > limits::ALIAS_EXPANSION_MAX || self.merged > limits::ALIAS_MEMBERS_MAX {
                return;
            }
            self.merged += 1;
            if self.merged > limits::ALIAS_MEMBERS_MAX {
                let span = self.graph.aliases[parent].span.clone();
                self.problems.push(Problem::TooManyTogether { span });
            }
            above.insert(account.clone());
        }
    }

    fn finish(&mut self, at: usize, accounts: BTreeSet<Address>, again: bool) {
        let alias = &self.graph.aliases[at];
        if accounts.len() > limits::ALIAS_EXPANSION_MAX && !again {
            self.problems.push(Problem::TooMany { address: alias.address.clone(), span: alias.span.clone() });
        }
        self.done[at] = Some(accounts);
    }

    fn closed(&self, path: impl Iterator<Item = usize>, target: usize, span: &Span) -> Problem {
        let name = |i: usize| self.graph.aliases[i].address.clone();
        let path = path.chain([target]).take(LOOP_SHOWN_MAX + 1).map(name).collect();
        Problem::Loop { path, span: span.clone() }
    }

    fn hop(&self, target: &Address, span: &Span) -> Hop {
        if self.graph.accounts.contains(target) {
            return Hop::Account(target.clone());
        }
        if let Some(i) = self.index.get(target) {
            return Hop::Alias(*i);
        }
        if !self.graph.domains.contains_key(&target.domain) {
            return Hop::Nowhere(Problem::External { target: target.clone(), span: span.clone() });
        }
        if let Some(base) = self.graph.base(target) {
            if self.graph.accounts.contains(&base) {
                return Hop::Account(base);
            }
            if let Some(i) = self.index.get(&base) {
                return Hop::Alias(*i);
            }
        }
        Hop::Nowhere(Problem::Dangling { target: target.clone(), span: span.clone() })
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
        }
    }

    fn shown(flattened: &Flattened, alias: &str) -> Vec<String> {
        let key: Address = format!("{alias}@x.org").parse().unwrap();
        flattened.aliases[&key].iter().map(|a| a.local.as_str().to_owned()).collect()
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
}
