//! Everything a session needs of one plan, loaded: secrets read, keys parsed, tables built.
//!
//! A session keeps the generation that it began with; a reload makes a new one beside it. Loading either
//! succeeds whole or reports all that is missing, so a plan that cannot be served is never half active.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::ServerConfig;

use super::activation::StateFolder;
use super::certificates::Certificates;
use super::certificates::present::Presented;
use super::certificates::stock::{Stock, Unusable};
use super::credentials::Credentials as LoginCredentials;
use super::keyring::Keyring;
use super::relays::{self, read};
use crate::ground::clock::Timestamp;
use crate::ground::limits::SRS_KEY_OCTETS_MIN;
use crate::ground::secret::Secret;
use crate::mailflow::delivery::RelayHop;
use crate::mailflow::forwarding::Forwarding;
use crate::mailflow::relaying::Gate;
use crate::mailflow::routing::Router;
use crate::mailflow::signing::{SelectorKey, Signers};
use crate::mailflow::srs::Rewriter;
use crate::mailflow::submission::Senders;
use crate::plan::Plan;
use crate::plan::digest::Digest;
use crate::plan::document::{
    DkimAlgorithm, DkimKey, DkimSelector, DnsData, Listener, Protocol, SrsKey, TlsMode, TlsVersion,
};
use crate::runtime::net::connector::TcpConnector;
use crate::runtime::net::tls;
use crate::vocabulary::mail::Domain;

/// All reasons why a plan cannot be served.
#[derive(Debug, thiserror::Error)]
pub struct LoadError(pub Vec<String>);

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}

/// One plan, ready to be executed.
pub struct Generation {
    pub plan: Arc<Plan>,
    /// Where relative paths of the plan start.
    pub base: PathBuf,
    pub digest: Digest,
    pub router: Router,
    pub forwarding: Forwarding,
    pub gate: Gate,
    pub senders: Senders,
    pub credentials: Arc<LoginCredentials>,
    pub signers: Signers,
    /// By the oldest version that is spoken; one for each that a listener with TLS needs.
    pub tls: BTreeMap<TlsVersion, Arc<ServerConfig>>,
    /// Its certificates, put on the shelf by [`Generation::settle`].
    stock: Stock,
    /// The same for the web endpoint.
    web_tls: BTreeMap<TlsVersion, Arc<ServerConfig>>,
    /// The smart hosts with their secrets.
    pub relays: BTreeMap<String, RelayHop>,
    /// Opens connections to other servers; knows who may vouch for relays.
    pub connector: TcpConnector,
    /// Listener names by the socket they are bound to.
    pub listeners: HashMap<SocketAddr, String>,
}

impl Generation {
    /// Reads everything that `plan` refers to, and makes what is to be made at activation.
    ///
    /// # Errors
    /// [`LoadError`] with every file, secret and key that cannot be used.
    pub fn load(
        plan: Arc<Plan>,
        digest: Digest,
        base: &Path,
        state: &StateFolder,
        desk: &Certificates,
        unusable: Unusable,
    ) -> Result<Self, LoadError> {
        let keyring = Keyring::new(state.root());
        let mut problems = Vec::new();
        let now = Timestamp::now().seconds();
        let stock = Stock::prepare(&plan, base, desk, unusable, now).map_err(|p| problems.extend(p));
        let signers = signers(&plan, &[], base, &keyring).unwrap_or_else(|p| note(&mut problems, p));
        let credentials = keyring
            .server_secret()
            .map_err(|error| vec![error.to_string()])
            .and_then(|secret| {
                LoginCredentials::load(&plan, base, &secret)
                    .map_err(|errors| errors.iter().map(ToString::to_string).collect())
            })
            .map_err(|p| problems.extend(p));
        let mut tls = BTreeMap::new();
        if let Ok(stock) = &stock {
            tls = configs(&plan, &stock.presented).unwrap_or_else(|p| note(&mut problems, p));
        }
        let relays = relays::load(&plan, base).map_err(|p| problems.extend(p));
        let rewriter = rewriter(&plan, base, &keyring).unwrap_or_else(|p| note(&mut problems, vec![p]));
        let (Ok(stock), Ok(credentials), Ok((relays, connector)), true) =
            (stock, credentials, relays, problems.is_empty())
        else {
            return Err(LoadError(problems));
        };
        let router = Router::new(&plan);
        let forwarding = Forwarding::new(router.clone(), rewriter);
        let sockets = plan.listeners.iter().flat_map(|(name, l)| l.sockets.iter().map(|s| (*s, name.clone())));
        Ok(Self {
            digest,
            base: base.to_owned(),
            senders: Senders::new(plan.clone(), router.clone()),
            gate: Gate::new(&plan, forwarding.clone()),
            forwarding,
            router,
            credentials: Arc::new(credentials),
            signers,
            relays,
            connector,
            stock,
            web_tls: tls.iter().map(|(version, config)| (*version, tls::for_web(config))).collect(),
            tls,
            listeners: sockets.collect(),
            plan,
        })
    }
}

impl Generation {
    /// Has the certificates that were found served from here on. To be called once, just before the generation
    /// becomes the served one.
    ///
    /// # Errors
    /// [`LoadError`] if one cannot be kept.
    pub fn settle(&mut self, desk: &Certificates) -> Result<(), LoadError> {
        self.stock.settle(desk).map_err(|error| LoadError(vec![error.to_string()]))
    }

