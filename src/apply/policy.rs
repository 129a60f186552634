//! An MTA-STS policy, fetched as a sender does (RFC 8461 §3.3): HTTPS with a valid certificate for `mta-sts.DOMAIN`,
//! no redirects, status 200.
//!
//! Bounds: `POLICY_OCTETS_MAX`, the time of `PATIENCE` for each read, one request for a policy.

use std::io::{self, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::runtime::net::tls::provider;

/// RFC 8461 §3.3 suggests 64 kilobytes.
const POLICY_OCTETS_MAX: u64 = 64 * 1024;
/// RFC 8461 §3.3 suggests a minute; a person waits here.
const PATIENCE: Duration = Duration::from_secs(10);
const HTTPS: u16 = 443;

/// The policy's text. `authorities`: PEM, in place of the public ones.
///
/// # Errors
/// What a sender would complain about.
pub fn fetch(domain: &str, addresses: &[IpAddr], authorities: Option<&[u8]>) -> Result<String, String> {
    if addresses.is_empty() {
        return Err(format!("mta-sts.{domain} has no address"));
    }
    let config = config(authorities).map_err(|error| error.to_string())?;
    let mut last = String::new();
    for address in addresses {
        match get(domain, SocketAddr::new(*address, HTTPS), &config) {
            Ok(text) => return Ok(text),
            Err(error) => last = format!("{address}: {error}"),
        }
    }
    Err(last)
}

fn config(authorities: Option<&[u8]>) -> io::Result<Arc<ClientConfig>> {
    let mut roots = RootCertStore::empty();
    match authorities {
        Some(pem) => {
            for certificate in CertificateDer::pem_slice_iter(pem) {
                roots.add(certificate.map_err(io::Error::other)?).map_err(io::Error::other)?;
            }
        }
        None => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
    }
    let builder = ClientConfig::builder_with_provider(provider()).with_safe_default_protocol_versions();
    let mut config = builder.map_err(io::Error::other)?.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

fn get(domain: &str, address: SocketAddr, config: &Arc<ClientConfig>) -> io::Result<String> {
    let host = format!("mta-sts.{domain}");
    let stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let name = ServerName::try_from(host.clone()).map_err(io::Error::other)?;
    let connection = ClientConnection::new(config.clone(), name).map_err(io::Error::other)?;
    let mut tls = StreamOwned::new(connection, stream);
    // HTTP/1.0: the answer comes whole, and ends with the connection (RFC 1945 §7.2.2).
    write!(tls, "GET /.well-known/mta-sts.txt HTTP/1.0\r\nHost: {host}\r\nAccept: text/plain\r\n\r\n")?;
    tls.flush()?;
    let mut answer = Vec::new();
    match tls.take(POLICY_OCTETS_MAX).read_to_end(&mut answer) {
        // Servers of today hang up without a farewell; the length is checked below.
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {}
        other => drop(other?),
    }
    body(&String::from_utf8_lossy(&answer)).map_err(io::Error::other)
}

fn body(answer: &str) -> Result<String, String> {
    let (head, body) = answer.split_once("\r\n\r\n").ok_or("its answer is not HTTP")?;
    let status = head.lines().next().unwrap_or_default();
    if status.split(' ').nth(1) != Some("200") {
        return Err(format!("it answers `{status}`"));
    }
    let field = |wanted: &str| {
        head.lines().skip(1).filter_map(|line| line.split_once(':')).find(|(name, _)| name.eq_ignore_ascii_case(wanted))
    };
    if let Some(length) = field("content-length").and_then(|(_, value)| value.trim().parse::<usize>().ok())
        && body.len() < length
    {
        return Err("its answer was cut off".to_owned());
    }
    Ok(body.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc8461_3_3_only_200_counts() {
        assert_eq!(body("HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabc").as_deref(), Ok("abc"));
        assert!(body("HTTP/1.1 301 Moved\r\nLocation: https://x/\r\n\r\n").is_err());
        assert!(body("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc").is_err());
        assert!(body("nonsense").is_err());
    }
}
