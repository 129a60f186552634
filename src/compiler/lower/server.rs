//! Listeners, TLS, domains, outbound, storage and logging.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use super::{names, people};
use crate::compiler::config::acme_names::policy_hosts;
use crate::compiler::config::material::Material;
use crate::compiler::config::meaning::{CertificateChoice, LocalDomain, Meaning};
use crate::compiler::config::publish::{Published, policy};
use crate::compiler::config::records::dkim;
use crate::compiler::config::records::dkim::Keys;
use crate::compiler::config::section::certificates::{Acme, Challenge};
use crate::compiler::config::section::leaf::Period;
use crate::compiler::config::section::logging as words;
use crate::compiler::config::section::tls::{TlsProfile as Written, Version};
use crate::compiler::config::spanned::Spanned;
use crate::plan::document::{
    AcmeAccount, AcmeChallenge, Certificate, CertificateSource, DomainPlan, Listener, LogFormat, LogLevel, Logging,
    Retention, Storage, Tls, TlsProfile, TlsVersion,
};
use crate::vocabulary::mail::Domain;
use crate::vocabulary::network::Network;

pub fn listeners(meaning: &Meaning<'_>) -> BTreeMap<String, Listener> {
    let doors = meaning.listeners.iter().filter_map(|door| {
        let listener = Listener {
            protocol: door.service?.protocol()?,
            port: door.port,
            published: Some(door.public_port()).filter(|port| *port != door.port),
            tls: door.tls.mode(),
            sockets: door.addresses.iter().map(|a| SocketAddr::new(*a, door.port)).collect(),
            tls_min_version: door.settings.and_then(|s| s.tls_min_version.as_ref()).map(|v| version(v.value)),
            proxy_protocol: door.settings.and_then(|s| s.proxy_protocol.as_ref()).is_some_and(|p| p.value),
        };
        Some((door.name.to_owned(), listener))
    });
    doors.collect()
}

pub fn tls(meaning: &Meaning<'_>) -> Tls {
    let set = meaning.config.tls.as_ref().map(|t| &t.value);
    Tls {
        min_version: set.and_then(|t| t.min_version.as_ref()).map_or(TlsVersion::V1_2, |v| version(v.value)),
        profile: match set.and_then(|t| t.profile.as_ref()).map(|p| p.value) {
            Some(Written::Modern) => TlsProfile::Modern,
            Some(Written::Intermediate) | None => TlsProfile::Intermediate,
        },
        session_tickets: set.and_then(|t| t.session_tickets.as_ref()).is_some_and(|t| t.value),
    }
}

/// RFC 9325 §3.1.1: TLS 1.2 must be spoken, and nothing older (TLS-002).
fn version(written: Version) -> TlsVersion {
    if written == Version::V1_3 { TlsVersion::V1_3 } else { TlsVersion::V1_2 }
}

/// Sorted.
pub fn proxy_trusted(meaning: &Meaning<'_>) -> Vec<Network> {
    let trusted = meaning.config.host.proxy_protocol.iter().flat_map(|p| p.trusted.iter().map(|n| n.value.0));
    let mut trusted: Vec<Network> = trusted.collect();
    trusted.sort_unstable();
    trusted.dedup();
    trusted
}

const LETS_ENCRYPT: &str = "https://acme-v02.api.letsencrypt.org/directory";

pub fn certificates(meaning: &Meaning<'_>, material: &Material<'_>) -> Vec<Certificate> {
    // The host's name first, as it is called; the others are sorted.
    let own = || {
        let policies = policy_hosts(meaning).collect::<BTreeSet<_>>().into_iter();
        let names = std::iter::once(meaning.host().to_string()).chain(policies).collect();
        Certificate { names, source: CertificateSource::SelfSigned {} }
    };
    let from_files = material.certificates.iter().filter_map(|c| {
        let leaf = c.leaf.as_ref().ok()?;
        let source = CertificateSource::Files {
            chain: c.files.chain.value.0.clone(),
            key: c.files.key.value.0.clone(),
            spki_sha256: leaf.spki_sha256(),
        };
        Some(Certificate { names: leaf.names.clone(), source })
    });
    let from_authority = |section: &Acme| {
        let names = names::asked_for(meaning, material, section);
        (!names.is_empty()).then(|| Certificate { names, source: acme(section) })
    };
    match &meaning.certificates {
        CertificateChoice::Acme(section) => from_authority(section).into_iter().collect(),
        CertificateChoice::Files { acme, self_signed, .. } => {
            let acme = acme.and_then(|section| from_authority(section));
            from_files.chain(acme).chain(self_signed.then(own)).collect()
        }
        CertificateChoice::Nothing(_) => Vec::new(),
        CertificateChoice::SelfSigned(_) | CertificateChoice::Unsaid => vec![own()],
    }
}

fn acme(acme: &Acme) -> CertificateSource {
    CertificateSource::Acme {
        directory: acme.directory.as_ref().map_or_else(|| LETS_ENCRYPT.to_owned(), |d| d.value.0.clone()),
        challenge: match acme.challenge.as_ref().map(|c| c.value) {
            Some(Challenge::Dns01) => AcmeChallenge::Dns01,
            Some(Challenge::Http01) => AcmeChallenge::Http01,
            Some(Challenge::TlsAlpn01) | None => AcmeChallenge::TlsAlpn01,
        },
        contact: acme.contact.as_ref().map(|c| c.value.0.to_string()),
        external_account: acme
            .external_account
            .as_ref()
            .map(|a| AcmeAccount { id: a.id.value.clone(), key: a.key.reference() }),
        authority: acme.authority.as_ref().map(|path| path.value.0.clone()),
    }
}

pub fn domains(meaning: &Meaning<'_>, material: &Material<'_>) -> BTreeMap<Domain, DomainPlan> {
    let keys = Keys::of(material);
    let domain = |(d, published): (&LocalDomain<'_>, &Published<'_>)| {
        let selectors = dkim::selectors(d.name, d.settings, &keys);
        DomainPlan {
            alias_of: people::alias_of(meaning, d.name),
            catch_all: people::catch_all(meaning, d.name),
            subaddress_separator: d.separator,
            dkim: selectors.into_iter().filter(|s| s.signs).map(|s| s.planned).collect(),
            mta_sts: policy::mta_sts(published),
        }
    };
    let both = meaning.domains.iter().zip(&meaning.publication.domains);
    both.map(|both| (both.0.name.clone(), domain(both))).collect()
}

pub fn storage(meaning: &Meaning<'_>) -> Storage {
    let embedded = meaning.config.storage.as_ref().and_then(|s| s.embedded.as_ref());
    Storage::Embedded { path: embedded.and_then(|e| e.path.as_ref()).map(|p| p.value.0.clone()) }
}

pub fn retention(meaning: &Meaning<'_>) -> Retention {
    let set = meaning.config.storage.as_ref().and_then(|s| s.retention.as_ref());
    let seconds = |period: Option<&Spanned<Period>>| period.map(|p| p.value.0.as_secs());
    Retention {
        junk_seconds: seconds(set.and_then(|r| r.junk.as_ref())),
        trash_seconds: seconds(set.and_then(|r| r.trash.as_ref())),
    }
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
