//! Listeners, TLS, domains, outbound, storage and logging.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use super::people::receivers;
use crate::compiler::config::material::Material;
use crate::compiler::config::meaning::{CertificateChoice, LocalDomain, Meaning, Smarthost};
use crate::compiler::config::section::domains::{Algorithm, Selector};
use crate::compiler::config::section::leaf::OrNone;
use crate::compiler::config::section::listeners::{Service, TlsWord};
use crate::compiler::config::section::outbound::Resolver;
use crate::compiler::config::section::{logging as words, tls::Version};
use crate::plan::document::{
    Certificate, CertificateSource, DkimAlgorithm, DkimKey, DkimSelector, DomainPlan, Listener, LogFormat, LogLevel,
    Logging, NextHop, Outbound, OutboundTls, Relay, RelayCredentials, RelayTls, ResolverSource, Storage, Tls,
    TlsProfile, TlsVersion,
};
use crate::vocabulary::mail::Domain;

pub fn listeners(meaning: &Meaning<'_>) -> BTreeMap<String, Listener> {
    let listener = |service: Service, port: u16, tls: TlsWord, sockets: Vec<SocketAddr>| Listener {
        protocol: service.protocol(),
        port,
        tls: tls.mode(),
        sockets,
        tls_min_version: None,
        proxy_protocol: false,
    };
    let doors = meaning.listeners.iter().filter_map(|door| {
        let sockets = door.addresses.iter().map(|a| SocketAddr::new(*a, door.port)).collect();
        Some((door.name.to_owned(), listener(door.service?, door.port, door.tls, sockets)))
    });
    doors.collect()
}

pub fn tls(meaning: &Meaning<'_>) -> Tls {
    let least = meaning.config.tls.as_ref().and_then(|t| t.min_version.as_ref()).map(|v| v.value);
    // RFC 9325 §3.1.1: TLS 1.2 must be spoken, and nothing older.
    let min_version = if least == Some(Version::V1_3) { TlsVersion::V1_3 } else { TlsVersion::V1_2 };
    Tls { min_version, profile: TlsProfile::Intermediate, session_tickets: false }
}

pub fn certificates(meaning: &Meaning<'_>, material: &Material<'_>) -> Vec<Certificate> {
    let own = || Certificate { names: vec![meaning.host().to_string()], source: CertificateSource::SelfSigned {} };
    let from_files = material.certificates.iter().filter_map(|c| {
        let leaf = c.leaf.as_ref().ok()?;
        let source = CertificateSource::Files {
            chain: c.files.chain.value.0.clone(),
            key: c.files.key.value.0.clone(),
            spki_sha256: leaf.spki_sha256(),
        };
        Some(Certificate { names: leaf.names.clone(), source })
    });
    match &meaning.certificates {
        CertificateChoice::Files { self_signed, .. } => from_files.chain(self_signed.then(own)).collect(),
        CertificateChoice::Nothing(_) => Vec::new(),
        CertificateChoice::SelfSigned(_) | CertificateChoice::Unsaid => vec![own()],
    }
}

pub fn domains(meaning: &Meaning<'_>, material: &Material<'_>) -> BTreeMap<Domain, DomainPlan> {
    let domain = |d: &LocalDomain<'_>| {
        let catch_all = d.settings.and_then(|s| s.catch_all.as_ref()).into_iter().flat_map(|c| &c.value.0);
        DomainPlan {
            catch_all: catch_all.flat_map(|a| receivers(meaning, &a.value.0)).collect(),
            subaddress_separator: d.separator,
            dkim: dkim(d, material),
        }
    };
    meaning.domains.iter().map(|d| (d.name.clone(), domain(d))).collect()
}

/// RSA because everyone verifies it, Ed25519 because it is the better key (RFC 8463 §1 asks for both).
const DKIM_DEFAULT: [(&str, DkimAlgorithm); 2] =
    [("mailctl-ed25519", DkimAlgorithm::Ed25519Sha256), ("mailctl-rsa", DkimAlgorithm::RsaSha256)];

