//! Alias domains: whose addresses the addresses of a domain are in the end.
//!
//! `alias_of` may lead from one domain to the next; the plan knows the last one only. The walk is iterative and
//! looks at every domain once, so that no file makes it run deep or long.

use std::collections::{BTreeMap, BTreeSet};

use crate::ground::diagnostic::Span;
use crate::vocabulary::mail::{Address, Domain};

/// One `alias_of`, as it was written.
#[derive(Debug, Clone)]
pub struct AliasOf {
    pub domain: Domain,
    pub target: Domain,
    /// Of the target.
    pub span: Span,
}

/// What is wrong with one `alias_of`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DomainProblem {
    /// The domains that lead back to the first.
    Loop { path: Vec<Domain>, span: Span },
    /// The target is no domain of this file.
    Unknown { target: Domain, span: Span },
}

/// Every alias domain with the domain that it ends in.
#[derive(Debug, Default)]
pub struct AliasDomains {
    roots: BTreeMap<Domain, Domain>,
    pub problems: Vec<DomainProblem>,
}

impl AliasDomains {
    /// `served` are the domains of the file.
    pub fn of<'d>(written: &[AliasOf], served: impl IntoIterator<Item = &'d Domain>) -> Self {
        let served: BTreeSet<&Domain> = served.into_iter().collect();
        let next: BTreeMap<&Domain, &AliasOf> = written.iter().map(|a| (&a.domain, a)).collect();
        let mut found = Self::default();
        let mut done: BTreeSet<&Domain> = BTreeSet::new();
        for start in written {
            found.follow(&start.domain, &next, &served, &mut done);
        }
        found
    }

    fn follow<'d>(
        &mut self,
        start: &'d Domain,
        next: &BTreeMap<&'d Domain, &'d AliasOf>,
        served: &BTreeSet<&Domain>,
        done: &mut BTreeSet<&'d Domain>,
    ) {
        let mut path: Vec<&Domain> = Vec::new();
        let mut open: BTreeSet<&Domain> = BTreeSet::new();
        let mut at = start;
        while let Some(step) = next.get(at).filter(|_| !done.contains(at)) {
            if !served.contains(&step.target) {
                self.problems.push(DomainProblem::Unknown { target: step.target.clone(), span: step.span.clone() });
            }
            open.insert(at);
            path.push(at);
            if open.contains(&step.target) {
                let circle = path.iter().copied().skip_while(|d| *d != &step.target);
                let path = circle.chain([&step.target]).cloned().collect();
                self.problems.push(DomainProblem::Loop { path, span: step.span.clone() });
                break;
            }
            at = &step.target;
        }
        let end = self.roots.get(at).cloned().unwrap_or_else(|| at.clone());
        for domain in path {
            done.insert(domain);
            self.roots.insert(domain.clone(), end.clone());
        }
    }

    /// Whether all addresses of the domain are another domain's.
    pub fn contains(&self, domain: &Domain) -> bool {
        self.roots.contains_key(domain)
    }

    /// The domain whose addresses those of `domain` are; itself if it is no alias.
    pub fn root<'a>(&'a self, domain: &'a Domain) -> &'a Domain {
        self.roots.get(domain).unwrap_or(domain)
    }

    /// The address in the domain that it ends in, in canonical form.
    pub fn own(&self, address: &Address) -> Address {
        let canonical = address.canonical();
        match self.roots.get(&canonical.domain) {
            Some(root) => Address { domain: root.clone(), ..canonical },
            None => canonical,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn domain(text: &str) -> Domain {
        text.parse().unwrap()
    }

    fn of(written: &[(&str, &str)]) -> AliasDomains {
        let served: Vec<Domain> = ["a.org", "b.org", "c.org", "d.org"].map(domain).into();
        let written: Vec<AliasOf> =
            written.iter().map(|(from, to)| AliasOf { domain: domain(from), target: domain(to), span: 0..0 }).collect();
        AliasDomains::of(&written, &served)
    }

    #[test]
    fn a_chain_ends_in_the_domain_that_is_no_alias() {
        let domains = of(&[("a.org", "b.org"), ("b.org", "c.org")]);
        assert_eq!(domains.problems, []);
        assert_eq!(domains.root(&domain("a.org")), &domain("c.org"));
        assert_eq!(domains.own(&"Me@b.org".parse().unwrap()), "me@c.org".parse().unwrap());
        assert_eq!(domains.own(&"me@d.org".parse().unwrap()), "me@d.org".parse().unwrap());
        assert!(!domains.contains(&domain("c.org")));
    }

    #[test]
    fn circles_and_strangers_are_named_once() {
        let shown = |domains: AliasDomains| -> Vec<String> {
            let text = |p: &DomainProblem| match p {
                DomainProblem::Loop { path, .. } => path.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "),
                DomainProblem::Unknown { target, .. } => format!("no {target}"),
            };
            domains.problems.iter().map(text).collect()
        };
        assert_eq!(shown(of(&[("a.org", "a.org")])), ["a.org a.org"]);
        let circle = of(&[("d.org", "a.org"), ("a.org", "b.org"), ("b.org", "c.org"), ("c.org", "a.org")]);
        assert_eq!(shown(circle), ["a.org b.org c.org a.org"]);
        assert_eq!(shown(of(&[("a.org", "b.org"), ("b.org", "x.org")])), ["no x.org"]);
    }
}
