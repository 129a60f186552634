//! A configuration profile for Apple's mail programs: one `com.apple.mail.managed` payload.
//!
//! Its identifiers follow from the host and the address, so that a profile that is opened again replaces the former one.
//! It holds no password (the program asks for it) and no signature: the device shows it as "not signed". `SSL` in a
//! payload covers both implicit TLS and STARTTLS; the port decides.

use aws_lc_rs::digest::{SHA256, digest};
use serde::Serialize;

use super::access::{Access, login};
use crate::artefact::render::template::{Format, render};
use crate::plan::Plan;
use crate::plan::document::Protocol;
use crate::vocabulary::mail::Address;

const TEMPLATE: &str = include_str!("mobileconfig.plist.j2");

#[derive(Serialize)]
struct Values {
    address: String,
    login: String,
    domain: String,
    host: String,
    /// Reverse-DNS name of the profile.
    identifier: String,
    profile_uuid: String,
    account_uuid: String,
    kind: &'static str,
    incoming_host: String,
    incoming_port: u16,
    outgoing_host: String,
    outgoing_port: u16,
}

/// The profile for whoever asks with `address`; `None` if its domain is not ours, or lets nobody both read and send.
pub fn profile(plan: &Plan, address: &Address) -> Option<String> {
    if !plan.domains.contains_key(&address.domain) {
        return None;
    }
    let access = Access::of(plan)?;
    let (incoming, outgoing) = (access.incoming.first()?, access.outgoing.first()?);
    let reversed: Vec<&str> = plan.host.name.as_str().rsplit('.').collect();
    let values = Values {
        address: address.to_string(),
        login: login(plan, address).to_string(),
        domain: address.domain.to_unicode(),
        host: plan.host.name.to_string(),
        identifier: format!("{}.{}", reversed.join("."), uuid(plan, "identifier", address).to_ascii_lowercase()),
        profile_uuid: uuid(plan, "profile", address),
        account_uuid: uuid(plan, "account", address),
        kind: if incoming.protocol == Protocol::Imap { "EmailTypeIMAP" } else { "EmailTypePOP" },
        incoming_host: incoming.host.to_string(),
        incoming_port: incoming.port,
        outgoing_host: outgoing.host.to_string(),
        outgoing_port: outgoing.port,
    };
    Some(render(TEMPLATE, Format::Xml, &values))
}

/// RFC 9562 §5.8: version 8, of whatever the maker likes; here a digest.
fn uuid(plan: &Plan, what: &str, address: &Address) -> String {
    let text = format!("mailctl\0{what}\0{}\0{}", plan.host.name, address.canonical());
    let digest = digest(&SHA256, text.as_bytes());
    let mut hex = String::with_capacity(32);
    for (n, octet) in digest.as_ref().iter().take(16).enumerate() {
        let octet = match n {
            6 => octet & 0x0f | 0x80,
            8 => octet & 0x3f | 0x80,
            _ => *octet,
        };
        hex.push_str(&format!("{octet:02X}"));
    }
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}
