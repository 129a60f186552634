//! Thunderbird's autoconfiguration, version 1.1.
//!
//! Passwords are `password-cleartext`: the format's other word, `password-encrypted`, means CRAM-MD5, which this server
//! does not have; it has no word for SCRAM, and every way here is under TLS. The document is the same for every
//! address of a domain; the program fills the user in.

use serde::Serialize;

use super::access::{Access, Way, login_domain};
use crate::artefact::render::template::{Format, render};
use crate::plan::Plan;
use crate::plan::document::Protocol;
use crate::vocabulary::mail::Domain;

const TEMPLATE: &str = include_str!("autoconfig.xml.j2");

#[derive(Serialize)]
struct Values {
    domain: String,
    /// For people.
    name: String,
    user: String,
    incoming: Vec<Server>,
    outgoing: Vec<Server>,
}

#[derive(Serialize)]
struct Server {
    kind: &'static str,
    host: String,
    port: u16,
    socket: &'static str,
}

/// The document for users of `domain`; `None` if the plan lets nobody both read and send.
pub fn document(plan: &Plan, domain: &Domain) -> Option<String> {
    let access = Access::of(plan)?;
    let accounts = login_domain(plan, domain);
    let user = if accounts == domain { "%EMAILADDRESS%".to_owned() } else { format!("%EMAILLOCALPART%@{accounts}") };
    let values = Values {
        domain: domain.to_string(),
        name: domain.to_unicode(),
        user,
        incoming: access.incoming.iter().map(server).collect(),
        outgoing: access.outgoing.iter().map(server).collect(),
    };
    Some(render(TEMPLATE, Format::Xml, &values))
}

fn server(way: &Way<'_>) -> Server {
    let kind = match way.protocol {
        Protocol::Imap => "imap",
        Protocol::Pop3 => "pop3",
        _ => "smtp",
    };
    let socket = if way.implicit { "SSL" } else { "STARTTLS" };
    Server { kind, host: way.host.to_string(), port: way.port, socket }
}
