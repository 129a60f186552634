//! Everything a session needs of one plan, loaded: secrets read, keys parsed, tables built.
//!
//! A session keeps the generation that it began with; a reload makes a new one beside it. Loading either
//! succeeds whole or reports all that is missing, so a plan that cannot be served is never half active.

use std::collections::HashMap;
use std::fmt;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use rustls::ServerConfig;

use super::activation::StateFolder;
use super::credentials::Credentials as LoginCredentials;
use super::keyring::Keyring;
use crate::ground::clock::Timestamp;
use crate::ground::secret::Secret;
use crate::mailflow::delivery::courier::{RelayHop, RelayLogin};
use crate::mailflow::routing::Router;
use crate::mailflow::signing::{SelectorKey, Signers};
use crate::mailflow::submission::Senders;
use crate::plan::Plan;
use crate::plan::digest::Digest;
use crate::plan::document::{CertificateSource, DkimAlgorithm, DkimKey, TlsMode};
use crate::runtime::net::connector::TcpConnector;
use crate::runtime::net::tls::{self, Identity};
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
    pub digest: Digest,
    pub router: Router,
    pub senders: Senders,
    pub credentials: Arc<LoginCredentials>,
    pub signers: Signers,
    /// `None` only if no listener uses TLS.
    pub tls: Option<Arc<ServerConfig>>,
    /// The smart host with its secret, if mail leaves through one.
    pub relay: Option<RelayHop>,
    /// Opens connections to other servers; knows who may vouch for the relay.
    pub connector: TcpConnector,
    /// Listener names by the socket they are bound to.
    pub listeners: HashMap<SocketAddr, String>,
}

impl Generation {
    /// Reads everything that `plan` refers to, and makes what is to be made at activation.
    ///
    /// # Errors
    /// [`LoadError`] with every file, secret and key that cannot be used.
    pub fn load(plan: Arc<Plan>, digest: Digest, base: &Path, state: &StateFolder) -> Result<Self, LoadError> {
        let keyring = Keyring::new(state.root());
        let mut problems = Vec::new();
        let identities = identities(&plan, base, &keyring).unwrap_or_else(|p| note(&mut problems, p));
        let signers = signers(&plan, base, &keyring).unwrap_or_else(|p| note(&mut problems, p));
        let credentials = keyring
            .server_secret()
            .map_err(|error| vec![error.to_string()])
            .and_then(|secret| {
                LoginCredentials::load(&plan, base, &secret)
                    .map_err(|errors| errors.iter().map(ToString::to_string).collect())
            })
            .map_err(|p| problems.extend(p));
        let uses_tls = plan.listeners.values().any(|listener| listener.tls != TlsMode::None);
        let mut config = None;
        if problems.is_empty() && uses_tls {
            match tls::server_config(identities, plan.tls.min_version) {
                Ok(made) => config = Some(made),
                Err(error) => problems.push(format!("TLS: {error}")),
            }
        }
        let relay = relay(&plan, base).map_err(|p| problems.extend(p));
        let (Ok(credentials), Ok((relay, connector)), true) = (credentials, relay, problems.is_empty()) else {
            return Err(LoadError(problems));
        };
        let router = Router::new(&plan);
        let sockets = plan.listeners.iter().flat_map(|(name, l)| l.sockets.iter().map(|s| (*s, name.clone())));
        Ok(Self {
            digest,
            senders: Senders::new(plan.clone(), router.clone()),
            router,
            credentials: Arc::new(credentials),
            signers,
            relay,
            connector,
            tls: config,
            listeners: sockets.collect(),
            plan,
        })
    }
}

fn note<T: Default>(problems: &mut Vec<String>, found: Vec<String>) -> T {
    problems.extend(found);
    T::default()
}

/// Certificates in the plan's order.
///
/// # Errors
/// One text for each that cannot be used.
pub fn identities(plan: &Plan, base: &Path, keyring: &Keyring) -> Result<Vec<Identity>, Vec<String>> {
    let mut problems = Vec::new();
    let mut identities = Vec::new();
    for certificate in &plan.certificates {
        let pair = match &certificate.source {
            CertificateSource::Files { chain, key, .. } => {
                read(&base.join(chain)).and_then(|chain| Ok((chain, Secret::new(read(&base.join(key))?))))
            }
            CertificateSource::Acme { .. } | CertificateSource::SelfSigned {} => keyring
                .self_signed(&certificate.names, Timestamp::now())
                .map(|pair| (pair.chain, pair.key))
                .map_err(|error| error.to_string()),
        };
        let identity = pair.and_then(|(chain, key)| {
            Identity::from_pem(certificate.names.clone(), &chain, key.expose())
                .map_err(|error| format!("the certificate for {}: {error}", certificate.names.join(", ")))
        });
        match identity {
            Ok(identity) => identities.push(identity),
            Err(problem) => problems.push(problem),
        }
    }
    if problems.is_empty() { Ok(identities) } else { Err(problems) }
}

fn signers(plan: &Plan, base: &Path, keyring: &Keyring) -> Result<Signers, Vec<String>> {
    let mut problems = Vec::new();
    let mut pems: Vec<(Domain, String, DkimAlgorithm, Secret)> = Vec::new();
    for (domain, settings) in &plan.domains {
        for selector in &settings.dkim {
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

/// The relay's secret and trust.
fn relay(plan: &Plan, base: &Path) -> Result<(Option<RelayHop>, TcpConnector), Vec<String>> {
    let mut problems = Vec::new();
    let relay = plan.outbound.relays.values().next();
    let password = relay.and_then(|r| r.credentials.as_ref()).map(|c| Secret::read(&c.password, base));
    let password = password.transpose().unwrap_or_else(|error| {
        problems.push(format!("the relay's password: {error}"));
        None
    });
    let authority = relay.and_then(|r| r.authority.as_ref()).map(|path| read(&base.join(path)));
    let authority = authority.transpose().unwrap_or_else(|problem| {
        problems.push(format!("the relay's authority: {problem}"));
        None
    });
    let connector = TcpConnector::new(authority.as_deref());
    match connector {
        Ok(connector) if problems.is_empty() => {
            let hop = relay.map(|relay| RelayHop {
                host: relay.host.clone(),
                port: relay.port,
                tls: relay.tls,
                credentials: relay
                    .credentials
                    .as_ref()
                    .zip(password)
                    .map(|(known, password)| RelayLogin { user: known.user.clone(), password }),
            });
            Ok((hop, connector))
        }
        Ok(_) => Err(problems),
        Err(error) => {
            problems.push(error.to_string());
            Err(problems)
        }
    }
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))
}
