//! From an accepted socket to a driven session: whose connection it is, admission, the right state machine,
//! its answers.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};

use super::Server;
use super::answer::login::Logins;
use super::answer::{imap, pop3, smtp};
use super::figures;
use super::generation::Generation;
use super::web;
use crate::plan::document::{Listener, Protocol, TlsMode};
use crate::protocol;
use crate::protocol::proxy::Announced;
use crate::runtime::net::admission::{Pass, Refusal};
use crate::runtime::net::driver::{self, Terms};
use crate::runtime::net::proxy::{self, Credence};
use crate::runtime::net::stream::Stream;

/// How long accepting rests when the system is out of files or memory.
const REST: Duration = Duration::from_millis(100);

/// Accepts on one socket until the task is aborted.
pub(super) async fn accept(server: Arc<Server>, socket: SocketAddr, listener: TcpListener) {
    loop {
        let (tcp, peer) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%socket, %error, "cannot accept connections");
                tokio::time::sleep(REST).await;
                continue;
            }
        };
        let generation = server.current.load_full();
        if generation.plan.metrics == Some(socket) {
            figures::welcome(&server, tcp);
            continue;
        }
        let Some(name) = generation.listeners.get(&socket).cloned() else { continue };
        let Some(settings) = generation.plan.listeners.get(&name).cloned() else { continue };
        let limits = &generation.plan.limits;
        let admitted = if settings.proxy_protocol {
            let local = tcp.local_addr().ok().map(|local| local.ip());
            if Credence::of(peer.ip(), local, &generation.plan.host.proxy_trusted) == Credence::None {
                tracing::warn!(listener = name, peer = %peer.ip(), "connection refused: not one of the trusted proxies");
                continue;
            }
            server.admission.admit_unattributed(limits.connections_max)
        } else {
            server.admission.admit(peer.ip(), limits.connections_max, limits.connections_per_source_max)
        };
        match admitted {
            Ok(pass) => {
                let door = Door { server: server.clone(), generation, name, settings };
                tokio::spawn(door.welcome(tcp, peer, pass));
            }
            Err(refusal) => {
                tracing::warn!(listener = name, peer = %peer.ip(), ?refusal, "connection refused");
                tokio::spawn(turn_away(settings, refusal, tcp));
            }
        }
    }
}

/// A listener as one connection sees it, by the plan of the moment it was accepted.
struct Door {
    server: Arc<Server>,
    generation: Arc<Generation>,
    name: String,
    settings: Listener,
}

/// Who is at the other end.
#[derive(Clone, Copy)]
struct Client {
    address: IpAddr,
    /// False behind a proxy that did not say whose connection it is: the address is the proxy's, and
    /// earns nobody any trust.
    known: bool,
}

impl Door {
    /// Finds out whose connection it is, then serves it.
    async fn welcome(self, mut tcp: TcpStream, peer: SocketAddr, mut pass: Pass) {
        let mut client = Client { address: peer.ip(), known: true };
        if self.settings.proxy_protocol {
            let local = tcp.local_addr().ok().map(|local| local.ip());
            let credence = Credence::of(peer.ip(), local, &self.generation.plan.host.proxy_trusted);
            match proxy::receive(&mut tcp, credence).await {
                Ok(Announced::Client { source, .. }) => {
                    client.address = source.ip();
                    let per_source_max = self.generation.plan.limits.connections_per_source_max;
                    if let Err(refusal) = pass.attribute(client.address, per_source_max) {
                        tracing::warn!(listener = self.name, peer = %client.address, ?refusal, "connection refused");
                        return turn_away(self.settings, refusal, tcp).await;
                    }
                }
                // Counted for the server alone: a proxy's health checks are not one client's greed.
                Ok(Announced::Local | Announced::Unknown) => client.known = false,
                Err(error) => {
                    tracing::warn!(listener = self.name, proxy = %peer.ip(), %error, "connection refused");
                    return;
                }
            }
        }
        self.serve(tcp, client).await;
        drop(pass);
    }

