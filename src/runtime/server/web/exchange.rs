//! One request and its reply: which of the two endpoints, and for how long.

use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{self, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use tokio::time::timeout;

use super::message::{Asked, Reply, host, response};
use super::{Visit, clear, secure};
use crate::ground::limits;
use crate::plan::document::Protocol;

/// Answers one request; never fails, never takes longer than its bound.
pub async fn respond(visit: &Visit, request: Request<Incoming>) -> Response<Full<Bytes>> {
    let head = *request.method() == Method::HEAD;
    let method = request.method().clone();
    let patience = Duration::from_millis(limits::WEB_REQUEST_MILLIS);
    let reply = match timeout(patience, reply(visit, request)).await {
        Ok(reply) => reply,
        // RFC 9110 §15.5.9: and the connection is of no further use.
        Err(_) => {
            Reply::status(StatusCode::REQUEST_TIMEOUT).with(header::CONNECTION, HeaderValue::from_static("close"))
        }
    };
    tracing::debug!(peer = %visit.peer, %method, status = reply.status.as_u16(), kind = reply.media_type, "web request");
    response(reply, visit.protocol, head)
}

async fn reply(visit: &Visit, request: Request<Incoming>) -> Reply {
    let (parts, body) = request.into_parts();
    let Some(host) = host(&parts.uri, &parts.headers) else { return Reply::status(StatusCode::BAD_REQUEST) };
    let (path, query) = (parts.uri.path(), parts.uri.query().unwrap_or_default());
    let asked = Asked { method: &parts.method, host: &host, path, query };
    if visit.protocol == Protocol::Http {
        return clear::reply(visit, &asked, parts.uri.path_and_query().map_or("/", |p| p.as_str()));
    }
    secure::reply(visit, &asked, body).await
}