fn dkim(domain: &LocalDomain<'_>, material: &Material<'_>) -> Vec<DkimSelector> {
    let generated = |selector: &str, algorithm| DkimSelector {
        selector: selector.to_owned(),
        algorithm,
        key: DkimKey::Generated {},
    };
    let written = domain.settings.and_then(|s| s.dkim.as_ref()).map(|d| &d.value);
    let own = match written {
        None => return DKIM_DEFAULT.into_iter().map(|(s, a)| generated(s, a)).collect(),
        Some(OrNone::None) => return Vec::new(),
        Some(OrNone::Some(own)) => own,
    };
    let selector = |name: &str, settings: Option<&Selector>| {
        let Some(file) = settings.and_then(|s| s.key.as_ref()) else {
            let algorithm = settings.and_then(|s| s.algorithm.as_ref()).map_or(Algorithm::RsaSha256, |a| a.value);
            return Some(generated(name, algorithm.planned()));
        };
        let read = material.dkim.iter().find(|m| m.domain == domain.name && m.selector == name)?;
        let public = read.key.as_ref().ok()?;
        let key = DkimKey::File { path: file.file.value.0.clone(), public_key: public.p.clone() };
        Some(DkimSelector { selector: name.to_owned(), algorithm: public.algorithm, key })
    };
    let mut selectors: Vec<_> = own.iter().filter_map(|(name, s)| selector(&name.value, s.value.as_ref())).collect();
    selectors.sort_by(|a, b| a.selector.cmp(&b.selector));
    selectors
}

/// Seconds. RFC 5321 §4.5.4.1: at least 30 minutes in the long run, sooner in the first hour.
const RETRY_AFTER: [u64; 6] = [5 * 60, 15 * 60, 30 * 60, 3_600, 2 * 3_600, 4 * 3_600];
/// Seconds. RFC 5321 §4.5.4.1: at least four to five days.
const LIFETIME: u64 = 5 * 86_400;
const MX_PORT: u16 = 25;
/// The name of the one relay that the language knows.
const RELAY: &str = "default";

pub fn outbound(meaning: &Meaning<'_>) -> Outbound {
    let set = meaning.config.outbound.as_ref().map(|o| &o.value);
    let retry = set.and_then(|o| o.retry.as_ref());
    Outbound {
        relays: meaning.relay.iter().map(|r| (RELAY.to_owned(), relay(r))).collect(),
        routes: Vec::new(),
        default: meaning.relay.as_ref().map_or(NextHop::Direct, |_| NextHop::Relay(RELAY.to_owned())),
        default_fallback: None,
        source_addresses: Vec::new(),
        tls: OutboundTls::Opportunistic,
        tls_policies: BTreeMap::new(),
        retry_after_seconds: retry
            .map_or_else(|| RETRY_AFTER.to_vec(), |r| r.iter().map(|p| p.value.0.as_secs()).collect()),
        delay_notice_seconds: None,
        lifetime_seconds: set.and_then(|o| o.lifetime.as_ref()).map_or(LIFETIME, |l| l.value.0.as_secs()),
        resolver: match set.and_then(|o| o.resolver.as_ref()).map(|r| &r.value) {
            Some(Resolver::Addresses(servers)) => {
                ResolverSource::Addresses(servers.iter().map(|s| s.value.0).collect())
            }
            Some(Resolver::System) | None => ResolverSource::System,
        },
        mx_port: set.and_then(|o| o.mx_port.as_ref()).map_or(MX_PORT, |p| p.value),
    }
}

fn relay(relay: &Smarthost<'_>) -> Relay {
    let settings = relay.settings;
    let credentials = settings.user.as_ref().zip(settings.password.as_ref());
    Relay {
        host: settings.host.value.0.clone(),
        port: relay.port,
        tls: if relay.tls == TlsWord::Implicit { RelayTls::Implicit } else { RelayTls::StarttlsRequired },
        credentials: credentials
            .map(|(user, password)| RelayCredentials { user: user.value.clone(), password: password.reference() }),
        authority: settings.authority.as_ref().map(|a| a.value.0.clone()),
        sign: true,
    }
}

pub fn storage(meaning: &Meaning<'_>) -> Storage {
    let embedded = meaning.config.storage.as_ref().and_then(|s| s.embedded.as_ref());
    Storage::Embedded { path: embedded.and_then(|e| e.path.as_ref()).map(|p| p.value.0.clone()) }
}

pub fn logging(meaning: &Meaning<'_>) -> Logging {
    let set = meaning.config.logging.as_ref().map(|l| &l.value);
    Logging {
        format: match set.and_then(|l| l.format.as_ref()).map(|f| f.value) {
            Some(words::LogFormat::Json) => LogFormat::Json,
            Some(words::LogFormat::Text) | None => LogFormat::Text,
        },
        level: match set.and_then(|l| l.level.as_ref()).map(|l| l.value) {
            Some(words::LogLevel::Debug) => LogLevel::Debug,
            Some(words::LogLevel::Error) => LogLevel::Error,
            Some(words::LogLevel::Warn) => LogLevel::Warn,
            Some(words::LogLevel::Info) | None => LogLevel::Info,
        },
    }
}
