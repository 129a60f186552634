//! HTTPS to an authority: one request a connection, HTTP/1.1, with our resolver and our TLS.
//!
//! Bounds: `limits::ACME_RESPONSE_OCTETS_MAX` of a response, [`PATIENCE`] for the whole of a request. Redirections are
//! not followed: RFC 8555 has none.

use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::header::{HOST, HeaderValue, USER_AGENT};
use hyper::{Request, Response, Uri};
use hyper_util::rt::TokioIo;
use instant_acme::{BodyWrapper, BytesResponse, Error, HttpClient};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::ground::limits::ACME_RESPONSE_OCTETS_MAX;
use crate::runtime::net::resolver::DnsResolver;
use crate::vocabulary::dns::Resolver as _;
use crate::vocabulary::mail::Domain;

const PATIENCE: Duration = Duration::from_secs(30);
const CONNECT_PATIENCE: Duration = Duration::from_secs(10);
/// Addresses of one name that are tried.
const ADDRESSES_MAX: usize = 4;
/// RFC 8555 §6.1: the client and its library.
const AGENT: &str = concat!("mailctl/", env!("CARGO_PKG_VERSION"), " instant-acme");

/// Why a request came to nothing.
#[derive(Debug, thiserror::Error)]
enum HttpError {
    #[error("{host} cannot be reached: {reason}")]
    Connect { host: String, reason: String },
    #[error("{0}: the response is broken or too long")]
    Response(String),
    #[error("{0} did not answer in time")]
    TimedOut(String),
    #[error("{0} is no https URL")]
    Url(String),
}

/// Speaks to one authority.
#[derive(Clone)]
pub struct Https {
    resolver: DnsResolver,
    tls: Arc<ClientConfig>,
}

impl Https {
    /// `tls` says who may vouch for the authority's server.
    pub fn new(resolver: DnsResolver, tls: Arc<ClientConfig>) -> Self {
        Self { resolver, tls }
    }

    async fn fetch(&self, request: Request<BodyWrapper<Bytes>>) -> Result<Response<Full<Bytes>>, HttpError> {
        let uri = request.uri().clone();
        let host = uri.host().filter(|_| uri.scheme_str() == Some("https"));
        let host = host.ok_or_else(|| HttpError::Url(uri.to_string()))?.to_owned();
        match tokio::time::timeout(PATIENCE, self.exchange(request, &uri, &host)).await {
            Ok(outcome) => outcome,
            Err(_) => Err(HttpError::TimedOut(host)),
        }
    }

    async fn exchange(
        &self,
        mut request: Request<BodyWrapper<Bytes>>,
        uri: &Uri,
        host: &str,
    ) -> Result<Response<Full<Bytes>>, HttpError> {
        let failed = |reason: String| HttpError::Connect { host: host.to_owned(), reason };
        let tcp = self.connect(host, uri.port_u16().unwrap_or(443)).await.map_err(failed)?;
        let name = ServerName::try_from(bare(host).to_owned()).map_err(|error| failed(error.to_string()))?;
        let stream = TlsConnector::from(self.tls.clone()).connect(name, tcp).await;
        let stream = TokioIo::new(stream.map_err(|error| failed(error.to_string()))?);
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(stream).await.map_err(|error| failed(error.to_string()))?;
        let connection = tokio::spawn(connection);
        let authority = uri.authority().map_or(host, |authority| authority.as_str());
        let value = HeaderValue::from_str(authority).map_err(|error| failed(error.to_string()))?;
        request.headers_mut().insert(HOST, value);
        request.headers_mut().insert(USER_AGENT, HeaderValue::from_static(AGENT));
        // RFC 9112 §3.2.1: a server is told the path alone.
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        *request.uri_mut() = path.parse().map_err(|_| HttpError::Url(uri.to_string()))?;
        let response = sender.send_request(request).await.map_err(|error| failed(error.to_string()))?;
        let (parts, body) = response.into_parts();
        let body = Limited::new(body, ACME_RESPONSE_OCTETS_MAX).collect().await;
        connection.abort();
        let body = body.map_err(|_| HttpError::Response(host.to_owned()))?.to_bytes();
        Ok(Response::from_parts(parts, Full::new(body)))
    }

    async fn connect(&self, host: &str, port: u16) -> Result<TcpStream, String> {
        let addresses = match bare(host).parse::<IpAddr>() {
            Ok(address) => vec![address],
            Err(_) => {
                let name: Domain = host.parse().map_err(|_| "it is no name of a host".to_owned())?;
                self.resolver.addresses(&name).await.map_err(|error| error.to_string())?.records
            }
        };
        let mut reason = "it has no address".to_owned();
        for address in addresses.into_iter().take(ADDRESSES_MAX) {
            let socket = SocketAddr::new(address, port);
            match tokio::time::timeout(CONNECT_PATIENCE, TcpStream::connect(socket)).await {
                Ok(Ok(stream)) => return Ok(stream),
                Ok(Err(error)) => reason = format!("{socket}: {error}"),
                Err(_) => reason = format!("{socket}: no answer in time"),
            }
        }
        Err(reason)
    }
}

/// RFC 3986 §3.2.2: an IPv6 address stands in brackets.
fn bare(host: &str) -> &str {
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
}

impl HttpClient for Https {
    fn request(
        &self,
        request: Request<BodyWrapper<Bytes>>,
    ) -> Pin<Box<dyn Future<Output = Result<BytesResponse, Error>> + Send>> {
        let client = self.clone();
        Box::pin(async move {
            let response = client.fetch(request).await.map_err(|error| Error::Other(Box::new(error)))?;
            Ok(BytesResponse::from(response))
        })
    }
}