    /// Selectors of former plans sign too, as far as their keys are still there. What is wrong with the others.
    pub fn sign_also(&mut self, former: &[(Domain, DkimSelector)], state: &StateFolder) -> Vec<String> {
        let keyring = Keyring::new(state.root());
        let mut usable = Vec::new();
        let mut problems = Vec::new();
        for selector in former {
            match signers(&self.plan, std::slice::from_ref(selector), &self.base, &keyring) {
                Ok(_) => usable.push(selector.clone()),
                Err(found) => problems.extend(found),
            }
        }
        match signers(&self.plan, &usable, &self.base, &keyring) {
            Ok(signers) => self.signers = signers,
            Err(found) => problems.extend(found),
        }
        problems
    }

    /// Every socket to accept on: those of the listeners, and where the figures are served.
    pub fn sockets(&self) -> impl Iterator<Item = SocketAddr> {
        self.listeners.keys().copied().chain(self.plan.metrics)
    }

    /// What `listener` presents; `None` if it does not speak TLS.
    pub fn tls_of(&self, listener: &Listener) -> Option<Arc<ServerConfig>> {
        let configs = if listener.protocol == Protocol::Https { &self.web_tls } else { &self.tls };
        configs.get(&tls::least_version(&self.plan.tls, listener)).cloned()
    }
}

/// One configuration for each oldest version that a listener with TLS asks for.
fn configs(plan: &Plan, presented: &Arc<Presented>) -> Result<BTreeMap<TlsVersion, Arc<ServerConfig>>, Vec<String>> {
    let encrypted = plan.listeners.values().filter(|listener| listener.tls != TlsMode::None);
    if plan.certificates.is_empty() && plan.listeners.values().any(|listener| listener.tls != TlsMode::None) {
        return Err(vec!["TLS: the plan has no certificate".to_owned()]);
    }
    let versions: BTreeSet<TlsVersion> = encrypted.map(|listener| tls::least_version(&plan.tls, listener)).collect();
    let config = |version| {
        let config = tls::server_config(presented.clone(), version, plan.tls.session_tickets);
        config.map(|config| (version, config)).map_err(|error| vec![format!("TLS: {error}")])
    };
    versions.into_iter().map(config).collect()
}

fn note<T: Default>(problems: &mut Vec<String>, found: Vec<String>) -> T {
    problems.extend(found);
    T::default()
}

/// Those of the plan, and `former` ones beside them.
fn signers(
    plan: &Plan,
    former: &[(Domain, DkimSelector)],
    base: &Path,
    keyring: &Keyring,
) -> Result<Signers, Vec<String>> {
    let mut problems = Vec::new();
    let mut pems: Vec<(Domain, String, DkimAlgorithm, Secret)> = Vec::new();
    let planned = plan.domains.iter().flat_map(|(domain, settings)| settings.dkim.iter().map(move |s| (domain, s)));
    for (domain, selector) in planned.chain(former.iter().map(|(domain, selector)| (domain, selector))) {
        let pem = match &selector.key {
            DkimKey::File { path, .. } => read(&base.join(path)).map(Secret::new),
            DkimKey::Generated {} => keyring
                .dkim_or_generate(domain.as_str(), &selector.selector, selector.algorithm)
                .map(|pair| pair.pem)
                .map_err(|error| error.to_string()),
        };
        match pem {
            Ok(pem) => pems.push((domain.clone(), selector.selector.clone(), selector.algorithm, pem)),
            Err(problem) => problems.push(format!("DKIM key of {domain}: {problem}")),
        }
    }
    // A key that is published before it signs must be there to be published.
    for record in &plan.dns {
        if let DnsData::DkimGenerated { domain, selector, algorithm } = &record.data
            && let Err(error) = keyring.dkim_or_generate(domain, selector, *algorithm)
        {
            problems.push(format!("DKIM key of {domain}: {error}"));
        }
    }
    let keys = pems.iter().map(|(domain, selector, algorithm, pem)| SelectorKey {
        domain: domain.clone(),
        selector: selector.clone(),
        algorithm: *algorithm,
        pem: pem.expose(),
    });
    match Signers::new(keys) {
        Ok(signers) if problems.is_empty() => Ok(signers),
        Ok(_) => Err(problems),
        Err(error) => {
            problems.push(format!("DKIM: {error}"));
            Err(problems)
        }
    }
}

/// What forwarded mail gets its senders from, if the plan forwards.
fn rewriter(plan: &Plan, base: &Path, keyring: &Keyring) -> Result<Option<Rewriter>, String> {
    let Some(srs) = &plan.forwarding else { return Ok(None) };
    let key = match &srs.key {
        SrsKey::Generated {} => keyring.srs().map_err(|error| error.to_string()),
        SrsKey::Secret(reference) => Secret::read(reference, base).map_err(|error| error.to_string()),
    };
    match key {
        Ok(key) if key.expose().len() < SRS_KEY_OCTETS_MIN => {
            Err(format!("the key for rewriting senders has fewer than {SRS_KEY_OCTETS_MIN} octets"))
        }
        Ok(key) => Ok(Some(Rewriter::new(srs.domain.clone(), &key))),
        Err(problem) => Err(format!("the key for rewriting senders: {problem}")),
    }
}
