//! What this host offers, on which port the Internet sees it, and how mail programs find it.
//!
//! Standards: RFC 6186 (SRV for IMAP, POP3 and submission), RFC 8314 §5.1 (`_submissions`), RFC 2782 (target `.`). The names
//! `autoconfig` and `autodiscover` and the service `_autodiscover` are conventions of Thunderbird and Outlook.
//!
//! Invariants: what is announced is listened to and open; a service that users may look for and that is not offered is
//! said to be none, where that can be known. A name is published only if a certificate will hold it. A record that stands
//! in the file takes the place of ours with the same name.

use crate::compiler::config::material::{Material, covers};
use crate::compiler::config::meaning::{CertificateChoice, Meaning};
use crate::compiler::config::publish::Published;
use crate::compiler::config::publish::mx::Target;
use crate::compiler::config::section::host::Role;
use crate::compiler::config::section::listeners::{Service, TlsWord};
use crate::plan::document::DnsData;
use crate::vocabulary::mail::Domain;

/// What mail programs look for, with its priority. RFC 6186 §4: across services it tells which is preferred: implicit TLS
/// (RFC 8314 §5.1) before STARTTLS, IMAP before POP3.
const FOR_USERS: [(Service, u16); 6] = [
    (Service::Submissions, 0),
    (Service::Submission, 10),
    (Service::Imaps, 0),
    (Service::Imap, 10),
    (Service::Pop3s, 20),
    (Service::Pop3, 30),
];

/// Where Thunderbird and Outlook ask; no record can tell them another port.
const HTTPS_PORT: u16 = 443;

/// The services that somebody outside can reach, each with the port that the Internet sees: the registered one if it has
/// several. In a lab all.
pub fn offered(meaning: &Meaning<'_>) -> Vec<(Service, u16)> {
    let mut offered: Vec<(Service, u16)> = Vec::new();
    for (service, port, _) in open(meaning) {
        match offered.iter_mut().find(|(known, _)| *known == service) {
            Some(known) if port == service.port() => known.1 = port,
            Some(_) => {}
            None => offered.push((service, port)),
        }
    }
    offered
}

/// Ports for users on which TLS is spoken, sorted.
pub fn user_tls_ports(meaning: &Meaning<'_>) -> Vec<u16> {
    let tls = open(meaning).filter(|(service, _, tls)| *service != Service::Smtp && *tls != TlsWord::None);
    let mut ports: Vec<u16> = tls.map(|(_, port, _)| port).collect();
    ports.sort_unstable();
    ports.dedup();
    ports
}

fn open<'m>(meaning: &'m Meaning<'_>) -> impl Iterator<Item = (Service, u16, TlsWord)> + 'm {
    let (closed, lab) = (meaning.closed(), meaning.lab());
    let doors = meaning.listeners.iter().filter(move |d| (d.public() || lab) && !closed.contains(d.name));
    doors.filter_map(|door| {
        // What this version does not speak is not offered (OPS-014).
        let service = door.service.filter(|s| *s != Service::Managesieve)?;
        Some((service, door.public_port(), door.tls))
    })
}

/// The records by which mail programs of the domain's users find this host: names and data.
pub fn records(
    meaning: &Meaning<'_>,
    material: &Material<'_>,
    offered: &[(Service, u16)],
    domain: &Published<'_>,
) -> Vec<(String, DnsData)> {
    let null = domain.mx.iter().any(|e| e.target == Target::Null);
    let declined = domain.effective(|s| s.autoconfig.as_ref()).is_some_and(|a| !a.value);
    let port = |wanted: Service| offered.iter().find(|(service, _)| *service == wanted).map(|(_, port)| *port);
    let none = FOR_USERS.iter().all(|(service, _)| port(*service).is_none());
    if null || declined || none || meaning.role() == Role::BackupMx {
        return Vec::new();
    }
    // Only who does everything for the domain knows what it does not have.
    let whole = meaning.role() == Role::Full && domain.comes_here(meaning.host());
    let host = meaning.host().as_str();
    let mut records = Vec::new();
    for (service, priority) in FOR_USERS {
        let data = match port(service) {
            Some(port) => DnsData::Srv { priority, weight: 1, port, target: host.to_owned() },
            None if whole => DnsData::Srv { priority: 0, weight: 0, port: 0, target: ".".to_owned() },
            None => continue,
        };
        records.push((format!("_{}._tcp.{}", service.word(), domain.name), data));
    }
    if let Some(https) = port(Service::Https) {
        let data = DnsData::Srv { priority: 0, weight: 1, port: https, target: host.to_owned() };
        records.push((format!("_autodiscover._tcp.{}", domain.name), data));
        let names = ["autoconfig", "autodiscover"].map(|label| format!("{label}.{}", domain.name));
        let useful = |name: &String| https == HTTPS_PORT && name != host && certified(meaning, material, name);
        records.extend(names.into_iter().filter(useful).map(|name| (name, DnsData::Cname(host.to_owned()))));
    }
    records
}

/// Whether a certificate will hold a name that follows from a domain: one from a file must, another is asked for with it.
fn certified(meaning: &Meaning<'_>, material: &Material<'_>, name: &str) -> bool {
    let Ok(name) = name.parse::<Domain>() else { return false };
    match meaning.certificates {
        CertificateChoice::Files { .. } => {
            material.certificates.iter().filter_map(|c| c.leaf.as_ref().ok()).any(|leaf| covers(&leaf.names, &name))
        }
        CertificateChoice::Nothing(_) => false,
        CertificateChoice::Acme(_) | CertificateChoice::SelfSigned(_) | CertificateChoice::Unsaid => true,
    }
}
