//! From an accepted socket to a driven session: admission, the right state machine, its answers.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};

use super::Server;
use super::answer::{imap, pop3, smtp};
use super::generation::Generation;
use crate::plan::document::{Listener, Protocol, TlsMode};
use crate::protocol;
use crate::runtime::net::admission::{Pass, Refusal};
use crate::runtime::net::driver::{self, Terms};
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
        let Some(name) = generation.listeners.get(&socket).cloned() else { continue };
        let Some(settings) = generation.plan.listeners.get(&name).cloned() else { continue };
        let limits = &generation.plan.limits;
        match server.admission.admit(peer.ip(), limits.connections_max, limits.connections_per_source_max) {
            Ok(pass) => {
                tokio::spawn(serve(server.clone(), generation, name, settings, tcp, peer, pass));
            }
            Err(refusal) => {
                tracing::warn!(listener = name, peer = %peer.ip(), ?refusal, "connection refused");
                tokio::spawn(turn_away(settings, refusal, tcp));
            }
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
        // RFC 5321 §3.8, RFC 3463 §3.4 (X.3.2: system not accepting network messages).
        Protocol::Smtp | Protocol::Submission => format!("421 4.3.2 {why}, try again later\r\n"),
        Protocol::Imap => format!("* BYE [LIMIT] {why}\r\n"),
        Protocol::Pop3 => format!("-ERR [SYS/TEMP] {why}\r\n"),
    };
    let _ = tokio::time::timeout(REST, tcp.write_all(line.as_bytes())).await;
}

async fn serve(
    server: Arc<Server>,
    generation: Arc<Generation>,
    name: String,
    settings: Listener,
    tcp: TcpStream,
    peer: SocketAddr,
    pass: Pass,
) {
    // Replies are written whole, so waiting to fill packets only adds delay.
    let _ = tcp.set_nodelay(true);
    let limits = &generation.plan.limits;
    let terms = Terms {
        tls: generation.tls.clone(),
        implicit_tls: settings.tls == TlsMode::Implicit,
        command_patience: Duration::from_secs(limits.command_timeout_seconds),
        session_patience: Duration::from_secs(limits.session_timeout_seconds),
        draining: server.draining.subscribe(),
    };
    let stream = Stream::Clear(tcp);
    let ended = match settings.protocol {
        Protocol::Smtp | Protocol::Submission => {
            let session = smtp_session(&generation, &settings);
            driver::drive(
                stream,
                session,
                smtp::Answers::new(server.store.clone(), generation.clone(), peer.ip()),
                terms,
            )
            .await
        }
        Protocol::Pop3 => {
            let session = pop3::session(&generation, &settings);
            let answers = pop3::Answers::new(server.store.clone(), generation.clone(), peer.ip());
            driver::drive(stream, session, answers, terms).await
        }
        Protocol::Imap => {
            let session = imap::session(&generation, &settings);
            let answers = imap::Answers::new(server.store.clone(), generation.clone(), peer.ip());
            driver::drive(stream, session, answers, terms).await
        }
    };
    match ended {
        Ok(end) => tracing::debug!(listener = name, peer = %peer.ip(), ?end, "connection ended"),
        Err(error) => tracing::debug!(listener = name, peer = %peer.ip(), %error, "connection broken off"),
    }
    drop(pass);
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
