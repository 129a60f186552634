//! One connection, in clear or under TLS, with just enough SMTP and IMAP to count.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use mailctl::runtime::net::{anybody::AcceptAnybody, tls};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, StreamOwned};

/// A server that is silent for so long has failed.
const SILENCE_MAX: Duration = Duration::from_secs(120);
const READ_OCTETS: usize = 16 * 1024;

#[derive(Debug, thiserror::Error)]
pub enum Failure {
    #[error("{0}")]
    Io(#[from] io::Error),
    #[error("{0}")]
    Tls(#[from] rustls::Error),
    #[error("wanted {wanted}, got {got}")]
    Unwanted { wanted: String, got: String },
}

pub enum Security {
    Clear,
    Tls(Arc<ClientConfig>),
}

impl Security {
    /// Full handshakes for every connection, so that servers are compared alike.
    pub fn tls() -> Self {
        let mut config = ClientConfig::builder_with_provider(tls::provider())
            .with_safe_default_protocol_versions()
            .expect("invariant: the provider's own versions")
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(AcceptAnybody))
            .with_no_client_auth();
        config.resumption = rustls::client::Resumption::disabled();
        Self::Tls(Arc::new(config))
    }
}

enum Stream {
    Clear(TcpStream),
    Tls(Box<StreamOwned<ClientConnection, TcpStream>>),
}

pub struct Connection {
    stream: Stream,
    buffer: Vec<u8>,
    /// How much of `buffer` has been read.
    used: usize,
}

impl Connection {
    pub fn open(address: &str, security: &Security) -> Result<Self, Failure> {
        let socket = TcpStream::connect(address)?;
        socket.set_nodelay(true)?;
        socket.set_read_timeout(Some(SILENCE_MAX))?;
        let stream = match security {
            Security::Clear => Stream::Clear(socket),
            Security::Tls(config) => {
                let name = ServerName::try_from("mail.example.test").expect("invariant: a valid name");
                Stream::Tls(Box::new(StreamOwned::new(ClientConnection::new(config.clone(), name)?, socket)))
            }
        };
        Ok(Self { stream, buffer: Vec::new(), used: 0 })
    }

    pub fn send(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        match &mut self.stream {
            Stream::Clear(s) => s.write_all(bytes)?,
            Stream::Tls(s) => s.write_all(bytes).and_then(|()| s.flush())?,
        }
        Ok(())
    }

    fn line(&mut self) -> Result<String, Failure> {
        loop {
            if let Some(end) = self.buffer[self.used..].iter().position(|b| *b == b'\n') {
                let line = String::from_utf8_lossy(&self.buffer[self.used..self.used + end]).trim_end().to_owned();
                self.used += end + 1;
                return Ok(line);
            }
            self.buffer.drain(..std::mem::take(&mut self.used));
            let mut piece = [0; READ_OCTETS];
            let read = match &mut self.stream {
                Stream::Clear(s) => s.read(&mut piece)?,
                Stream::Tls(s) => s.read(&mut piece)?,
            };
            if read == 0 {
                return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
            }
            self.buffer.extend_from_slice(&piece[..read]);
        }
    }

    /// Reads an SMTP reply (RFC 5321 §4.2), all its lines, and wants `code`.
    pub fn reply(&mut self, code: u16) -> Result<(), Failure> {
        loop {
            let line = self.line()?;
            if line.as_bytes().get(3) == Some(&b'-') {
                continue;
            }
            let wanted = code.to_string();
            return if line.starts_with(&wanted) { Ok(()) } else { Err(Failure::Unwanted { wanted, got: line }) };
        }
    }

    /// IMAP's LOGIN (RFC 9051 §6.2.3), after the greeting.
    pub fn log_in(&mut self, user: &str, password: &str) -> Result<(), Failure> {
        self.line()?;
        self.command(&format!("LOGIN \"{user}\" \"{password}\"")).map(|_| ())
    }

    /// How many messages the inbox holds: STATUS (RFC 9051 §6.3.11).
    pub fn messages(&mut self) -> Result<u64, Failure> {
        let lines = self.command("STATUS INBOX (MESSAGES)")?;
        let number = |line: &String| {
            let (_, tail) = line.split_once("(MESSAGES ")?;
            tail.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
        };
        lines.iter().find_map(number).ok_or_else(|| Failure::Unwanted { wanted: "STATUS".into(), got: lines.join(" ") })
    }

    fn command(&mut self, text: &str) -> Result<Vec<String>, Failure> {
        self.send(format!("t {text}\r\n").as_bytes())?;
        let mut lines = Vec::new();
        loop {
            let line = self.line()?;
            match line.strip_prefix("t ") {
                Some(status) if status.starts_with("OK") => return Ok(lines),
                Some(_) => return Err(Failure::Unwanted { wanted: "OK".into(), got: line }),
                None => lines.push(line),
            }
        }
    }
}
