//! DNS-019: A published address is received by nobody.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::finding::nearest;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::config::publish::policy;
use crate::compiler::config::section::leaf::MailAddress;
use crate::compiler::config::spanned::Spanned;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;
use crate::vocabulary::mail::{Address, Domain};
use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

pub const RULE: Rule = Rule {
    code: "DNS-019",
    name: "report-address-unknown",
    severity: Severity::Error,
    summary: "A published address is received by nobody.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Looks up the addresses that the file publishes (DMARC and TLS reports, `dns.caa.iodef`, \
            `certificates.acme.contact`) among accounts, aliases, subaddresses and catch-alls of its own domains. \
            Addresses elsewhere are not looked at.",
        why: "Reports would bounce, and the sender of a report tells nobody. You would go on without seeing that \
            mail fails.",
        example: "domains:
  example.org: { dmarc: { reports_to: dmarc@example.org } }",
        instead: "domains:
  example.org: { dmarc: { reports_to: dmarc@example.org } }
aliases: { dmarc@example.org: hello@example.org }",
        ignore: "Never: an address that is published must exist. Make an alias for it, or name another.",
    },
    references: &["RFC 7489 §7.2", "RFC 8460 §3", "mjl-/mox: \"Configured DMARC reporting address is not present\""],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    if !meaning.role().receives() {
        return;
    }
    let known = Known::of(meaning);
    let mut look = |address: &Spanned<MailAddress>, what: &str| {
        let canonical = address.value.0.canonical();
        if known.foreign(&canonical) || known.receives(&canonical) {
            return;
        }
        let names = known.names(&canonical.domain);
        let nearest = nearest(canonical.local.as_str(), names.iter().copied());
        let fix = match nearest {
            Some(near) => format!("did you mean `{near}@{}`? Or: aliases: {{ {canonical}: ... }}", canonical.domain),
            None => format!("aliases: {{ {canonical}: ... }}"),
        };
        let finding = Finding::at(RULE.code, &address.span, "nobody")
            .detail(format!("`{canonical}` is published for {what}, and nobody receives it."))
            .fix(fix);
        out.push(finding);
    };
    for domain in &meaning.publication.domains {
        let Some(settings) = domain.settings else { continue };
        if let Some(dmarc) = &settings.dmarc {
            policy::report_addresses(&dmarc.value).for_each(|a| look(a, "DMARC reports"));
        }
        let tls = settings.tls_rpt.as_ref().and_then(|t| t.value.reports_to.as_ref());
        tls.into_iter().flat_map(|r| &r.value.0).for_each(|a| look(a, "TLS reports"));
    }
    let caa = meaning.config.dns.as_ref().and_then(|d| d.caa.as_ref());
    if let Some(iodef) = caa.and_then(|c| c.iodef.as_ref()) {
        look(iodef, "certificate incidents");
    }
    let acme = meaning.config.certificates.as_ref().and_then(|c| c.acme.as_ref());
    if let Some(contact) = acme.and_then(|a| a.contact.as_ref()) {
        look(contact, "the certificate authority");
    }
}

/// Who receives mail here, looked up in sets.
struct Known<'m, 'c> {
    meaning: &'m Meaning<'c>,
    /// Domains that take any address, and those that are an alias of another.
    catch_all: BTreeSet<&'c Domain>,
    alias_of: BTreeMap<&'c Domain, &'c Domain>,
    duties: BTreeSet<&'m Address>,
    /// Aliases with a `*`, by domain.
    patterns: BTreeMap<&'m Domain, Vec<&'m str>>,
    names: OnceCell<BTreeMap<&'m Domain, Vec<&'m str>>>,
}

impl<'m, 'c> Known<'m, 'c> {
    fn of(meaning: &'m Meaning<'c>) -> Self {
        let settings = || meaning.domains.iter().filter_map(|d| Some((d.name, d.settings?)));
        let mut patterns: BTreeMap<&Domain, Vec<&str>> = BTreeMap::new();
        for address in meaning.flattened.aliases.keys().filter(|a| a.local.as_str().contains('*')) {
            patterns.entry(&address.domain).or_default().push(address.local.as_str());
        }
        Self {
            meaning,
            catch_all: settings().filter(|(_, s)| s.catch_all.is_some()).map(|(name, _)| name).collect(),
            alias_of: settings().filter_map(|(name, s)| Some((name, &s.alias_of.as_ref()?.value.0))).collect(),
            duties: meaning.duties.iter().map(|d| &d.address).collect(),
            patterns,
            names: OnceCell::new(),
        }
    }

    fn foreign(&self, address: &Address) -> bool {
        !self.meaning.aliases.domains.contains_key(&address.domain)
    }

    fn receives(&self, address: &Address) -> bool {
        let here = |a: &Address| {
            let aliases = &self.meaning.flattened.aliases;
            let pattern = |p: &&str| {
                let text = a.local.as_str();
                p.split_once('*').is_some_and(|(head, tail)| {
                    text.len() >= head.len() + tail.len() && text.starts_with(head) && text.ends_with(tail)
                })
            };
            self.catch_all.contains(&a.domain)
                || self.duties.contains(a)
                || self.meaning.aliases.account(a).is_some()
                || aliases.contains_key(a)
                || self.patterns.get(&a.domain).is_some_and(|p| p.iter().any(pattern))
        };
        let moved = |a: &Address| {
            let domain = (*self.alias_of.get(&a.domain)?).clone();
            Some(Address { local: a.local.clone(), domain })
        };
        here(address) || moved(address).is_some_and(|a| here(&a))
    }

    /// Some local parts of a domain, to guess which one was meant. Collected once, when the first is asked for.
    fn names(&self, domain: &Domain) -> &[&'m str] {
        const LOOKED_AT_MAX: usize = 1_000;
        let names = self.names.get_or_init(|| {
            let mut names: BTreeMap<&Domain, Vec<&str>> = BTreeMap::new();
            for address in self.meaning.aliases.accounts.iter().chain(self.meaning.flattened.aliases.keys()) {
                let of_domain = names.entry(&address.domain).or_default();
                if of_domain.len() < LOOKED_AT_MAX {
                    of_domain.push(address.local.as_str());
                }
            }
            names
        });
        names.get(domain).map_or(&[], Vec::as_slice)
    }
}
