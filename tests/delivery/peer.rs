//! A scripted SMTP server on loopback: says what a test wants, keeps what it hears.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Mutex};

use mailctl::mailflow::delivery::connection::Stream;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// What the server does about TLS.
#[derive(Clone, Default)]
pub enum Tls {
    /// STARTTLS is offered; the handshake gets no TLS for an answer.
    Broken,
    Implicit(Arc<ServerConfig>),
    #[default]
    NotOffered,
    Starttls(Arc<ServerConfig>),
}

/// What the server says. Everything unsaid is 250.
#[derive(Clone, Default)]
pub struct Script {
    /// Instead of the greeting.
    pub greeting: Option<&'static str>,
    pub tls: Tls,
    /// EHLO keywords besides STARTTLS.
    pub extensions: Vec<&'static str>,
    /// Replies to RCPT, by recipient.
    pub recipients: HashMap<&'static str, &'static str>,
    /// The reply to the final dot.
    pub after_data: Option<&'static str>,
    /// Close instead of replying to the final dot.
    pub hang_up_after_data: bool,
}

/// What the server heard.
#[derive(Debug, Default, Clone)]
pub struct Heard {
    /// Command lines, those under TLS marked with a leading `*`.
    pub commands: Vec<String>,
    /// Messages as they came over the wire, dots removed.
    pub messages: Vec<Vec<u8>>,
    pub connections: usize,
    /// Where each connection came from.
    pub sources: Vec<IpAddr>,
}

impl Heard {
    pub fn has(&self, prefix: &str) -> bool {
        self.commands.iter().any(|command| command.trim_start_matches('*').starts_with(prefix))
    }
}

/// A running server. Ends with the test's runtime.
pub struct Peer {
    pub address: SocketAddr,
    heard: Arc<Mutex<Heard>>,
}

impl Peer {
    pub async fn start(at: IpAddr, port: u16, script: Script) -> Self {
        let listener = TcpListener::bind((at, port)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let heard = Arc::new(Mutex::new(Heard::default()));
        let log = heard.clone();
        tokio::spawn(async move {
            while let Ok((stream, from)) = listener.accept().await {
                log.lock().unwrap().connections += 1;
                log.lock().unwrap().sources.push(from.ip());
                let (script, log) = (script.clone(), log.clone());
                tokio::spawn(async move {
                    match &script.tls {
                        Tls::Implicit(config) => {
                            if let Ok(stream) = TlsAcceptor::from(config.clone()).accept(stream).await {
                                talk(Box::new(stream), &script, &log, true).await;
                            }
                        }
                        _ => talk(Box::new(stream), &script, &log, false).await,
                    }
                });
            }
        });
        Self { address, heard }
    }

    pub fn heard(&self) -> Heard {
        self.heard.lock().unwrap().clone()
    }
}

/// One connection. Written so that the TLS half of a STARTTLS session is the same function again.
fn talk(
    stream: Box<dyn Stream>,
    script: &Script,
    log: &Arc<Mutex<Heard>>,
    tls: bool,
) -> Pin<Box<dyn Future<Output = ()> + Send>> {
    let (script, log) = (script.clone(), log.clone());
    Box::pin(async move {
        let mut stream = BufReader::new(stream);
        if !tls || matches!(script.tls, Tls::Implicit(_)) {
            say(&mut stream, script.greeting.unwrap_or("220 peer.test ESMTP")).await;
        }
        let mut line = String::new();
        loop {
            line.clear();
            if !matches!(stream.read_line(&mut line).await, Ok(count) if count > 0) {
                return;
            }
            let command = line.trim_end().to_owned();
            log.lock().unwrap().commands.push(format!("{}{command}", if tls { "*" } else { "" }));
            let verb = command.split([' ', ':']).next().unwrap_or("").to_ascii_uppercase();
            match verb.as_str() {
                "EHLO" => ehlo(&mut stream, &script, tls).await,
                "STARTTLS" => {
                    say(&mut stream, "220 go").await;
                    match &script.tls {
                        Tls::Starttls(config) => {
                            let accepted = TlsAcceptor::from(config.clone()).accept(stream.into_inner()).await;
                            if let Ok(stream) = accepted {
                                talk(Box::new(stream), &script, &log, true).await;
                            }
                        }
                        _ => say(&mut stream, "this is no TLS record at all").await,
                    }
                    return;
                }
                "RCPT" => {
                    let path = command.split(['<', '>']).nth(1).unwrap_or("");
                    say(&mut stream, script.recipients.get(path).copied().unwrap_or("250 2.1.5 ok")).await;
                }
                "AUTH" => say(&mut stream, "235 2.7.0 welcome").await,
                "DATA" => {
                    say(&mut stream, "354 go on").await;
                    let message = receive(&mut stream).await;
                    log.lock().unwrap().messages.push(message);
                    if script.hang_up_after_data {
                        return;
                    }
                    say(&mut stream, script.after_data.unwrap_or("250 2.0.0 taken")).await;
                }
                "QUIT" => {
                    say(&mut stream, "221 2.0.0 bye").await;
                    return;
                }
                _ => say(&mut stream, "250 2.0.0 ok").await,
            }
        }
    })
}

async fn ehlo<S: AsyncWrite + Unpin>(stream: &mut S, script: &Script, tls: bool) {
    let mut keywords = vec!["peer.test"];
    keywords.extend(&script.extensions);
    if !tls && matches!(script.tls, Tls::Starttls(_) | Tls::Broken) {
        keywords.push("STARTTLS");
    }
    let last = keywords.len() - 1;
    for (at, keyword) in keywords.iter().enumerate() {
        say(stream, &format!("250{}{keyword}", if at == last { ' ' } else { '-' })).await;
    }
}

async fn receive<S: AsyncRead + Unpin>(stream: &mut BufReader<S>) -> Vec<u8> {
    let mut message = Vec::new();
    loop {
        let mut line = Vec::new();
        if !matches!(stream.read_until(b'\n', &mut line).await, Ok(count) if count > 0) || line == b".\r\n" {
            return message;
        }
        message.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
    }
}

async fn say<S: AsyncWrite + Unpin>(stream: &mut S, line: &str) {
    // The client may have gone, which some tests want.
    let _ = stream.write_all(format!("{line}\r\n").as_bytes()).await;
    let _ = stream.flush().await;
}

/// A certificate for `name` and the PEM of the authority that vouches for it.
pub fn certificate(name: &str) -> (Arc<ServerConfig>, String) {
    let mut params = CertificateParams::new(vec![]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let leaf = CertificateParams::new(vec![name.to_owned()]).unwrap().signed_by(&key, &authority).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![CertificateDer::from(leaf.der().to_vec())],
            PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
        )
        .unwrap();
    (Arc::new(config), authority.pem())
}
