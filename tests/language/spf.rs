//! SPF evaluated against a zone (RFC 7208), written from the standard and not from the generator of the records.
//!
//! Names outside the zone that begin with `_spf.` are records of relays: they name one address of the caller's choice.

use std::net::IpAddr;

use crate::zone::Zone;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Fail,
    Neutral,
    None,
    Pass,
    PermanentError,
    Softfail,
}

/// `check_host()` of RFC 7208 §4 for a sender in `domain`; counts look-ups (§4.6.4).
pub fn evaluate(zone: &Zone, domain: &str, sender: IpAddr, lookups: &mut u32, relay: IpAddr) -> Verdict {
    *lookups = 0;
    check(zone, domain, sender, lookups, relay)
}

fn check(zone: &Zone, domain: &str, sender: IpAddr, lookups: &mut u32, relay: IpAddr) -> Verdict {
    let foreign = format!("v=spf1 ip4:{relay} -all");
    let mut records: Vec<&str> =
        zone.of(domain, &["TXT"]).filter(|t| *t == "v=spf1" || t.starts_with("v=spf1 ")).collect();
    if records.is_empty() && domain.starts_with("_spf.") {
        records.push(&foreign);
    }
    let [record] = records.as_slice() else {
        return if records.is_empty() { Verdict::None } else { Verdict::PermanentError };
    };
    for term in record.split(' ').skip(1) {
        let (qualifier, mechanism) = match term.split_at(1) {
            (sign @ ("+" | "-" | "~" | "?"), rest) => (sign, rest),
            _ => ("+", term),
        };
        let matched = match matches(zone, domain, mechanism, sender, lookups, relay) {
            Some(matched) => matched,
            None => return Verdict::PermanentError,
        };
        if *lookups > 10 {
            return Verdict::PermanentError;
        }
        if matched {
            return match qualifier {
                "-" => Verdict::Fail,
                "~" => Verdict::Softfail,
                "?" => Verdict::Neutral,
                _ => Verdict::Pass,
            };
        }
    }
    Verdict::Neutral
}

/// Whether a mechanism matches; `None` for one that does not exist.
fn matches(
    zone: &Zone,
    domain: &str,
    mechanism: &str,
    sender: IpAddr,
    lookups: &mut u32,
    relay: IpAddr,
) -> Option<bool> {
    let (name, value) = mechanism.split_once(':').unwrap_or((mechanism, domain));
    let addresses = |host: &str| zone.of(host, &["A", "AAAA"]).any(|d| d.parse() == Ok(sender));
    Some(match name {
        "all" => true,
        "ip4" | "ip6" => {
            let network: mailctl::vocabulary::network::Network = value.parse().ok()?;
            network.contains(sender)
        }
        "a" => {
            *lookups += 1;
            addresses(value)
        }
        "mx" => {
            *lookups += 1;
            zone.of(value, &["MX"]).filter_map(|mx| mx.split(' ').nth(1)).any(|h| addresses(h.trim_end_matches('.')))
        }
        "include" => {
            *lookups += 1;
            match check(zone, value, sender, lookups, relay) {
                Verdict::Pass => true,
                Verdict::None | Verdict::PermanentError => return None,
                Verdict::Fail | Verdict::Neutral | Verdict::Softfail => false,
            }
        }
        _ => return None,
    })
}

#[test]
fn the_evaluator_knows_the_standard() {
    let zone = Zone::read(
        "; zone x.org\nx.org. 1 IN TXT \"v=spf1 mx ip4:192.0.2.0/24 include:_spf.y.org ~all\"\n\
         x.org. 1 IN MX 10 m.x.org.\nm.x.org. 1 IN A 203.0.113.1\n",
    );
    let relay = "198.51.100.9".parse().unwrap();
    let mut lookups = 0;
    for (sender, verdict) in [
        ("203.0.113.1", Verdict::Pass),
        ("192.0.2.200", Verdict::Pass),
        ("198.51.100.9", Verdict::Pass),
        ("198.51.100.10", Verdict::Softfail),
    ] {
        assert_eq!(evaluate(&zone, "x.org", sender.parse().unwrap(), &mut lookups, relay), verdict, "{sender}");
    }
    assert_eq!(lookups, 2);
    assert_eq!(evaluate(&zone, "m.x.org", relay, &mut lookups, relay), Verdict::None);
}
