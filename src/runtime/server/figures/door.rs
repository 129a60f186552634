//! One connection: HTTP/1.1 (RFC 9112), one request, one reply, and ten seconds for both.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::exposition::MEDIA_TYPE;
use super::measure;
use crate::ground::limits;
use crate::plan::document::Protocol;
use crate::runtime::server::Server;
use crate::runtime::server::web::message::{NO_STORE, Reply, response};

/// Serves one connection in the background; turns it away while too many others are open.
pub fn welcome(server: &Arc<Server>, tcp: TcpStream) {
    let Ok(seat) = server.figures.seats.clone().try_acquire_owned() else { return };
    let server = server.clone();
    tokio::spawn(async move {
        let service = service_fn(|request| {
            let server = server.clone();
            async move { Ok::<_, Infallible>(respond(&server, request).await) }
        });
        let connection = hyper::server::conn::http1::Builder::new()
            .keep_alive(false)
            .max_headers(limits::WEB_HEADER_FIELDS_MAX)
            .max_header_size(limits::WEB_HEADER_OCTETS_MAX)
            .max_buf_size(limits::WEB_HEADER_OCTETS_MAX + limits::WEB_BODY_OCTETS_MAX)
            .serve_connection(TokioIo::new(tcp), service);
        match timeout(Duration::from_millis(limits::FIGURES_MILLIS), connection).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::debug!(%error, "a request for figures broke off"),
            Err(_) => tracing::debug!("a request for figures took too long"),
        }
        drop(seat);
    });
}

async fn respond(server: &Arc<Server>, request: Request<Incoming>) -> Response<Full<Bytes>> {
    let reply = match (request.uri().path(), request.method()) {
        ("/metrics", &Method::GET | &Method::HEAD) => Reply::new(MEDIA_TYPE, NO_STORE, measure::text(server).await),
        ("/metrics", _) => Reply::not_allowed("GET, HEAD"),
        _ => Reply::status(StatusCode::NOT_FOUND),
    };
    response(reply, Protocol::Http, *request.method() == Method::HEAD)
}
