//! CAA records (RFC 8659) for the names that this server has certificates for.
//!
//! They stand at those names and not at the domain: there they would bind every web site below it too.

use std::collections::BTreeSet;

use crate::compiler::config::meaning::Meaning;
use crate::compiler::config::publish::policy::mailto;
use crate::compiler::config::section::certificates::Challenge;
use crate::compiler::config::section::dns::Caa;
use crate::compiler::config::spanned::Spanned;
use crate::ground::diagnostic::Span;
use crate::plan::document::DnsData;
use crate::vocabulary::mail::Domain;

/// RFC 8555 §9.7.8.
pub fn challenge_word(challenge: Challenge) -> &'static str {
    match challenge {
        Challenge::Dns01 => "dns-01",
        Challenge::Http01 => "http-01",
        Challenge::TlsAlpn01 => "tls-alpn-01",
    }
}

/// Name, data and place of each record.
pub fn records<'c>(meaning: &Meaning<'c>) -> Vec<(String, DnsData, &'c Span)> {
    let Some(caa) = meaning.config.dns.as_ref().and_then(|d| d.caa.as_ref()) else { return Vec::new() };
    let (exact, wildcard) = names(meaning);
    let mut records = Vec::new();
    for (names, tag) in [(&exact, "issue"), (&wildcard, "issuewild")] {
        for name in names {
            for issuer in &caa.issuers.value {
                let data = DnsData::Caa { flags: 0, tag: tag.to_owned(), value: issue(&issuer.value.0, caa) };
                records.push((name.clone(), data, &issuer.span));
            }
            if caa.issuers.value.is_empty() {
                // RFC 8659 §4.2: an empty issuer forbids everybody.
                let data = DnsData::Caa { flags: 0, tag: tag.to_owned(), value: ";".to_owned() };
                records.push((name.clone(), data, &caa.issuers.span));
            }
            if let Some(iodef) = &caa.iodef {
                let data = DnsData::Caa { flags: 0, tag: "iodef".to_owned(), value: mailto(&iodef.value.0) };
                records.push((name.clone(), data, &iodef.span));
            }
        }
    }
    records
}

/// The issuer with the parameters of RFC 8657 §3 and §4.
fn issue(issuer: &str, caa: &Spanned<Caa>) -> String {
    let mut value = issuer.to_owned();
    if let Some(account) = &caa.account_uri {
        value += &format!("; accounturi={}", account.value.0);
    }
    if let Some(methods) = caa.validation_methods.as_ref().filter(|m| !m.is_empty()) {
        let methods: Vec<&str> = methods.iter().map(|m| challenge_word(m.value)).collect();
        value += &format!("; validationmethods={}", methods.join(","));
    }
    value
}

/// Names with certificates of their own, and the parents of wildcard names.
fn names(meaning: &Meaning<'_>) -> (BTreeSet<String>, BTreeSet<String>) {
    let mut exact = BTreeSet::from([meaning.host().to_string()]);
    let mut wildcard = BTreeSet::new();
    let acme = meaning.certificates.acme().and_then(|acme| acme.names.as_ref());
    for name in acme.into_iter().flatten() {
        let (set, name) = match name.value.strip_prefix("*.") {
            Some(parent) => (&mut wildcard, parent),
            None => (&mut exact, name.value.as_str()),
        };
        if let Ok(name) = name.parse::<Domain>() {
            set.insert(name.to_string());
        }
    }
    (exact, wildcard)
}
