//! Connections to other servers: TCP, and TLS by rustls with the program's one provider.
//!
//! Two ways of trusting: nobody (opportunistic TLS to an MX, where clear text is the alternative: RFC 7435)
//! and the relay's authorities, which are the public ones or exactly those of the plan's file. A client
//! offers TLS 1.2 and 1.3 to both.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::anybody::AcceptAnybody;
use super::tls;
use crate::mailflow::delivery::connection::{Connector, Opening, Stream, Trust};
use crate::protocol::TlsFacts;
use crate::vocabulary::mail::Domain;

/// Why outgoing TLS cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum ConnectorError {
    #[error("the relay's authority file: {0}")]
    Authority(String),
    #[error("{0}")]
    Rustls(#[from] rustls::Error),
}

/// Opens real sockets.
#[derive(Clone)]
pub struct TcpConnector {
    anybody: Arc<ClientConfig>,
    relay: Arc<ClientConfig>,
}

impl TcpConnector {
    /// `authority` is the content of the plan's `outbound.relay.authority`: PEM certificates, which alone are
    /// trusted then.
    ///
    /// # Errors
    /// [`ConnectorError`] if the file holds no usable certificate.
    pub fn new(authority: Option<&[u8]>) -> Result<Self, ConnectorError> {
        let mut roots = RootCertStore::empty();
        match authority {
            Some(pem) => {
                for certificate in CertificateDer::pem_slice_iter(pem) {
                    let certificate = certificate.map_err(|error| ConnectorError::Authority(error.to_string()))?;
                    roots.add(certificate).map_err(|error| ConnectorError::Authority(error.to_string()))?;
                }
                if roots.is_empty() {
                    return Err(ConnectorError::Authority("it holds no certificate".to_owned()));
                }
            }
            None => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
        }
        let builder = || ClientConfig::builder_with_provider(tls::provider()).with_safe_default_protocol_versions();
        let relay = builder()?.with_root_certificates(roots).with_no_client_auth();
        let anybody =
            builder()?.dangerous().with_custom_certificate_verifier(Arc::new(AcceptAnybody)).with_no_client_auth();
        Ok(Self { anybody: Arc::new(anybody), relay: Arc::new(relay) })
    }
}

impl Connector for TcpConnector {
    fn connect(&self, to: SocketAddr) -> Opening<'_, Box<dyn Stream>> {
        Box::pin(async move {
            let stream = TcpStream::connect(to).await?;
            // Commands are short and wait for their replies; Nagle would delay the last of each.
            stream.set_nodelay(true)?;
            Ok(Box::new(stream) as Box<dyn Stream>)
        })
    }

    fn secure<'a>(
        &'a self,
        stream: Box<dyn Stream>,
        name: &'a Domain,
        trust: Trust,
    ) -> Opening<'a, (Box<dyn Stream>, TlsFacts)> {
        Box::pin(async move {
            let config = match trust {
                Trust::Anybody => self.anybody.clone(),
                Trust::Relay => self.relay.clone(),
            };
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
