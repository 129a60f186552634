//! Record data between the plan's words and the octets of DNS messages.

use hickory_resolver::proto::rr::rdata::tlsa::{CertUsage, Matching, Selector};
use hickory_resolver::proto::rr::rdata::{A, AAAA, CNAME, MX, NULL, SRV, TLSA, TXT};
use hickory_resolver::proto::rr::{Name, RData, RecordType};
use hickory_resolver::proto::serialize::binary::{BinEncodable, BinEncoder, NameEncoding};

use crate::artefact::reconcile::dns::FoundRecord;
use crate::plan::document::DnsData;

/// RFC 1035 §3.3: a character-string.
const STRING_OCTETS_MAX: usize = 255;

/// A name of the plan: absolute, whether it has its final dot or not.
pub(super) fn name(text: &str) -> Option<Name> {
    let mut name = Name::from_ascii(text).ok()?;
    name.set_fqdn(true);
    Some(name)
}

/// As the plan writes names: lower case, without the final dot; the root is `.`.
pub(super) fn text(name: &Name) -> String {
    let text = name.to_ascii().to_ascii_lowercase();
    if name.is_root() { text } else { text.trim_end_matches('.').to_owned() }
}

/// `None` for data that is not known yet, and for names and figures that no record can hold.
pub(super) fn rdata(data: &DnsData) -> Option<RData> {
    Some(match data {
        DnsData::A(address) => RData::A(A(*address)),
        DnsData::Aaaa(address) => RData::AAAA(AAAA(*address)),
        // By its octets (RFC 8659 §4.1), since the value is any text.
        DnsData::Caa { flags, tag, value } => {
            let mut octets = vec![*flags, u8::try_from(tag.len()).ok()?];
            octets.extend_from_slice(tag.as_bytes());
            octets.extend_from_slice(value.as_bytes());
            RData::Unknown { code: RecordType::CAA, rdata: NULL::with(octets) }
        }
        DnsData::Cname(target) => RData::CNAME(CNAME(name(target)?)),
        DnsData::DkimGenerated { .. } | DnsData::TlsaGenerated { .. } => return None,
        DnsData::Mx { preference, exchange } => RData::MX(MX::new(*preference, name(exchange)?)),
        DnsData::Srv { priority, weight, port, target } => {
            RData::SRV(SRV::new(*priority, *weight, *port, name(target)?))
        }
        DnsData::Tlsa { usage, selector, matching, association } => RData::TLSA(TLSA::new(
            CertUsage::from(*usage),
            Selector::from(*selector),
            Matching::from(*matching),
            from_hex(association)?,
        )),
        DnsData::Txt(text) if text.is_empty() => RData::TXT(TXT::from_bytes(vec![b""])),
        DnsData::Txt(text) => RData::TXT(TXT::from_bytes(text.as_bytes().chunks(STRING_OCTETS_MAX).collect())),
    })
}

/// A record that was received. `None` if it cannot be written again, which no received record does.
pub(super) fn found(data: &RData) -> Option<FoundRecord> {
    let mut octets = Vec::new();
    let mut encoder = BinEncoder::new(&mut octets);
    encoder.set_name_encoding(NameEncoding::Uncompressed);
    data.emit(&mut encoder).ok()?;
    Some(FoundRecord { data: meaning(data), octets })
}

/// Octets as they were found, for a prerequisite or a deletion.
pub(super) fn as_found(kind: RecordType, record: &FoundRecord) -> RData {
    RData::Unknown { code: kind, rdata: NULL::with(record.octets.clone()) }
}

fn meaning(data: &RData) -> Option<DnsData> {
    Some(match data {
        RData::A(address) => DnsData::A(address.0),
        RData::AAAA(address) => DnsData::Aaaa(address.0),
        RData::CAA(caa) => DnsData::Caa {
            flags: caa.flags(),
            tag: caa.tag.clone(),
            value: String::from_utf8_lossy(&caa.value).into_owned(),
        },
        RData::CNAME(target) => DnsData::Cname(text(&target.0)),
        RData::MX(mx) => DnsData::Mx { preference: mx.preference, exchange: text(&mx.exchange) },
        RData::SRV(srv) => {
            DnsData::Srv { priority: srv.priority, weight: srv.weight, port: srv.port, target: text(&srv.target) }
        }
        RData::TLSA(tlsa) => DnsData::Tlsa {
            usage: tlsa.cert_usage.into(),
            selector: tlsa.selector.into(),
            matching: tlsa.matching.into(),
            association: hex(&tlsa.cert_data),
        },
        // RFC 7208 §3.3, RFC 6376 §3.6.2.2: the strings are joined without a space.
        RData::TXT(strings) => {
            DnsData::Txt(strings.txt_data.iter().map(|part| String::from_utf8_lossy(part)).collect())
        }
        _ => return None,
    })
}

pub(super) fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let pair = |at: usize| u8::from_str_radix(text.get(at..at + 2)?, 16).ok();
    if text.len() % 2 == 1 { None } else { (0..text.len()).step_by(2).map(pair).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_is_read_as_it_was_written() {
        let long = "x".repeat(300);
        let all = [
            DnsData::A("192.0.2.1".parse().unwrap()),
            DnsData::Aaaa("2001:db8::1".parse().unwrap()),
            DnsData::Cname("mail.example.org".into()),
            DnsData::Mx { preference: 10, exchange: "mail.example.org".into() },
            DnsData::Mx { preference: 0, exchange: ".".into() },
            DnsData::Srv { priority: 0, weight: 1, port: 993, target: "mail.example.org".into() },
            DnsData::Tlsa { usage: 3, selector: 1, matching: 1, association: "00ff".repeat(16) },
            DnsData::Txt(long),
            DnsData::Txt(String::new()),
        ];
        for data in all {
            let found = found(&rdata(&data).unwrap()).unwrap();
            assert_eq!(found.data, Some(data));
        }
        let generated = DnsData::TlsaGenerated { certificate: "mail.example.org".into() };
        assert!(rdata(&generated).is_none());
        let odd = DnsData::Tlsa { usage: 3, selector: 1, matching: 1, association: "0".into() };
        assert!(rdata(&odd).is_none());
    }

    #[test]
    fn rfc8659_4_1_a_value_is_any_text() {
        let caa = DnsData::Caa { flags: 128, tag: "issue".into(), value: "ca.example; accounturi=https://x/1".into() };
        let octets = found(&rdata(&caa).unwrap()).unwrap().octets;
        assert_eq!(octets, b"\x80\x05issueca.example; accounturi=https://x/1");
    }
}
