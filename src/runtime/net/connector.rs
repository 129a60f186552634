//! Connections to other servers: TCP, and TLS by rustls with the program's one provider.
//!
//! Two ways of trusting: nobody (opportunistic TLS to an MX, where clear text is the alternative: RFC 7435)
//! and authorities, which are the public ones or exactly those of the plan's file; each relay may have a file
//! of its own. A client offers TLS 1.2 and 1.3 to all.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpSocket;
use tokio_rustls::TlsConnector;

use super::anybody::AcceptAnybody;
use super::tls;
use crate::mailflow::delivery::connection::{Connector, Opening, Stream, Trust};
use crate::protocol::TlsFacts;
use crate::vocabulary::mail::Domain;

/// Why outgoing TLS cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum ConnectorError {
    #[error("the authority file of {of}: {reason}")]
    Authority { of: String, reason: String },
    #[error("{0}")]
    Rustls(#[from] rustls::Error),
}

/// Opens real sockets. Cheap to clone.
#[derive(Clone)]
pub struct TcpConnector {
    anybody: Arc<ClientConfig>,
    /// For hosts that are to have a valid certificate, and relays without authorities of their own.
    public: Arc<ClientConfig>,
    /// By relay, those with authorities of their own.
    relays: Arc<BTreeMap<String, Arc<ClientConfig>>>,
    sources: Arc<Sources>,
}

/// PEM files that say who may vouch for others; what is not given is left to the public authorities.
#[derive(Debug, Default)]
pub struct Authorities {
    /// For MX hosts.
    pub mx: Option<Vec<u8>>,
    /// By relay.
    pub relays: BTreeMap<String, Vec<u8>>,
}

/// The local ends that connections begin at.
#[derive(Debug, Default)]
struct Sources {
    addresses: Vec<IpAddr>,
    turn: AtomicUsize,
}

impl Sources {
    /// The next address of the family of `to`; the system's choice if there is none.
    fn next(&self, to: IpAddr) -> Option<IpAddr> {
        let family: Vec<&IpAddr> = self.addresses.iter().filter(|a| a.is_ipv4() == to.is_ipv4()).collect();
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        family.get(turn.checked_rem(family.len())?).map(|address| **address)
    }
}

impl TcpConnector {
    /// `sources` are the plan's `outbound.source_addresses`.
    ///
    /// # Errors
    /// [`ConnectorError`] if a file holds no usable certificate.
    pub fn new(authorities: &Authorities, sources: &[IpAddr]) -> Result<Self, ConnectorError> {
        let public = match &authorities.mx {
            Some(pem) => roots("outbound", pem)?,
            None => webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect(),
        };
        let relays = authorities.relays.iter().map(|(name, pem)| {
            let config = verifying(roots(&format!("relay {name}"), pem)?)?;
            Ok((name.clone(), config))
        });
        let relays = relays.collect::<Result<BTreeMap<_, _>, ConnectorError>>()?;
        let anybody = ClientConfig::builder_with_provider(tls::provider())
            .with_safe_default_protocol_versions()?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(AcceptAnybody))
            .with_no_client_auth();
        Ok(Self {
            anybody: Arc::new(anybody),
            public: verifying(public)?,
            relays: Arc::new(relays),
            sources: Arc::new(Sources { addresses: sources.to_vec(), turn: AtomicUsize::new(0) }),
        })
    }

    fn config(&self, trust: Trust<'_>) -> Arc<ClientConfig> {
        match trust {
            Trust::Anybody => self.anybody.clone(),
            Trust::Mx => self.public.clone(),
            Trust::Relay(name) => self.relays.get(name).unwrap_or(&self.public).clone(),
        }
    }
}

/// A client that trusts the authorities of `pem` alone, or the public ones; `of` names the file's purpose.
///
/// # Errors
/// [`ConnectorError`] if the file holds no usable certificate.
pub fn client_config(of: &str, pem: Option<&[u8]>) -> Result<Arc<ClientConfig>, ConnectorError> {
    let roots = match pem {
        Some(pem) => roots(of, pem)?,
        None => webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect(),
    };
    verifying(roots)
}

/// The certificates of one PEM file, which alone are trusted.
fn roots(of: &str, pem: &[u8]) -> Result<RootCertStore, ConnectorError> {
    let unusable = |reason: String| ConnectorError::Authority { of: of.to_owned(), reason };
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(|error| unusable(error.to_string()))?;
        roots.add(certificate).map_err(|error| unusable(error.to_string()))?;
    }
    if roots.is_empty() { Err(unusable("it holds no certificate".to_owned())) } else { Ok(roots) }
}

fn verifying(roots: RootCertStore) -> Result<Arc<ClientConfig>, ConnectorError> {
    let builder = ClientConfig::builder_with_provider(tls::provider()).with_safe_default_protocol_versions()?;
    Ok(Arc::new(builder.with_root_certificates(roots).with_no_client_auth()))
}

impl Connector for TcpConnector {
    fn connect(&self, to: SocketAddr) -> Opening<'_, Box<dyn Stream>> {
        Box::pin(async move {
            let socket = if to.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
            if let Some(source) = self.sources.next(to.ip()) {
                socket.bind(SocketAddr::new(source, 0)).map_err(|error| {
                    io::Error::new(error.kind(), format!("the source address {source} cannot be used: {error}"))
                })?;
            }
            let stream = socket.connect(to).await?;
            // Commands are short and wait for their replies; Nagle would delay the last of each.
            stream.set_nodelay(true)?;
            Ok(Box::new(stream) as Box<dyn Stream>)
        })
    }

    fn secure<'a>(
        &'a self,
        stream: Box<dyn Stream>,
        name: &'a Domain,
        trust: Trust<'a>,
    ) -> Opening<'a, (Box<dyn Stream>, TlsFacts)> {
        Box::pin(async move {
            let config = self.config(trust);
            let name = match name.literal() {
                Some(address) => ServerName::IpAddress(address.into()),
                None => ServerName::try_from(name.as_str().to_owned()).map_err(io::Error::other)?,
            };
            let stream = TlsConnector::from(config).connect(name, stream).await?;
            let facts = tls::facts(stream.get_ref().1);
            Ok((Box::new(stream) as Box<dyn Stream>, facts))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn source_addresses_of_a_family_take_turns() {
        let addresses = ["192.0.2.1", "192.0.2.2", "2001:db8::1"].map(|a| a.parse().unwrap()).to_vec();
        let sources = Sources { addresses, turn: AtomicUsize::new(0) };
        let v4: Vec<String> =
            (0..3).map(|_| sources.next("198.51.100.1".parse().unwrap()).unwrap().to_string()).collect();
        assert_eq!(v4, ["192.0.2.1", "192.0.2.2", "192.0.2.1"]);
        assert_eq!(sources.next("2001:db8::9".parse().unwrap()).unwrap().to_string(), "2001:db8::1");
        assert_eq!(Sources::default().next("198.51.100.1".parse().unwrap()), None);
    }

    #[test]
    fn an_authority_file_without_certificates_is_named() {
        let relays = BTreeMap::from([("smart".to_owned(), b"nothing".to_vec())]);
        let error = TcpConnector::new(&Authorities { mx: None, relays }, &[]).err().unwrap().to_string();
        assert_eq!(error, "the authority file of relay smart: it holds no certificate");
    }
}
