//! A mail client of a few lines, for looking at our own listeners from outside the process.
//!
//! Blocking, with short time-outs and bounded lines. It accepts any certificate during the handshake
//! and hands it to the caller, who compares it with the one that the plan promises.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, ProtocolVersion, StreamOwned};

use crate::runtime::net::anybody::AcceptAnybody;
use crate::runtime::net::tls::provider;

const PATIENCE: Duration = Duration::from_secs(10);
/// No reply of ours is longer than this on one line.
const LINE_OCTETS_MAX: usize = 64 * 1024;

enum Channel {
    Clear(TcpStream),
    Tls(Box<StreamOwned<ClientConnection, TcpStream>>),
}

/// One connection to a listener.
pub struct Probe {
    channel: Channel,
    buffer: Vec<u8>,
    start: usize,
}

/// What a handshake led to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Met {
    /// `1.2`, `1.3`.
    pub version: String,
    /// The cipher suite's name.
    pub cipher: String,
}

impl Probe {
    /// The TLS that is spoken now; empty in clear.
    pub fn met(&self) -> Met {
        let Channel::Tls(stream) = &self.channel else { return Met { version: String::new(), cipher: String::new() } };
        let version = match stream.conn.protocol_version() {
            Some(ProtocolVersion::TLSv1_2) => "1.2",
            Some(ProtocolVersion::TLSv1_3) => "1.3",
            _ => "",
        };
        let cipher = stream.conn.negotiated_cipher_suite().and_then(|suite| suite.suite().as_str());
        Met { version: version.to_owned(), cipher: cipher.unwrap_or_default().to_owned() }
    }

    /// # Errors
    /// If nothing listens there, or it does not answer in time.
    pub fn connect(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect_timeout(&address, PATIENCE)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        stream.set_nodelay(true)?;
        Ok(Self { channel: Channel::Clear(stream), buffer: Vec::new(), start: 0 })
    }

    /// Starts TLS and returns the leaf certificate (DER).
    ///
    /// # Errors
    /// If the handshake fails.
    pub fn start_tls(self, name: &str) -> io::Result<(Self, Vec<u8>)> {
        let Channel::Clear(stream) = self.channel else { return Err(io::Error::other("TLS within TLS")) };
        let name = ServerName::try_from(name.to_owned()).map_err(io::Error::other)?;
        let connection =
            ClientConnection::new(client_config().map_err(io::Error::other)?, name).map_err(io::Error::other)?;
        let mut tls = StreamOwned::new(connection, stream);
        while tls.conn.is_handshaking() {
            tls.conn.complete_io(&mut tls.sock)?;
        }
        let leaf = tls.conn.peer_certificates().and_then(|chain| chain.first());
        let leaf = leaf.ok_or_else(|| io::Error::other("no certificate was presented"))?.to_vec();
        Ok((Self { channel: Channel::Tls(Box::new(tls)), buffer: Vec::new(), start: 0 }, leaf))
    }

    /// Sends `line` and a CRLF.
    ///
    /// # Errors
    /// The socket's.
    pub fn say(&mut self, line: &str) -> io::Result<()> {
        self.send(format!("{line}\r\n").as_bytes())
    }

    /// Sends bytes as they are.
    ///
    /// # Errors
    /// The socket's.
    pub fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        match &mut self.channel {
            Channel::Clear(stream) => stream.write_all(bytes),
            Channel::Tls(stream) => stream.write_all(bytes).and_then(|()| stream.flush()),
        }
    }

    /// The next line without its line end.
    ///
    /// # Errors
    /// The socket's; `UnexpectedEof` when the server closed.
    pub fn line(&mut self) -> io::Result<String> {
        loop {
            let pending = self.buffer.get(self.start..).unwrap_or_default();
            if let Some(at) = pending.iter().position(|b| *b == b'\n') {
                let line = String::from_utf8_lossy(&pending[..at]).trim_end_matches('\r').to_owned();
                self.start += at + 1;
                return Ok(line);
            }
            if pending.len() > LINE_OCTETS_MAX {
                return Err(io::Error::other("the server sent a line without an end"));
            }
            self.buffer.drain(..self.start);
            self.start = 0;
            let mut block = [0; 4096];
            let count = match &mut self.channel {
                Channel::Clear(stream) => stream.read(&mut block)?,
                Channel::Tls(stream) => stream.read(&mut block)?,
            };
            if count == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            self.buffer.extend_from_slice(&block[..count]);
        }
    }

    /// A whole SMTP reply: its lines, the last one has a space behind the code (RFC 5321 §4.2.1).
    ///
    /// # Errors
    /// The socket's.
    pub fn smtp_reply(&mut self) -> io::Result<Vec<String>> {
        self.lines_until(|line| line.as_bytes().get(3) != Some(&b'-'))
    }

    /// IMAP responses up to the one with this tag.
    ///
    /// # Errors
    /// The socket's.
    pub fn imap_reply(&mut self, tag: &str) -> io::Result<Vec<String>> {
        let prefix = format!("{tag} ");
        self.lines_until(|line| line.starts_with(&prefix))
    }

    /// A POP3 multi-line response without its closing dot; one line if it is an error.
    ///
    /// # Errors
    /// The socket's.
    pub fn pop3_lines(&mut self) -> io::Result<Vec<String>> {
        let first = self.line()?;
        if !first.starts_with("+OK") {
            return Ok(vec![first]);
        }
        let mut lines = self.lines_until(|line| line == ".")?;
        lines.pop();
        lines.insert(0, first);
        Ok(lines)
    }

    fn lines_until(&mut self, last: impl Fn(&str) -> bool) -> io::Result<Vec<String>> {
        let mut lines = Vec::new();
        loop {
            let line = self.line()?;
            let done = last(&line);
            lines.push(line);
            if done {
                return Ok(lines);
            }
            if lines.len() > LINE_OCTETS_MAX {
                return Err(io::Error::other("the server's answer has no end"));
            }
        }
    }
}

fn client_config() -> Result<Arc<ClientConfig>, rustls::Error> {
    let config = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(AcceptAnybody))
        .with_no_client_auth();
    Ok(Arc::new(config))
}
