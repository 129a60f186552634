//! What is served in clear: the answer to an ACME challenge, and the way to where TLS is.
//!
//! RFC 8555 §8.3; RFC 8461 §3.3: a policy is never served without TLS.

use hyper::StatusCode;
use hyper::header::{self, HeaderValue};

use super::Visit;
use super::message::{Asked, NO_STORE, Reply};
use crate::plan::Plan;
use crate::plan::web;
use crate::vocabulary::mail::Domain;

const CHALLENGE: &str = "/.well-known/acme-challenge/";

/// `target` is the path with its query, as it came.
pub fn reply(visit: &Visit, asked: &Asked<'_>, target: &str) -> Reply {
    if !asked.reads() {
        return Reply::not_allowed("GET, HEAD");
    }
    // Whatever the name: what is proved is that the answer comes from here, and nobody guesses a token.
    if let Some(token) = asked.path.strip_prefix(CHALLENGE) {
        return match visit.server.challenges().http(token) {
            Some(authorization) => Reply::new("application/octet-stream", NO_STORE, authorization),
            None => Reply::status(StatusCode::NOT_FOUND),
        };
    }
    let location = location(&visit.server.current.load().plan, asked.host, target);
    match location.and_then(|location| HeaderValue::try_from(location).ok()) {
        Some(location) => Reply::status(StatusCode::MOVED_PERMANENTLY).with(header::LOCATION, location),
        None => Reply::status(StatusCode::NOT_FOUND),
    }
}

/// Where the same is under TLS; `None` for a name that is not ours, and where nothing is.
fn location(plan: &Plan, host: &str, target: &str) -> Option<String> {
    web::site(plan, host)?;
    let name: Domain = host.parse().ok()?;
    web::url(plan, name.as_str(), if target.starts_with('/') { target } else { "/" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::document::Protocol;
    use crate::plan::example;

    #[test]
    fn only_names_of_ours_are_sent_on_and_only_to_themselves() {
        let mut plan = example::full();
        assert_eq!(location(&plan, "example.org", "/"), None, "nothing is served under TLS");
        let mut https = plan.listeners["imaps"].clone();
        (https.protocol, https.port) = (Protocol::Https, 443);
        plan.listeners.insert("https".to_owned(), https);
        assert_eq!(location(&plan, "EXAMPLE.org", "//evil.test/?a=b").unwrap(), "https://example.org//evil.test/?a=b");
        assert_eq!(location(&plan, "example.org", "*").unwrap(), "https://example.org/");
        assert_eq!(location(&plan, "evil.test", "/"), None);
        plan.listeners.get_mut("https").unwrap().published = Some(8443);
        assert_eq!(location(&plan, "example.org", "/a").unwrap(), "https://example.org:8443/a");
    }
}
