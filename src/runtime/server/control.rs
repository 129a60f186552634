//! The control socket: how `apply` and `status` talk to the running server.
//!
//! A Unix socket in the state folder, mode 0600: who may open it may already read the mail. One request
//! a connection, one line of JSON each way, both bounded. The protocol is private to this program; both
//! ends are always the same version or say so.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt};

use super::Server;
use super::certificates::asks::Ask;
use super::certificates::standing::CertificateStatus;
use crate::artefact::reconcile::stage::operator::Thing;
use crate::artefact::reconcile::stage::wait::Wait;
use crate::ground::clock::Timestamp;
use crate::plan::digest::Digest;
use crate::plan::document::{Protocol, TlsMode};

/// A request or reply on the wire.
const LINE_OCTETS_MAX: u64 = 1024 * 1024;
/// Loading a plan reads secrets and makes keys; more than this is a hang.
const PATIENCE: Duration = Duration::from_secs(60);

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Request {
    /// Swap to the plan kept under this digest.
    Activate {
        digest: Digest,
        base: PathBuf,
    },
    /// Renew a certificate now, or all of them; or give it a new key.
    AskCertificates {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        certificate: Option<String>,
        ask: Ask,
    },
    /// Look at the queue now instead of at its next time.
    FlushQueue,
    /// Take for granted what a roll-over waits for, by its name in `status`.
    SkipStage {
        stage: String,
    },
    Status,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Response {
    Done,
    /// Nothing was changed.
    Refused {
        reason: String,
    },
    Status(Status),
}

/// What the running server says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    pub version: String,
    pub process: u32,
    pub digest: Digest,
    pub started: Timestamp,
    pub connections: u32,
    pub listeners: Vec<ListenerStatus>,
    #[serde(default)]
    pub certificates: Vec<CertificateStatus>,
    /// Roll-overs under way.
    #[serde(default)]
    pub stages: Vec<Wait>,
    /// What keeps them from going on, besides what they wait for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stages_problem: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListenerStatus {
    pub name: String,
    pub protocol: Protocol,
    pub tls: TlsMode,
    pub socket: SocketAddr,
}

/// Asks the server of this state folder. `None` if none is running.
///
/// # Errors
/// If one is running and does not answer.
pub fn ask(socket: &Path, request: &Request) -> io::Result<Option<Response>> {
    let mut stream = match UnixStream::connect(socket) {
        Ok(stream) => stream,
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused) => {
            return Ok(None);
        }
        Err(error) => return Err(error),
    };
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut line = serde_json::to_vec(request)?;
    line.push(b'\n');
    stream.write_all(&line)?;
    let mut reply = Vec::new();
    BufReader::new(stream.take(LINE_OCTETS_MAX)).read_until(b'\n', &mut reply)?;
    Ok(Some(serde_json::from_slice(&reply)?))
}

/// Binds the socket. A stale one of a dead server is replaced; the store's lock has already told us that
/// no other server lives in this folder.
///
/// # Errors
/// What the file system says.
pub(super) fn bind(path: &Path) -> io::Result<tokio::net::UnixListener> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = tokio::net::UnixListener::bind(path)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}

/// Serves requests until the server ends.
pub(super) async fn serve(server: Arc<Server>, listener: tokio::net::UnixListener) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let server = server.clone();
                tokio::spawn(async move {
                    if let Err(error) = tokio::time::timeout(PATIENCE, converse(&server, stream)).await {
                        tracing::warn!(%error, "a control connection was given up");
                    }
                });
            }
            Err(error) => {
                tracing::warn!(%error, "the control socket cannot accept");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

async fn converse(server: &Arc<Server>, stream: tokio::net::UnixStream) -> io::Result<()> {
    let (read, mut write) = stream.into_split();
    let mut line = Vec::new();
    tokio::io::BufReader::new(read.take(LINE_OCTETS_MAX)).read_until(b'\n', &mut line).await?;
    let response = match serde_json::from_slice(&line) {
        Ok(Request::Activate { digest, base }) => match server.activate(&digest, &base).await {
            Ok(()) => Response::Done,
            Err(error) => Response::Refused { reason: error.to_string() },
        },
        Ok(Request::AskCertificates { certificate, ask }) => match server.ask_certificates(certificate.as_deref(), ask)
        {
            Ok(()) => Response::Done,
            Err(error) => Response::Refused { reason: error.to_string() },
        },
        Ok(Request::FlushQueue) => {
            server.flush_queue();
            Response::Done
        }
        Ok(Request::SkipStage { stage }) => match skip(server, &stage).await {
            Ok(()) => Response::Done,
            Err(reason) => Response::Refused { reason },
        },
        Ok(Request::Status) => Response::Status(server.status().await),
        Err(error) => Response::Refused { reason: format!("not a request of this version: {error}") },
    };
    let mut reply = serde_json::to_vec(&response)?;
    reply.push(b'\n');
    write.write_all(&reply).await
}

async fn skip(server: &Server, stage: &str) -> Result<(), String> {
    let thing: Thing =
        stage.parse().map_err(|error: crate::artefact::reconcile::stage::operator::ThingError| error.to_string())?;
    let plan = server.current.load_full().plan.clone();
    match server.rolling.skip(&thing, &plan).await {
        Ok(true) => Ok(()),
        Ok(false) => Err(format!("`{stage}` is not under way; `mailctl stages list` shows what is")),
        Err(error) => Err(error.to_string()),
    }
}
