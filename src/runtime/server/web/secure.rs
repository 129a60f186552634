//! What is served under TLS: a table of paths, and each one's answer.

use std::net::IpAddr;

use hyper::StatusCode;
use hyper::body::Incoming;
use hyper::header::{self, HeaderValue};

use super::Visit;
use super::message::{Asked, BodyFault, NO_STORE, Reply, TEXT, body};
use super::pox::{self, PoxFault};
use crate::artefact::render::web::{autoconfig, autodiscover, mobileconfig, security};
use crate::ground::clock::Timestamp;
use crate::plan::Plan;
use crate::plan::web::{HEALTH_PATH, Site, site};
use crate::vocabulary::mail::{Address, Domain};

/// Thunderbird takes the document for settings only under this type.
const XML: &str = "text/xml; charset=utf-8";
const JSON: &str = "application/json";
/// Apple, Configuration Profile Reference.
const PROFILE: &str = "application/x-apple-aspen-config";
/// RFC 9116 §3.
const SECURITY: &str = "text/plain; charset=utf-8";

/// The same for everybody, and seldom another one.
const CACHE_HOUR: &str = "public, max-age=3600";
const CACHE_DAY: &str = "public, max-age=86400";

const GET: &str = "GET, HEAD";
const POST: &str = "POST";

/// What a path stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Resource<'r> {
    Autoconfig,
    /// With the address that stands in the path, if one does.
    AutodiscoverJson(Option<&'r str>),
    AutodiscoverPox,
    Health,
    Mobileconfig,
    Policy,
    Security,
}

impl<'r> Resource<'r> {
    fn at(path: &'r str) -> Option<Self> {
        match path {
            HEALTH_PATH => Some(Self::Health),
            "/.well-known/mta-sts.txt" => Some(Self::Policy),
            // RFC 9116 §3: the second one for compatibility.
            "/.well-known/security.txt" | "/security.txt" => Some(Self::Security),
            "/.well-known/autoconfig/mail/config-v1.1.xml" | "/mail/config-v1.1.xml" => Some(Self::Autoconfig),
            "/.well-known/mobileconfig" => Some(Self::Mobileconfig),
            _ => Self::of_outlook(path),
        }
    }

    /// MS-OXDSCLI writes its paths in several cases.
    fn of_outlook(path: &'r str) -> Option<Self> {
        const JSON: &str = "/autodiscover/autodiscover.json";
        if path.eq_ignore_ascii_case(autodiscover::POX_PATH) {
            return Some(Self::AutodiscoverPox);
        }
        let (start, rest) = (path.get(..JSON.len())?, path.get(JSON.len()..)?);
        if !start.eq_ignore_ascii_case(JSON) {
            return None;
        }
        match rest.get(..6) {
            None if rest.is_empty() => Some(Self::AutodiscoverJson(None)),
            Some(version) if version.eq_ignore_ascii_case("/v1.0/") => Some(Self::AutodiscoverJson(rest.get(6..))),
            _ => None,
        }
    }

    /// Whether it is there at all under this name.
    fn is_on(self, site: Site<'_>) -> bool {
        match self {
            Self::Health | Self::Security => true,
            Self::Policy => matches!(site, Site::Policy(_)),
            _ => !matches!(site, Site::Policy(_)),
        }
    }
}

pub async fn reply(visit: &Visit, asked: &Asked<'_>, incoming: Incoming) -> Reply {
    let generation = visit.server.current.load_full();
    let plan = &*generation.plan;
    let resource = Resource::at(asked.path);
    let Some(site) = site(plan, asked.host) else {
        // Whoever watches over the server asks an address, and hears no more than it does.
        return match resource {
            Some(Resource::Health) if is_address(asked.host) => health(visit, asked).await,
            _ => Reply::status(StatusCode::MISDIRECTED_REQUEST),
        };
    };
    let Some(resource) = resource.filter(|resource| resource.is_on(site)) else {
        return Reply::status(StatusCode::NOT_FOUND);
    };
    if resource == Resource::AutodiscoverPox {
        return match asked.method.as_str() {
            POST => by_pox(plan, body(incoming).await),
            _ => Reply::not_allowed(POST),
        };
    }
    if !asked.reads() {
        return Reply::not_allowed(GET);
    }
    match resource {
        Resource::Health => health(visit, asked).await,
        Resource::Policy => or_not_found(site.domain().and_then(|domain| visit.server.policy(domain)), TEXT, NO_STORE),
        _ => settings(plan, site, resource, asked),
    }
}

