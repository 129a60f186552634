//! What a configuration means: names resolved and defaults applied, with the place of everything.
//!
//! This is the one place where defaults live. It judges nothing: rules do that, on the same values that
//! are lowered into the plan.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::alias_domains::{AliasDomains, AliasOf};
use super::alias_graph::{Alias, AliasGraph, CatchAll, Flattened, Pattern, Targets};
use super::finding::Finding;
use super::publish::Publication;
use super::section::accounts::Account;
use super::section::certificates::{Acme, CertificateFiles, Challenge};
use super::section::domains::MailDomain;
use super::section::host::Role;
use super::section::leaf::{MailAddress, OrNone, Period};
use super::section::limits::Limits as Written;
use super::section::listeners::{Listener, Service, TlsWord};
use super::section::{Config, Profile};
use super::spanned::Spanned;
use super::ways::Ways;
use crate::ground::diagnostic::Span;
use crate::plan::document::{Limits, LoginFailures};
use crate::vocabulary::mail::{Address, Domain, LocalPart};
use crate::vocabulary::network::Network;

/// A configuration with everything that follows from it.
#[derive(Debug)]
pub struct Meaning<'c> {
    pub config: &'c Config,
    pub listeners: Vec<Door<'c>>,
    pub certificates: CertificateChoice<'c>,
    pub domains: Vec<LocalDomain<'c>>,
    /// In the order of the file. Two may have the same canonical address (ACC-007).
    pub mailboxes: Vec<Mailbox<'c>>,
    pub ways: Ways<'c>,
    /// What the domains tell the world.
    pub publication: Publication<'c>,
    pub aliases: AliasGraph,
    pub flattened: Flattened,
    /// Addresses that RFC 5321 §4.5.1 and RFC 2142 §4 require and the file does not name.
    pub duties: Vec<Duty>,
}

/// A listener with its effective settings.
#[derive(Debug)]
pub struct Door<'c> {
    pub name: &'c str,
    pub name_span: &'c Span,
    /// `None`: neither name nor `protocol` says what is spoken (PORT-017).
    pub service: Option<Service>,
    pub port: u16,
    pub tls: TlsWord,
    pub addresses: Vec<IpAddr>,
    pub settings: Option<&'c Listener>,
}

/// Where certificates come from in the end.
#[derive(Debug)]
pub enum CertificateChoice<'c> {
    /// `files`, and perhaps others behind them for the names that those do not hold.
    Files {
        files: Vec<&'c Spanned<CertificateFiles>>,
        acme: Option<&'c Spanned<Acme>>,
        self_signed: bool,
    },
    /// The section is there and names nothing.
    Nothing(&'c Span),
    SelfSigned(&'c Span),
    /// `acme`, and nothing before it.
    Acme(&'c Spanned<Acme>),
    /// The section is absent.
    Unsaid,
}

/// A domain with its effective settings.
#[derive(Debug)]
pub struct LocalDomain<'c> {
    pub name: &'c Domain,
    pub span: &'c Span,
    pub settings: Option<&'c MailDomain>,
    pub separator: Option<char>,
}

/// An account by its canonical address.
#[derive(Debug)]
pub struct Mailbox<'c> {
    pub address: Address,
    pub span: &'c Span,
    pub settings: Option<&'c Account>,
}

/// An address that must work and that the compiler gives to somebody.
#[derive(Debug)]
pub struct Duty {
    pub address: Address,
    pub domain_span: Span,
    /// The account that takes it; `None` if the file has no account at all.
    pub taker: Option<Address>,
}

impl<'c> Meaning<'c> {
    pub fn of(config: &'c Config) -> Self {
        let domains = domains(config);
        let mailboxes = mailboxes(config);
        let aliases = aliases(config, &domains, &mailboxes);
        let flattened = aliases.flatten();
        let duties = duties(&domains, &mailboxes, &aliases);
        let listeners = listeners(config);
        let (certificates, ways) = (certificates(config), Ways::of(config));
        let publication = Publication::of(config, &ways);
        Self { config, listeners, certificates, domains, mailboxes, ways, publication, aliases, flattened, duties }
    }

    pub fn lab(&self) -> bool {
        self.config.profile.as_ref().is_some_and(|p| p.value == Profile::Lab)
    }

    /// What the server is there for. Default: everything.
    pub fn role(&self) -> Role {
        self.config.host.role.as_ref().map_or(Role::Full, |r| r.value)
    }

