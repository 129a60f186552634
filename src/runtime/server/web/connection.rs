//! One connection: handshake, protocol by ALPN, and a watch over time.
//!
//! hyper bounds what it parses. What it has no word for is bounded here: a connection without a new request, one that
//! lasts, and one that asks too often. Each is first told that we leave (`Connection: close`, GOAWAY), then left.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::{http1, http2};
use hyper::service::Service;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until, timeout};

use super::{Visit, exchange};
use crate::ground::limits;
use crate::plan::document::Protocol;
use crate::runtime::net::driver::{End, Terms};
use crate::runtime::net::stream::Stream;
use crate::runtime::net::tls;

/// Serves one connection until either side ends it.
///
/// # Errors
/// The socket's or handshake's error, or what the peer did against the protocol; for the log at most.
pub async fn serve(stream: Stream, visit: Visit, terms: Terms) -> io::Result<End> {
    let stream = match visit.protocol {
        Protocol::Https => {
            let config = terms.tls.clone().ok_or_else(|| io::Error::other("no certificate for this listener"))?;
            let patience = Duration::from_millis(limits::WEB_HANDSHAKE_MILLIS);
            timeout(patience, stream.accept_tls(config)).await??.0
        }
        _ => stream,
    };
    let alpn = stream.alpn().map(<[u8]>::to_vec);
    // RFC 8737 §3: the certificate was the answer; no data follows.
    if alpn.as_deref() == Some(tls::ALPN_ACME) {
        return Ok(End::Closed);
    }
    let desk = Desk { visit, watch: Arc::new(Watch::new()) };
    let watch = desk.watch.clone();
    let io = TokioIo::new(stream);
    if alpn.as_deref() == Some(tls::ALPN_H2) {
        attend(second_version().serve_connection(io, desk), &watch, terms).await
    } else {
        attend(first_version().serve_connection(io, desk), &watch, terms).await
    }
}

/// RFC 9112.
fn first_version() -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(Duration::from_millis(limits::WEB_HEADER_MILLIS))
        .max_headers(limits::WEB_HEADER_FIELDS_MAX)
        .max_header_size(limits::WEB_HEADER_OCTETS_MAX)
        .max_buf_size(limits::WEB_HEADER_OCTETS_MAX + limits::WEB_BODY_OCTETS_MAX);
    builder
}

/// RFC 9113; §10.5 on what a peer may make us do.
fn second_version() -> http2::Builder<TokioExecutor> {
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder
        .timer(TokioTimer::new())
        .max_concurrent_streams(limits::WEB_STREAMS_MAX)
        .max_header_list_size(u32::try_from(limits::WEB_HEADER_OCTETS_MAX).unwrap_or(u32::MAX))
        .max_pending_accept_reset_streams(limits::WEB_STREAM_RESETS_MAX)
        .max_local_error_reset_streams(limits::WEB_STREAM_ERRORS_MAX)
        .initial_stream_window_size(limits::WEB_STREAM_WINDOW_OCTETS)
        .initial_connection_window_size(limits::WEB_CONNECTION_WINDOW_OCTETS)
        .max_send_buf_size(limits::WEB_SEND_OCTETS_MAX);
    builder
}

/// A connection that can be asked to end.
trait Leave: Future<Output = hyper::Result<()>> {
    fn leave(self: Pin<&mut Self>);
}

impl Leave for http1::Connection<TokioIo<Stream>, Desk> {
    fn leave(self: Pin<&mut Self>) {
        self.graceful_shutdown();
    }
}

impl Leave for http2::Connection<TokioIo<Stream>, Desk, TokioExecutor> {
    fn leave(self: Pin<&mut Self>) {
        self.graceful_shutdown();
    }
}

async fn attend(connection: impl Leave, watch: &Watch, terms: Terms) -> io::Result<End> {
    let mut connection = pin!(connection);
    let mut draining = terms.draining;
    tokio::select! {
        ended = connection.as_mut() => return ended.map(|()| End::PeerClosed).map_err(io::Error::other),
        () = watch.over() => {}
        _ = draining.wait_for(|draining| *draining) => {}
    }
    connection.as_mut().leave();
    let farewell = Duration::from_millis(limits::WEB_FAREWELL_MILLIS);
    match timeout(farewell, connection).await {
        Ok(ended) => ended.map(|()| End::Closed).map_err(io::Error::other),
        Err(_) => Ok(End::Closed),
    }
}

/// What a connection has done so far.
struct Watch {
    began: Instant,
    /// Milliseconds after `began` at which the last request came.
    latest: AtomicU64,
    requests: AtomicU32,
    /// Called when `requests` has reached its bound.
    enough: Notify,
}

impl Watch {
    fn new() -> Self {
        Self { began: Instant::now(), latest: AtomicU64::new(0), requests: AtomicU32::new(0), enough: Notify::new() }
    }

    fn request(&self) {
        let millis = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.latest.store(millis, Ordering::Relaxed);
        if self.requests.fetch_add(1, Ordering::Relaxed) + 1 >= limits::WEB_REQUESTS_MAX {
            self.enough.notify_one();
        }
    }

    /// Returns when the connection has lasted, idled or asked for long enough.
    async fn over(&self) {
        let end = self.began + Duration::from_millis(limits::WEB_CONNECTION_MILLIS);
        loop {
            let latest = self.latest.load(Ordering::Relaxed);
            let idle = self.began + Duration::from_millis(latest.saturating_add(limits::WEB_IDLE_MILLIS));
            tokio::select! {
                () = sleep_until(idle.min(end)) => {}
                () = self.enough.notified() => return,
            }
            if Instant::now() >= end || latest == self.latest.load(Ordering::Relaxed) {
                return;
            }
        }
    }
}

/// Takes the requests of one connection.
#[derive(Clone)]
struct Desk {
    visit: Visit,
    watch: Arc<Watch>,
}

impl Service<Request<Incoming>> for Desk {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        self.watch.request();
        let visit = self.visit.clone();
        Box::pin(async move { Ok(exchange::respond(&visit, request).await) })
    }
}
