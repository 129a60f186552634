//! TLSA records of this host (RFC 6698): for mail (RFC 7672) and for every port of its users with TLS (RFC 7673).
//!
//! From certificates in files, whose public halves are known; of a key that is made or asked for later the record is
//! resolved when it is known.

use std::collections::BTreeSet;

use aws_lc_rs::digest::{SHA256, SHA512, digest};

use super::{Wanted, services};
use crate::compiler::config::material::{Leaf, Material, covers};
use crate::compiler::config::meaning::{CertificateChoice, Meaning};
use crate::compiler::config::publish::Published;
use crate::compiler::config::publish::mx::Target;
use crate::compiler::config::section::dns::Signed;
use crate::compiler::config::section::domains::Dane;
use crate::compiler::config::spanned::Spanned;
use crate::ground::diagnostic::Span;
use crate::plan::document::DnsData;
use crate::vocabulary::mail::Domain;

/// Usage, selector and matching type (RFC 6698 §2.1, RFC 7218).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Form {
    pub usage: u8,
    pub selector: u8,
    pub matching: u8,
}

impl Form {
    /// RFC 7672 §3.1: the key's own digest, which survives every renewal with the same key.
    pub const BEST: Self = Self { usage: 3, selector: 1, matching: 1 };
}

/// `3 1 1`; `None` where it is no such form.
pub fn form(text: &str) -> Option<Form> {
    let words: Vec<&str> = text.split_ascii_whitespace().collect();
    let [usage, selector, matching] = words.try_into().ok()?;
    let form = Form { usage: usage.parse().ok()?, selector: selector.parse().ok()?, matching: matching.parse().ok()? };
    (form.usage <= 3 && form.selector <= 1 && form.matching <= 2).then_some(form)
}

/// Where a host's TLSA records for mail stand (RFC 7672 §2.2.3).
pub fn owner(host: &str) -> String {
    owner_at(MAIL_PORT, host)
}

/// RFC 7672 §2.2.3: MX leads to this port and no other.
const MAIL_PORT: u16 = 25;

/// RFC 6698 §3.
fn owner_at(port: u16, host: &str) -> String {
    format!("_{port}._tcp.{host}")
}

/// `dane` of a domain.
pub fn dane<'c>(domain: &Published<'c>) -> Option<&'c Spanned<Dane>> {
    domain.effective(|s| s.dane.as_ref())
}

/// Whether a domain says that TLSA records are published; `None` if it leaves it open.
pub fn publish(domain: &Published<'_>) -> Option<bool> {
    dane(domain).and_then(|d| d.value.publish.as_ref()).map(|p| p.value)
}

/// The domains whose mail comes here and that want TLSA records for this host: all, where its zone is signed, but
/// those that decline.
pub fn wanting<'m, 'c>(meaning: &'m Meaning<'c>) -> Vec<&'m Published<'c>> {
    let host = meaning.host();
    if meaning.publication.zones.signed(host.as_str()) == Signed::Unsigned {
        return Vec::new();
    }
    let domains = meaning.publication.domains.iter();
    domains.filter(|d| d.comes_here(host) && publish(d) != Some(false)).collect()
}

/// Certificates of this host, those that a client gets who asks for `name`.
pub fn served<'m>(material: &'m Material<'_>, name: &Domain) -> Vec<&'m Leaf> {
    let leaves = || material.certificates.iter().filter_map(|c| c.leaf.as_ref().ok());
    let covering: Vec<_> = leaves().filter(|l| covers(&l.names, name)).collect();
    // Who asks for an unknown name gets the first.
    if covering.is_empty() { leaves().take(1).collect() } else { covering }
}

/// What a record of that form holds for a certificate; `None` for an authority that the file does not hold.
pub fn association(form: Form, leaf: &Leaf) -> Option<String> {
    let (certificate, spki) = match form.usage {
        // RFC 7672 §3.1.2: the trust anchor is in the chain that is sent; the last one is closest to the root.
        0 | 2 => leaf.chain.last().filter(|_| leaf.chain.len() > 1).map(|c| (&c.der, &c.spki))?,
        _ => leaf.chain.first().map(|c| (&c.der, &c.spki))?,
    };
    let octets = if form.selector == 0 { certificate } else { spki };
    Some(match form.matching {
        0 => hex(octets),
        2 => hex(digest(&SHA512, octets).as_ref()),
        _ => hex(digest(&SHA256, octets).as_ref()),
    })
}