    /// Names of listeners that the firewall keeps from the Internet.
    pub fn closed(&self) -> BTreeSet<&'c str> {
        let closed = self.config.firewall.as_ref().and_then(|f| f.closed.as_ref());
        closed.into_iter().flat_map(|names| names.iter()).map(|name| name.value.as_str()).collect()
    }

    pub fn host(&self) -> &'c Domain {
        &self.config.host.name.value.0
    }

    pub fn host_addresses(&self) -> impl Iterator<Item = IpAddr> + 'c {
        self.config.host.addresses.iter().map(|a| a.value.0)
    }
}

impl<'c> CertificateChoice<'c> {
    /// The authority that is asked for certificates.
    pub fn acme(&self) -> Option<&'c Spanned<Acme>> {
        match self {
            Self::Acme(acme) => Some(acme),
            Self::Files { acme, .. } => *acme,
            Self::Nothing(_) | Self::SelfSigned(_) | Self::Unsaid => None,
        }
    }
}

impl Door<'_> {
    /// The place of the TLS mode, or of what implies it.
    pub fn tls_span(&self) -> &Span {
        let settings = self.settings.as_ref();
        settings.and_then(|s| s.tls.as_ref()).map_or_else(|| self.port_span(), |t| &t.span)
    }

    /// A finding about the TLS mode, with the edit to the one mode that is right for the service.
    pub fn mend_tls(&self, finding: Finding) -> Finding {
        let written = self.settings.and_then(|s| s.tls.as_ref());
        match written.zip(self.service) {
            Some((tls, service)) => finding.edit(&tls.span, service.tls().word()),
            None => finding,
        }
    }

    /// The place of the port, or of the name that implies it.
    pub fn port_span(&self) -> &Span {
        self.settings.and_then(|s| s.port.as_ref()).map_or(self.name_span, |p| &p.span)
    }

    /// Where it says that connections begin with a PROXY header.
    pub fn proxied(&self) -> Option<&Span> {
        self.settings.and_then(|s| s.proxy_protocol.as_ref()).filter(|p| p.value).map(|p| &p.span)
    }

    /// The port that the Internet sees.
    pub fn public_port(&self) -> u16 {
        self.settings.and_then(|s| s.published.as_ref()).map_or(self.port, |p| p.value)
    }

    /// Whether somebody outside this machine can reach it.
    pub fn public(&self) -> bool {
        self.addresses.iter().any(|a| !a.is_loopback())
    }
}

/// The doors of a file that names none: three for mail, where RFC 8314 §3 prefers implicit TLS for users, one for what
/// is served over HTTPS unless another program has that port, and the port that the ACME challenge needs.
fn usual(config: &Config) -> Vec<Service> {
    let mut services = vec![Service::Smtp, Service::Submissions, Service::Imaps];
    let acme = match certificates(config) {
        CertificateChoice::Acme(acme) => Some(&acme.value),
        _ => None,
    };
    let shared = config.certificates.as_ref().and_then(|c| c.acme.as_ref()).and_then(|a| a.existing_webserver.as_ref());
    if shared.is_none_or(|shared| !shared.value) {
        services.push(Service::Https);
        if acme.and_then(|a| a.challenge.as_ref()).is_some_and(|c| c.value == Challenge::Http01) {
            services.push(Service::Http);
        }
    }
    services
}

fn listeners(config: &Config) -> Vec<Door<'_>> {
    let wildcards = wildcards(config);
    let Some(section) = &config.listeners else {
        let span = &config.host.span;
        let door = |s: Service| Door {
            name: s.word(),
            name_span: span,
            service: Some(s),
            port: s.port(),
            tls: s.tls(),
            addresses: wildcards.clone(),
            settings: None,
        };
        return usual(config).into_iter().map(door).collect();
    };
    let door = |(name, settings): (&'_ Spanned<String>, &'_ Spanned<Option<Listener>>)| -> (Option<Service>, u16, TlsWord, Vec<IpAddr>) {
        let settings = settings.value.as_ref();
        let explicit = settings.and_then(|s| s.protocol.as_ref()).map(|p| p.value);
        let service = explicit.or_else(|| Service::from_word(name));
        let port = settings.and_then(|s| s.port.as_ref()).map(|p| p.value).or(service.map(Service::port)).unwrap_or(0);
        let tls = settings.and_then(|s| s.tls.as_ref()).map(|t| t.value);
        let tls = tls.or(service.map(Service::tls)).unwrap_or(TlsWord::None);
        let own = settings.and_then(|s| s.addresses.as_ref());
        let mut addresses = own.map_or_else(|| wildcards.clone(), |a| a.iter().map(|ip| ip.value.0).collect());
        addresses.sort_unstable();
        addresses.dedup();
        (service, port, tls, addresses)
    };
    section
        .iter()
        .map(|(name, settings)| {
            let (service, port, tls, addresses) = door((name, settings));
            Door {
                name: &name.value,
                name_span: &name.span,
                service,
                port,
                tls,
                addresses,
                settings: settings.value.as_ref(),
            }
        })
        .collect()
}

