//! Names that neither send nor receive mail: `dns.parked`.
//!
//! RFC 7505 (null MX), RFC 7208 §10.1.2 (`v=spf1 -all`), RFC 7489 §6.3 (`p=reject`). Nobody can then send in their name with
//! success, and mail to them fails at once.

use crate::compiler::config::meaning::Meaning;
use crate::compiler::config::section::leaf::DnsName;
use crate::compiler::config::spanned::Spanned;
use crate::ground::diagnostic::Span;
use crate::plan::document::DnsData;

/// Zone, name, data and place of each record. A name that is used for mail has none (DNS-034).
pub fn records<'c>(meaning: &Meaning<'c>) -> Vec<(String, String, DnsData, &'c Span)> {
    let names = meaning.config.dns.as_ref().and_then(|d| d.parked.as_ref()).into_iter().flat_map(|p| p.value.iter());
    let null = |name: &str| {
        [
            (name.to_owned(), DnsData::Mx { preference: 0, exchange: ".".to_owned() }),
            (name.to_owned(), DnsData::Txt("v=spf1 -all".to_owned())),
            (format!("_dmarc.{name}"), DnsData::Txt("v=DMARC1; p=reject".to_owned())),
        ]
    };
    let of = |name: &'c Spanned<DnsName>| {
        let (name, span) = (&name.value, &name.span);
        // A name in no known zone is one of its own: whole domains are parked more often than not.
        let zone = meaning.publication.zones.known(&name.0).unwrap_or(&name.0).to_owned();
        null(&name.0).map(|(owner, data)| (zone.clone(), owner, data, span))
    };
    let used = |name: &str| name == meaning.host().as_str() || meaning.domains.iter().any(|d| d.name.as_str() == name);
    names.filter(|name| !used(&name.value.0)).flat_map(of).collect()
}