    async fn serve(self, tcp: TcpStream, client: Client) {
        let Self { server, generation, name, settings } = self;
        // Replies are written whole, so waiting to fill packets only adds delay.
        let _ = tcp.set_nodelay(true);
        let limits = &generation.plan.limits;
        let terms = Terms {
            tls: generation.tls_of(&settings),
            implicit_tls: settings.tls == TlsMode::Implicit,
            command_patience: Duration::from_secs(limits.command_timeout_seconds),
            session_patience: Duration::from_secs(limits.session_timeout_seconds),
            draining: server.draining.subscribe(),
        };
        let (stream, peer) = (Stream::Clear(tcp), client.address);
        let logins = Logins::new(&generation, server.guard.clone(), server.abuse.clone(), peer);
        let ended = match settings.protocol {
            Protocol::Http | Protocol::Https => {
                web::serve(stream, web::Visit { server, protocol: settings.protocol, peer }, terms).await
            }
            Protocol::Smtp | Protocol::Submission => {
                let session = smtp_session(&generation, &settings);
                let trusted = settings.protocol == Protocol::Smtp && client.known && generation.gate.trusts(peer);
                let visitor = smtp::Visitor { address: peer, trusted_network: trusted };
                let (store, pace) = (server.store.clone(), server.pace.clone());
                let answers = smtp::Answers::new(store, generation.clone(), logins, pace, visitor);
                driver::drive(stream, session, answers, terms).await
            }
            Protocol::Pop3 => {
                let session = pop3::session(&generation, &settings);
                let answers = pop3::Answers::new(server.store.clone(), logins, peer);
                driver::drive(stream, session, answers, terms).await
            }
            Protocol::Imap => {
                let session = imap::session(&generation, &settings);
                let answers = imap::Answers::new(server.store.clone(), generation.clone(), logins, peer);
                driver::drive(stream, session, answers, terms).await
            }
        };
        match ended {
            Ok(end) => tracing::debug!(listener = name, %peer, ?end, "connection ended"),
            Err(error) => tracing::debug!(listener = name, %peer, %error, "connection broken off"),
        }
    }
}

/// Says why in the protocol's words, where words can be said.
async fn turn_away(settings: Listener, refusal: Refusal, mut tcp: TcpStream) {
    if settings.tls == TlsMode::Implicit {
        return;
    }
    let why = match refusal {
        Refusal::Full => "the server has too many connections",
        Refusal::SourceFull => "too many connections from your address",
    };
    let line = match settings.protocol {
        Protocol::Http | Protocol::Https => {
            "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".to_owned()
        }
        // RFC 5321 §3.8, RFC 3463 §3.4 (X.3.2: system not accepting network messages).
        Protocol::Smtp | Protocol::Submission => format!("421 4.3.2 {why}, try again later\r\n"),
        Protocol::Imap => format!("* BYE [LIMIT] {why}\r\n"),
        Protocol::Pop3 => format!("-ERR [SYS/TEMP] {why}\r\n"),
    };
    let _ = tokio::time::timeout(REST, tcp.write_all(line.as_bytes())).await;
}

/// RFC 5321's server side on 25, RFC 6409's on 465 and 587.
fn smtp_session(
    generation: &Generation,
    settings: &Listener,
) -> protocol::smtp::server::ServerSession<crate::state::store::Durable> {
    use protocol::sasl::Mechanism;
    use protocol::smtp::server::{Config, Kind, ServerSession, TlsMode as Tls};
    let plan = &generation.plan;
    ServerSession::new(Arc::new(Config {
        kind: if settings.protocol == Protocol::Smtp { Kind::Smtp } else { Kind::Submission },
        tls: match settings.tls {
            TlsMode::Implicit => Tls::Implicit,
            TlsMode::None => Tls::None,
            TlsMode::Starttls => Tls::Starttls,
            TlsMode::StarttlsRequired => Tls::StarttlsRequired,
        },
        host: plan.host.name.clone(),
        message_octets_max: plan.limits.message_octets_max,
        recipients_max: plan.limits.recipients_max,
        mechanisms: Mechanism::ALL.to_vec(),
    }))
}