/// All addresses of each family that the host has, so that nothing listens where nobody is told to connect.
fn wildcards(config: &Config) -> Vec<IpAddr> {
    let has = |v6: bool| config.host.addresses.iter().any(|a| a.value.0.is_ipv6() == v6);
    let v4 = has(false).then_some(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
    let v6 = has(true).then_some(IpAddr::V6(Ipv6Addr::UNSPECIFIED));
    v4.into_iter().chain(v6).collect()
}

fn certificates(config: &Config) -> CertificateChoice<'_> {
    let Some(section) = &config.certificates else { return CertificateChoice::Unsaid };
    let files: Vec<_> = section.files.iter().flatten().collect();
    let self_signed = section.self_signed.as_ref().filter(|s| s.value);
    match (files.is_empty(), self_signed) {
        (false, own) => CertificateChoice::Files { files, acme: section.acme.as_ref(), self_signed: own.is_some() },
        (true, Some(own)) => CertificateChoice::SelfSigned(&own.span),
        (true, None) => match &section.acme {
            Some(acme) => CertificateChoice::Acme(acme),
            None => CertificateChoice::Nothing(&section.span),
        },
    }
}

fn domains(config: &Config) -> Vec<LocalDomain<'_>> {
    config
        .domains
        .iter()
        .map(|(name, settings)| {
            let settings = settings.value.as_ref();
            let separator = match settings.and_then(|s| s.subaddress.as_ref()).map(|s| &s.value) {
                Some(OrNone::None) => None,
                Some(OrNone::Some(separator)) => Some(separator.character()),
                // What other mail servers ship with, and what people type into web forms.
                None => Some('+'),
            };
            LocalDomain { name: &name.value, span: &name.span, settings, separator }
        })
        .collect()
}

fn mailboxes(config: &Config) -> Vec<Mailbox<'_>> {
    let accounts = config.accounts.iter().flat_map(|section| section.iter());
    accounts
        .map(|(address, settings)| Mailbox {
            address: address.value.canonical(),
            span: &address.span,
            settings: settings.value.as_ref(),
        })
        .collect()
}

fn aliases(config: &Config, domains: &[LocalDomain<'_>], mailboxes: &[Mailbox<'_>]) -> AliasGraph {
    let mut graph = AliasGraph {
        accounts: mailboxes.iter().map(|m| m.address.clone()).collect(),
        domains: domains.iter().map(|d| (d.name.clone(), d.separator)).collect(),
        host: Some(config.host.name.value.0.clone()),
        alias_domains: alias_domains(domains),
        ..AliasGraph::default()
    };
    for mailbox in mailboxes {
        for alias in mailbox.settings.and_then(|s| s.aliases.as_ref()).into_iter().flatten() {
            let targets = vec![(mailbox.address.clone(), mailbox.span.clone())];
            graph.aliases.push(Alias { address: alias.value.0.canonical(), span: alias.span.clone(), targets });
        }
        if let Some(to) = mailbox.settings.and_then(|s| s.forward_to.as_ref()).filter(|to| !to.is_empty()) {
            let (address, span) = (mailbox.address.clone(), mailbox.span.clone());
            graph.forwards.push(Alias { address, span, targets: targets(to) });
        }
    }
    for (address, written) in config.aliases.iter().flat_map(|section| section.iter()) {
        let (address, span, targets) = (address.value.canonical(), address.span.clone(), targets(&written.value.0));
        // Several `*` are reported (ACC-014); the first one counts.
        match address.local.as_str().split_once('*') {
            Some((prefix, suffix)) => graph.patterns.push(Pattern {
                prefix: prefix.to_owned(),
                suffix: suffix.to_owned(),
                domain: address.domain,
                span,
                targets,
            }),
            None => graph.aliases.push(Alias { address, span, targets }),
        }
    }
    for domain in domains {
        if let Some(written) = domain.settings.and_then(|s| s.catch_all.as_ref()) {
            let (domain, span) = (domain.name.clone(), written.span.clone());
            graph.catch_alls.push(CatchAll { domain, span, targets: targets(&written.value.0) });
        }
    }
    graph
}

fn targets(written: &[Spanned<MailAddress>]) -> Targets {
    written.iter().map(|t| (t.value.0.clone(), t.span.clone())).collect()
}