/// The TLSA records of a host for mail.
pub fn published<'w, 'c>(wanted: &'w [Wanted<'c>], host: &str) -> Vec<&'w Wanted<'c>> {
    let owner = owner(host);
    wanted.iter().filter(|w| w.record.data.kind() == "TLSA" && w.record.name == owner).collect()
}

/// Whether a record is for that certificate.
pub fn matches(data: &DnsData, leaf: &Leaf) -> bool {
    let DnsData::Tlsa { usage, selector, matching, association: wanted } = data else { return false };
    let form = Form { usage: *usage, selector: *selector, matching: *matching };
    association(form, leaf).is_some_and(|a| a == *wanted)
}

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|b| format!("{b:02x}")).collect()
}

/// The certificate of this host whose key is not in a file, if that is what a client gets who asks for the host's name.
pub fn generated(meaning: &Meaning<'_>, material: &Material<'_>) -> Option<String> {
    let in_file = || {
        let mut leaves = material.certificates.iter().filter_map(|c| c.leaf.as_ref().ok());
        leaves.any(|l| covers(&l.names, meaning.host()))
    };
    let later = match meaning.certificates {
        CertificateChoice::Acme(_) | CertificateChoice::SelfSigned(_) | CertificateChoice::Unsaid => true,
        CertificateChoice::Files { self_signed, .. } => self_signed && !in_file(),
        CertificateChoice::Nothing(_) => false,
    };
    later.then(|| meaning.host().to_string())
}

/// The ports that a domain wants records for: that of mail if its mail comes here, and those of users.
fn ports(meaning: &Meaning<'_>, domain: &Published<'_>, users: &[u16]) -> Vec<u16> {
    let null = domain.mx.iter().any(|e| e.target == Target::Null);
    let users = users.iter().copied().filter(|_| !null);
    domain.comes_here(meaning.host()).then_some(MAIL_PORT).into_iter().chain(users).collect()
}

/// Name, TTL (where one is written), data and place of each record.
pub fn records<'c>(meaning: &Meaning<'c>, material: &Material<'_>) -> Vec<(String, Option<u64>, DnsData, &'c Span)> {
    let mut records = Vec::new();
    if meaning.publication.zones.signed(meaning.host().as_str()) == Signed::Unsigned {
        return records;
    }
    let (generated, users) = (generated(meaning, material), services::user_tls_ports(meaning));
    let mut seen = BTreeSet::new();
    for domain in meaning.publication.domains.iter().filter(|d| publish(d) != Some(false)) {
        let settings = dane(domain);
        let written = settings.and_then(|d| d.value.form.as_ref());
        let form = written.map_or(Some(Form::BEST), |f| form(&f.value));
        let Some(form) = form.filter(|f| f.usage >= 2) else { continue };
        let ttl = settings.and_then(|d| d.value.ttl.as_ref()).map(|t| t.value.0.as_secs());
        let span = written.map_or(domain.span, |f| &f.span);
        let others = settings.and_then(|d| d.value.names.as_ref()).into_iter().flatten().map(|n| &n.value.0);
        let others = others.filter(|_| domain.comes_here(meaning.host())).map(|name| (name, MAIL_PORT));
        let own = ports(meaning, domain, &users).into_iter().map(|port| (meaning.host(), port));
        for (name, port) in own.chain(others) {
            // Every domain asks for the same records of the host; the first that does gives the place.
            if !seen.insert((name, port, form)) {
                continue;
            }
            let mut push = |data| records.push((owner_at(port, name.as_str()), ttl, data, span));
            match &generated {
                // Of a key that is made later only the best form can be said (DANE-012).
                Some(certificate) => push(DnsData::TlsaGenerated { certificate: certificate.clone() }),
                None => {
                    for association in served(material, name).into_iter().filter_map(|leaf| association(form, leaf)) {
                        let Form { usage, selector, matching } = form;
                        push(DnsData::Tlsa { usage, selector, matching, association });
                    }
                }
            }
        }
    }
    records
}
