//! Outlook's autodiscover, as far as it is true of a server for IMAP, POP3 and SMTP.
//!
//! POX (MS-OXDSCLI §2.2.4, §3.1.5): account type `email` with a `Protocol` each for reading and sending. JSON (version 2)
//! knows one answer, where the POX service is; it has no form for IMAP, and claiming Exchange, ActiveSync or REST
//! would send programs to a service that is not there. Outlook for Microsoft 365 asks a service of its maker
//! instead of either, so the wizard of an old one or another program is what this helps.

use serde::Serialize;
use serde_json::{Value, json};

use super::access::{Access, Way, login};
use crate::artefact::render::template::{Format, render};
use crate::plan::Plan;
use crate::plan::document::Protocol;
use crate::plan::web;
use crate::vocabulary::mail::{Address, Domain};

const TEMPLATE: &str = include_str!("autodiscover.xml.j2");
const ERROR_TEMPLATE: &str = include_str!("autodiscover_error.xml.j2");

/// MS-OXDSCLI §2.2.4.1.1.1.1: the response that this is.
pub const RESPONSE_SCHEMA: &str = "http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a";
/// Where the POX service is, below a name of ours.
pub const POX_PATH: &str = "/autodiscover/autodiscover.xml";

/// Why there is no answer (MS-OXDSCLI §2.2.4.1.1.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The address is in no domain of ours, or the domain's users can not read and send here.
    AddressUnknown,
    /// Another schema is wanted than the one there is.
    ProviderNotAvailable,
    /// Not a request, or without an address.
    RequestInvalid,
}

#[derive(Serialize)]
struct Values {
    schema: &'static str,
    login: String,
    address: String,
    protocols: Vec<Entry>,
}

#[derive(Serialize)]
struct Entry {
    kind: &'static str,
    host: String,
    port: u16,
    encryption: &'static str,
    sends: bool,
}

#[derive(Serialize)]
struct ErrorValues {
    code: u16,
    message: &'static str,
}

/// The settings for whoever asks with `address`.
///
/// # Errors
/// [`Refusal::AddressUnknown`]; it depends on the address's domain only.
pub fn pox(plan: &Plan, address: &Address) -> Result<String, Refusal> {
    let access = plan.domains.contains_key(&address.domain).then(|| Access::of(plan)).flatten();
    let access = access.ok_or(Refusal::AddressUnknown)?;
    // One way of each kind: Outlook takes the first it understands, and asks about none.
    let mut protocols: Vec<Entry> = Vec::new();
    for way in access.incoming.iter().chain(&access.outgoing) {
        let entry = entry(way);
        if protocols.iter().all(|other| other.kind != entry.kind) {
            protocols.push(entry);
        }
    }
    let login = login(plan, address).to_string();
    Ok(render(
        TEMPLATE,
        Format::Xml,
        &Values { schema: RESPONSE_SCHEMA, login, address: address.to_string(), protocols },
    ))
}

/// The document that says why there are no settings.
pub fn error(refusal: Refusal) -> String {
    let (code, message) = match refusal {
        Refusal::AddressUnknown => (500, "The email address cannot be found."),
        Refusal::ProviderNotAvailable => (601, "Provider is not available"),
        Refusal::RequestInvalid => (600, "Invalid Request"),
    };
    render(ERROR_TEMPLATE, Format::Xml, &ErrorValues { code, message })
}

/// Version 2 for users of `domain`: the one protocol that there is.
///
/// # Errors
/// The document that says that there is no other.
pub fn json(plan: &Plan, domain: &Domain, protocol: &str) -> Result<Value, Value> {
    if protocol.eq_ignore_ascii_case("AutodiscoverV1")
        && let Some(url) = web::url(plan, &web::autodiscover_host(domain), POX_PATH)
    {
        return Ok(json!({ "Protocol": "AutodiscoverV1", "Url": url }));
    }
    Err(json!({
        "ErrorCode": "InvalidProtocol",
        "ErrorMessage": "The given protocol value is invalid. Supported values are 'AutodiscoverV1'.",
    }))
}

fn entry(way: &Way<'_>) -> Entry {
    let kind = match way.protocol {
        Protocol::Imap => "IMAP",
        Protocol::Pop3 => "POP3",
        _ => "SMTP",
    };
    // MS-OXDSCLI §2.2.4.1.1.2.4: `SSL` from the first octet, `TLS` by STARTTLS.
    let encryption = if way.implicit { "SSL" } else { "TLS" };
    Entry { kind, host: way.host.to_string(), port: way.port, encryption, sends: kind == "SMTP" }
}