/// What depends on the plan, the question and the clock alone.
fn settings(plan: &Plan, site: Site<'_>, resource: Resource<'_>, asked: &Asked<'_>) -> Reply {
    match resource {
        Resource::Security => {
            or_not_found(security::text(plan, site, asked.host, Timestamp::now()), SECURITY, CACHE_DAY)
        }
        Resource::Autoconfig => {
            let address = asked.parameter("emailaddress").and_then(|text| text.parse::<Address>().ok());
            let theirs = address.as_ref().map(|address| &address.domain);
            let ours = |domain: &&Domain| plan.domains.contains_key(*domain);
            let domain = theirs.filter(ours).or(site.domain());
            or_not_found(domain.and_then(|domain| autoconfig::document(plan, domain)), XML, CACHE_HOUR)
        }
        Resource::AutodiscoverJson(in_path) => by_json(plan, in_path, asked),
        Resource::Mobileconfig => {
            let Some(address) = asked.parameter("email").and_then(|text| text.parse::<Address>().ok()) else {
                return Reply::status(StatusCode::BAD_REQUEST);
            };
            or_not_found(mobileconfig::profile(plan, &address), PROFILE, NO_STORE).with(
                header::CONTENT_DISPOSITION,
                HeaderValue::from_static("attachment; filename=\"mail.mobileconfig\""),
            )
        }
        Resource::AutodiscoverPox | Resource::Health | Resource::Policy => Reply::status(StatusCode::NOT_FOUND),
    }
}

fn or_not_found(text: Option<String>, media_type: &'static str, cache: &'static str) -> Reply {
    text.map_or_else(|| Reply::status(StatusCode::NOT_FOUND), |text| Reply::new(media_type, cache, text))
}

/// Outlook, version 2.
fn by_json(plan: &Plan, in_path: Option<&str>, asked: &Asked<'_>) -> Reply {
    let address = match in_path {
        Some(text) => super::message::decoded(text),
        None => asked.parameter("email"),
    };
    let Some(address) = address.and_then(|text| text.parse::<Address>().ok()) else {
        return Reply::status(StatusCode::BAD_REQUEST);
    };
    if !plan.domains.contains_key(&address.domain) {
        return Reply::status(StatusCode::NOT_FOUND);
    }
    let (status, document) =
        match autodiscover::json(plan, &address.domain, &asked.parameter("protocol").unwrap_or_default()) {
            Ok(document) => (StatusCode::OK, document),
            Err(document) => (StatusCode::BAD_REQUEST, document),
        };
    Reply { status, ..Reply::new(JSON, NO_STORE, document.to_string()) }
}

/// Outlook, version 1. What cannot be answered is said in a document (MS-OXDSCLI §3.1.5.1).
fn by_pox(plan: &Plan, body: Result<impl AsRef<[u8]>, BodyFault>) -> Reply {
    let body = match body {
        Ok(body) => body,
        Err(BodyFault::TooLong) => return Reply::status(StatusCode::PAYLOAD_TOO_LARGE),
        Err(BodyFault::Broken) => return Reply::status(StatusCode::BAD_REQUEST),
    };
    let request = pox::request(body.as_ref()).map_err(|fault| match fault {
        PoxFault::NoAddress | PoxFault::NotXml => autodiscover::Refusal::RequestInvalid,
        PoxFault::OtherSchema => autodiscover::Refusal::ProviderNotAvailable,
    });
    let answer = request.and_then(|address| autodiscover::pox(plan, &address));
    Reply::new(XML, NO_STORE, answer.unwrap_or_else(autodiscover::error))
}

async fn health(visit: &Visit, asked: &Asked<'_>) -> Reply {
    if !asked.reads() {
        return Reply::not_allowed(GET);
    }
    match visit.server.healthy().await {
        true => Reply::new(TEXT, NO_STORE, "ok\n".to_owned()),
        false => Reply::status(StatusCode::SERVICE_UNAVAILABLE),
    }
}

fn is_address(host: &str) -> bool {
    host == "localhost" || host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_in_the_table_or_it_is_not() {
        assert_eq!(Resource::at("/AutoDiscover/AutoDiscover.XML"), Some(Resource::AutodiscoverPox));
        assert_eq!(Resource::at("/autodiscover/autodiscover.json"), Some(Resource::AutodiscoverJson(None)));
        let named = Resource::at("/Autodiscover/Autodiscover.json/v1.0/a%40b.test");
        assert_eq!(named, Some(Resource::AutodiscoverJson(Some("a%40b.test"))));
        for nothing in [
            "/",
            "",
            "/healthz/",
            "/HEALTHZ",
            "/autodiscover/autodiscover.jsonx",
            "/autodiscover/autodiscover.json/",
            "/é",
        ] {
            assert_eq!(Resource::at(nothing), None, "{nothing}");
        }
    }

    #[test]
    fn a_policy_host_has_no_settings() {
        let domain: Domain = "a.test".parse().unwrap();
        assert!(Resource::Policy.is_on(Site::Policy(&domain)) && Resource::Security.is_on(Site::Policy(&domain)));
        assert!(!Resource::Autoconfig.is_on(Site::Policy(&domain)) && !Resource::Policy.is_on(Site::Domain(&domain)));
    }
}
