//! What a request asks, read within bounds, and the form of every reply.

use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::{Body, Bytes, Incoming};
use hyper::header::{self, HeaderName, HeaderValue};
use hyper::http::uri::Authority;
use hyper::{HeaderMap, Method, Response, StatusCode, Uri};

use crate::ground::limits;
use crate::plan::document::Protocol;

/// For a year (RFC 6797 §6.1.1); of this name alone, since a mail domain's other names are not ours.
const HSTS: HeaderValue = HeaderValue::from_static("max-age=31536000");
const CSP: HeaderValue = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");
const NOSNIFF: HeaderValue = HeaderValue::from_static("nosniff");
const NO_REFERRER: HeaderValue = HeaderValue::from_static("no-referrer");

/// May not be kept anywhere (RFC 9111 §5.2.2.5).
pub const NO_STORE: &str = "no-store";
pub const TEXT: &str = "text/plain";

/// What is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    pub status: StatusCode,
    pub media_type: &'static str,
    /// Cache-Control.
    pub cache: &'static str,
    pub body: String,
    /// What this status needs besides.
    pub field: Option<(HeaderName, HeaderValue)>,
}

impl Reply {
    pub fn new(media_type: &'static str, cache: &'static str, body: String) -> Self {
        Self { status: StatusCode::OK, media_type, cache, body, field: None }
    }

    /// A status and its name, nothing else.
    pub fn status(status: StatusCode) -> Self {
        let body = format!("{}\n", status.canonical_reason().unwrap_or_default());
        Self { status, media_type: TEXT, cache: NO_STORE, body, field: None }
    }

    pub fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.field = Some((name, value));
        self
    }

    /// RFC 9110 §15.5.6.
    pub fn not_allowed(allowed: &'static str) -> Self {
        Self::status(StatusCode::METHOD_NOT_ALLOWED).with(header::ALLOW, HeaderValue::from_static(allowed))
    }
}

/// What is asked for, without its body.
pub struct Asked<'r> {
    pub method: &'r Method,
    /// The name in `Host` or `:authority`, without port.
    pub host: &'r str,
    pub path: &'r str,
    pub query: &'r str,
}

impl Asked<'_> {
    /// GET, and HEAD, which is GET without its body (RFC 9110 §9.3.2).
    pub fn reads(&self) -> bool {
        matches!(*self.method, Method::GET | Method::HEAD)
    }

    /// The first value of a parameter, whatever the case of its name.
    ///
    /// `+` stands for itself: it is in addresses, and a blank is not.
    pub fn parameter(&self, name: &str) -> Option<String> {
        let pairs = self.query.split('&').filter_map(|pair| pair.split_once('='));
        let (_, value) = pairs.into_iter().find(|(n, _)| n.eq_ignore_ascii_case(name))?;
        decoded(value)
    }
}

/// RFC 3986 §2.1. `None` if it is malformed or no UTF-8.
pub fn decoded(text: &str) -> Option<String> {
    let mut octets = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(octet) = rest.next() {
        if octet != b'%' {
            octets.push(octet);
            continue;
        }
        let digit = |octet: u8| char::from(octet).to_digit(16);
        let value = digit(rest.next()?)? * 16 + digit(rest.next()?)?;
        octets.push(u8::try_from(value).ok()?);
    }
    String::from_utf8(octets).ok()
}

/// The one name that is asked for: the authority of the target, else `Host` (RFC 9112 §3.2.2, RFC 9113 §8.3.1).
/// `None` if there is none, or several, or it is none.
pub fn host(uri: &Uri, headers: &HeaderMap) -> Option<String> {
    let authority = match uri.authority() {
        Some(authority) => authority.clone(),
        None => {
            let mut fields = headers.get_all(header::HOST).iter();
            let (field, more) = (fields.next()?, fields.next());
            Authority::try_from(field.as_bytes()).ok().filter(|_| more.is_none())?
        }
    };
    // RFC 9110 §4.2.4: a name before `@` is only ever there to deceive.
    let name = authority.host().trim_end_matches('.');
    (!authority.as_str().contains('@') && !name.is_empty()).then(|| name.to_ascii_lowercase())
}

/// Why a body was not taken.
pub enum BodyFault {
    Broken,
    TooLong,
}

/// The body, if it is within its bound.
pub async fn body(incoming: Incoming) -> Result<Bytes, BodyFault> {
    let most = limits::WEB_BODY_OCTETS_MAX;
    if incoming.size_hint().lower() > most as u64 {
        return Err(BodyFault::TooLong);
    }
    match Limited::new(incoming, most).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(BodyFault::TooLong),
        Err(_) => Err(BodyFault::Broken),
    }
}

pub fn response(reply: Reply, protocol: Protocol, head: bool) -> Response<Full<Bytes>> {
    let length = reply.body.len();
    let mut response = Response::new(Full::new(if head { Bytes::new() } else { Bytes::from(reply.body) }));
    *response.status_mut() = reply.status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(reply.media_type));
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(reply.cache));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, NOSNIFF);
    headers.insert(header::CONTENT_SECURITY_POLICY, CSP);
    headers.insert(header::REFERRER_POLICY, NO_REFERRER);
    // RFC 6797 §7.2: never in clear.
    if protocol == Protocol::Https {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HSTS);
    }
    if let Some((name, value)) = reply.field {
        headers.insert(name, value);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host_of(uri: &str, fields: &[&str]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for field in fields {
            headers.append(header::HOST, field.parse().unwrap());
        }
        host(&uri.parse().unwrap(), &headers)
    }

    #[test]
    fn rfc9112_3_2_there_is_one_host() {
        assert_eq!(host_of("/", &["Example.org:8443"]).as_deref(), Some("example.org"));
        assert_eq!(host_of("/", &["example.org."]).as_deref(), Some("example.org"));
        assert_eq!(host_of("https://a.test/", &["b.test"]).as_deref(), Some("a.test"));
        assert_eq!(host_of("/", &["[2001:db8::1]:443"]).as_deref(), Some("[2001:db8::1]"));
        for wrong in [&[][..], &["a.test", "b.test"], &[""], &["me@a.test"], &["a b"], &[":443"]] {
            assert_eq!(host_of("/", wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn parameters_are_found_and_decoded() {
        let asked = |query| Asked { method: &Method::GET, host: "", path: "", query };
        let email = |query| asked(query).parameter("email");
        assert_eq!(email("x=1&Email=a%2Bb%40c.test&email=2").as_deref(), Some("a+b@c.test"));
        assert_eq!(email("email=a+b@c.test").as_deref(), Some("a+b@c.test"));
        assert_eq!(email("email="), Some(String::new()));
        for wrong in ["", "email", "email=%", "email=%4", "email=%zz", "email=%ff", "emails=a"] {
            assert_eq!(email(wrong), None, "{wrong}");
        }
    }
}