fn alias_domains(domains: &[LocalDomain<'_>]) -> AliasDomains {
    let written: Vec<AliasOf> = domains
        .iter()
        .filter_map(|d| {
            let target = d.settings?.alias_of.as_ref()?;
            Some(AliasOf { domain: d.name.clone(), target: target.value.0.clone(), span: target.span.clone() })
        })
        .collect();
    AliasDomains::of(&written, domains.iter().map(|d| d.name))
}

/// `postmaster` (RFC 5321 §4.5.1) and `abuse` (RFC 2142 §4) of every domain go to its first account, or to
/// the first of the file: the person who set the server up. An alias domain has those of the other one.
fn duties(domains: &[LocalDomain<'_>], mailboxes: &[Mailbox<'_>], graph: &AliasGraph) -> Vec<Duty> {
    let mut first: BTreeMap<&Domain, &Address> = BTreeMap::new();
    for mailbox in mailboxes {
        first.entry(&mailbox.address.domain).or_insert(&mailbox.address);
    }
    const ROLES: [&str; 2] = ["postmaster", "abuse"];
    let named = graph.aliases.iter().map(|a| &a.address).chain(mailboxes.iter().map(|m| &m.address));
    let named: HashSet<&Address> = named.filter(|address| ROLES.contains(&address.local.as_str())).collect();
    let mut patterns: BTreeMap<&Domain, Vec<&Pattern>> = BTreeMap::new();
    for pattern in &graph.patterns {
        patterns.entry(&pattern.domain).or_default().push(pattern);
    }
    let mut duties = Vec::new();
    for domain in domains.iter().filter(|d| !graph.alias_domains.contains(d.name)) {
        let catch_all = domain.settings.is_some_and(|s| s.catch_all.is_some());
        for role in ROLES {
            let Ok(local) = LocalPart::from_unquoted(role) else { continue };
            let address = Address { local, domain: domain.name.clone() };
            let fits = patterns.get(domain.name).is_some_and(|list| list.iter().any(|p| p.fits(role)));
            if catch_all || fits || named.contains(&address) {
                continue;
            }
            let taker = first.get(domain.name).copied().or_else(|| mailboxes.first().map(|m| &m.address)).cloned();
            duties.push(Duty { address, domain_span: domain.span.clone(), taker });
        }
    }
    duties
}

/// The limits with their defaults. The reasons stand with the fields of [`plan::Limits`](Limits) and of the section.
pub fn limits(config: &Config) -> Limits {
    let set = config.limits.as_ref().map(|l| &l.value);
    let number = |value: Option<&Spanned<u32>>, default: u32| value.map_or(default, |v| v.value);
    let seconds = |value: Option<&Spanned<Period>>, default: u64| value.map_or(default, |v| v.value.0.as_secs());
    Limits {
        // Large providers take 25 to 50 MB; base64 adds a third to what people call the size.
        message_octets_max: set.and_then(|l| l.message_size_max.as_ref()).map_or(50_000_000, |v| v.value.0),
        recipients_max: number(set.and_then(|l| l.recipients_max.as_ref()), 100),
        connections_max: number(set.and_then(|l| l.connections_max.as_ref()), 4096),
        // An office behind one address, with several programs a person.
        connections_per_source_max: number(set.and_then(|l| l.connections_per_source_max.as_ref()), 50),
        command_timeout_seconds: seconds(set.and_then(|l| l.command_timeout.as_ref()), 5 * 60),
        session_timeout_seconds: seconds(set.and_then(|l| l.session_timeout.as_ref()), 30 * 60),
        password_checks_max: number(set.and_then(|l| l.password_checks_max.as_ref()), 4),
        drain_seconds: seconds(set.and_then(|l| l.drain.as_ref()), 30),
        login_failures: login_failures(set),
        messages_per_hour_max: set.and_then(|l| l.messages_per_hour_max.as_ref()).map(|v| v.value),
    }
}

/// Nobody mistypes ten times in a quarter of an hour, and nobody guesses a good password at 40 an hour.
const LOGIN_FAILURES: (u32, u64) = (10, 15 * 60);

/// `0` says that there is no bound.
fn login_failures(set: Option<&Written>) -> Option<LoginFailures> {
    let (max, window) = LOGIN_FAILURES;
    let max = set.and_then(|l| l.login_failures_max.as_ref()).map_or(max, |v| v.value);
    let window_seconds = set.and_then(|l| l.login_window.as_ref()).map_or(window, |v| v.value.0.as_secs());
    let exempt = set.and_then(|l| l.login_exempt.as_ref()).into_iter().flatten().map(|n| n.value.0);
    let exempt: BTreeSet<Network> = exempt.collect();
    (max > 0).then_some(LoginFailures { max, window_seconds, exempt: exempt.into_iter().collect() })
}
