//! What receivers of our mail look at: reverse names, SPF, reports, block lists.

use std::net::IpAddr;

use super::{Case, listed};
use crate::artefact::reconcile::dns::sight::ListVerdict;
use crate::plan::document::{DnsData, Role};

/// RFC 7208 §4.6.4.
const SPF_LOOK_UPS_MAX: usize = 10;

pub(super) fn judge(case: &mut Case<'_>) {
    if case.plan.host.role != Role::ReceiveOnly {
        reverse(case);
        spf(case);
    }
    reports(case);
    block_lists(case);
}

/// RFC 1912 §2.1: the reverse name exists, is the one we greet with, and leads back.
fn reverse(case: &mut Case<'_>) {
    let sight = case.sight;
    let host = case.plan.host.name.as_str();
    for address in case.plan.host.addresses.iter().filter(|address| !address.is_loopback()) {
        let reverse = reverse_name(*address);
        let Some(found) = sight.resolved(&reverse, "PTR") else { continue };
        let subject = address.to_string();
        let fix = format!("ask the provider of the address for: {reverse}. PTR {host}.");
        if found.records.is_empty() {
            let detail = format!("{address} has no reverse name; many receivers refuse such mail.");
            case.error("DNS-006", &subject, detail, fix);
        } else if !found.records.iter().any(|name| name == host) {
            let detail =
                format!("The reverse name of {address} is {}, and we greet as {host}.", listed(&found.records));
            case.error("DNS-006", &subject, detail, fix);
        } else if sight.addresses(host).is_some_and(|addresses| !addresses.contains(address)) {
            let detail = format!("The reverse name {host} of {address} does not lead back to it.");
            case.error("DNS-006", &subject, detail, format!("publish {address} as an address of {host}"));
        }
    }
}

/// RFC 1035 §3.5, RFC 3596 §2.5.
pub fn reverse_name(address: IpAddr) -> String {
    match address {
        IpAddr::V4(v4) => {
            let [a, b, c, d] = v4.octets();
            format!("{d}.{c}.{b}.{a}.in-addr.arpa")
        }
        IpAddr::V6(v6) => {
            let nibbles = |octet: &u8| format!("{:x}.{:x}.", octet & 0xf, octet >> 4);
            v6.octets().iter().rev().map(nibbles).collect::<String>() + "ip6.arpa"
        }
    }
}

fn spf(case: &mut Case<'_>) {
    let sight = case.sight;
    for (domain, found) in &sight.spf {
        if found.look_ups > SPF_LOOK_UPS_MAX {
            let detail = format!(
                "The SPF record of {domain} needs {} look-ups; receivers stop at {SPF_LOOK_UPS_MAX} and call it an error.",
                found.look_ups
            );
            case.error("DNS-009", domain, detail, "include fewer others, or name their networks");
            continue;
        }
        if case.fired("DNS-008", domain) {
            continue;
        }
        for (address, result) in found.results.iter().filter(|(_, result)| *result != "pass") {
            let detail = format!("SPF of {domain} says `{result}` of our own address {address}.");
            let fix = format!("publish {}", wanted_spf(case, domain));
            case.error("DNS-041", domain, detail, fix);
        }
    }
}

fn wanted_spf(case: &Case<'_>, domain: &str) -> String {
    let set = case.wanted.get(&(domain.to_owned(), "TXT".to_owned()));
    let spf = set.into_iter().flatten().map(|record| record.data.to_string()).find(|text| text.starts_with("v=spf1"));
    spf.map_or_else(|| "an SPF record that names it".to_owned(), |text| format!("`{text}`"))
}

/// RFC 7489 §7.1: who receives reports of another domain says so in DNS.
fn reports(case: &mut Case<'_>) {
    let sight = case.sight;
    for ((name, kind), found) in &sight.sets {
        let Some((domain, other)) = name.split_once("._report._dmarc.").filter(|_| kind == "TXT") else { continue };
        let Some(resolved) = &found.resolved else { continue };
        if !resolved.records.iter().any(|text| text.starts_with("v=DMARC1")) {
            let detail = format!("{other} does not say that it takes DMARC reports of {domain}: none are sent there.");
            let fix = format!("have {other} publish: {name}. TXT \"v=DMARC1\"");
            case.warn("DNS-018", domain, detail, fix);
        }
    }
}

/// Where reports of `text`, the DMARC record of `domain`, go that must be authorised: names to ask for a TXT record.
pub fn report_names(domain: &str, text: &str) -> Vec<String> {
    let addresses = text.split("mailto:").skip(1).filter_map(|rest| rest.split([',', ';', '!', ' ']).next());
    let domains = addresses.filter_map(|address| address.rsplit_once('@')).map(|(_, other)| other.to_ascii_lowercase());
    let foreign = |other: &String| {
        other != domain && !other.ends_with(&format!(".{domain}")) && !domain.ends_with(&format!(".{other}"))
    };
    domains.filter(foreign).map(|other| format!("{domain}._report._dmarc.{other}")).collect()
}

/// The DMARC record among texts.
pub fn dmarc(data: &[DnsData]) -> Option<&str> {
    data.iter().find_map(|data| match data {
        DnsData::Txt(text) if text.starts_with("v=DMARC1") => Some(text.as_str()),
        _ => None,
    })
}

fn block_lists(case: &mut Case<'_>) {
    let sight = case.sight;
    for listing in &sight.listings {
        if let ListVerdict::Listed(code) = &listing.verdict {
            let (address, list) = (listing.address, &listing.list);
            let detail = format!("{address} is on the block list {list} ({code}): its users refuse or junk our mail.");
            let fix = format!("find out why (the list's web site says), end it, then ask {list} to remove {address}");
            case.error("DNS-040", &address.to_string(), detail, fix);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_others_must_authorise_reports() {
        let text = "v=DMARC1; p=none; rua=mailto:a@example.org,mailto:b@sub.example.org,mailto:c@other.example!10m";
        assert_eq!(report_names("example.org", text), ["example.org._report._dmarc.other.example"]);
    }

    #[test]
    fn reverse_names() {
        assert_eq!(reverse_name("192.0.2.10".parse().unwrap()), "10.2.0.192.in-addr.arpa");
        assert!(reverse_name("2001:db8::1".parse().unwrap()).starts_with("1.0.0.0."));
    }
}
