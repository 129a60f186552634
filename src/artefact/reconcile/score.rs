//! How far a mail server keeps to what public tests ask of one.
//!
//! The criteria are those of internet.nl's e-mail test (IPv6, DNSSEC, DMARC/DKIM/SPF, STARTTLS and DANE) and of
//! Hardenize (MTA-STS, TLS-RPT, certificates, reverse names). The weights are ours: what protects mail of others from
//! forgery and eavesdropping weighs double. What was not seen is not counted, for or against.
//!
//! Not counted: routing (RPKI), which belongs to whoever announces the addresses; and old versions of TLS, which this
//! server's library does not speak at all.

use serde::Serialize;

use super::dns::judge::LiveFinding;
use super::dns::sight::{DoorSight, Sight, TlsSight, Trust};
use crate::plan::Plan;
use crate::plan::document::{DnsData, MtaStsMode, Protocol};

/// One thing that a public test asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Criterion {
    pub name: &'static str,
    /// Who asks for it.
    pub source: &'static str,
    pub weight: u32,
    /// `None`: not seen.
    pub met: Option<bool>,
    /// What to do next, where it is not met.
    pub next: String,
}

/// All criteria for one plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Score {
    /// Of 100, rounded down; 0 if nothing was seen.
    pub points: u32,
    pub criteria: Vec<Criterion>,
}

const INTERNET_NL: &str = "internet.nl";
const HARDENIZE: &str = "Hardenize";

/// Scores what was seen.
pub fn score(plan: &Plan, sight: &Sight, findings: &[LiveFinding]) -> Score {
    let view = View { plan, sight, findings };
    let mut criteria = Vec::new();
    let mut add = |name, source, weight, met: Option<bool>, next: &str| {
        let next = if met == Some(false) { next.to_owned() } else { String::new() };
        criteria.push(Criterion { name, source, weight, met, next });
    };
    add(
        "IPv6",
        INTERNET_NL,
        10,
        view.ipv6(),
        "add an IPv6 address to `host.addresses`, and see that port 25 answers there",
    );
    add(
        "DNSSEC",
        INTERNET_NL,
        10,
        view.dnssec(),
        "sign the zones, hand their DS records to the parents, say `dnssec: signed`",
    );
    add("SPF", INTERNET_NL, 10, view.spf(), "publish the SPF record of `mailctl dns records`, ending in ~all or -all");
    add("DKIM", INTERNET_NL, 10, view.dkim(), "publish the keys of `mailctl dns records`");
    add("DMARC", INTERNET_NL, 10, view.dmarc(), "once reports are clean: dmarc: { policy: quarantine }, then reject");
    add("STARTTLS", INTERNET_NL, 10, view.starttls(), "see why port 25 does not offer STARTTLS");
    add("TLS version", INTERNET_NL, 5, view.tls(|tls| tls.version == "1.3"), "let TLS 1.3 be spoken on port 25");
    add("Cipher suites", INTERNET_NL, 5, view.tls(strong), "use the profile `intermediate` or `modern`");
    add(
        "Certificate",
        HARDENIZE,
        5,
        view.without(&["CERT-002", "CERT-004"], view.seen_tls()),
        "serve a certificate for the host that has not ended",
    );
    add("DANE", INTERNET_NL, 10, view.dane(), "sign the host's zone; the TLSA records follow by themselves");
    add(
        "MTA-STS",
        HARDENIZE,
        5,
        view.mta_sts(),
        "mta_sts: { mode: testing }, `enforce` when reports are clean, and the policy served as planned",
    );
    add("TLS-RPT", HARDENIZE, 5, view.tls_rpt(), "tls_rpt: {} in each domain");
    add(
        "Reverse names",
        HARDENIZE,
        5,
        view.without(&["DNS-006"], !sight.sets.is_empty()),
        "have the provider set PTR records to the host's name",
    );
    let counted = || criteria.iter().filter_map(|criterion| criterion.met.map(|met| (criterion.weight, met)));
    let total: u32 = counted().map(|(weight, _)| weight).sum();
    let reached: u32 = counted().filter(|(_, met)| *met).map(|(weight, _)| weight).sum();
    Score { points: (reached * 100).checked_div(total).unwrap_or(0), criteria }
}

/// Forward secrecy and AEAD (RFC 9325 §4.2).
fn strong(tls: &TlsSight) -> bool {
    tls.cipher.starts_with("TLS13_") || (tls.cipher.contains("_ECDHE_") && !tls.cipher.contains("_CBC_"))
}

struct View<'v> {
    plan: &'v Plan,
    sight: &'v Sight,
    findings: &'v [LiveFinding],
}

impl View<'_> {
    fn smtp(&self) -> Vec<&DoorSight> {
        let smtp = |door: &&DoorSight| {
            self.plan.listeners.get(&door.listener).is_some_and(|listener| listener.protocol == Protocol::Smtp)
        };
        self.sight.doors.iter().filter(smtp).collect()
    }

    /// What each domain has to fulfil; `None` if nothing is known of any.
    fn every_domain(&self, known: impl Fn(&str) -> Option<bool>) -> Option<bool> {
        let all: Vec<bool> = self.plan.domains.keys().filter_map(|domain| known(domain.as_str())).collect();
        (!all.is_empty()).then(|| all.into_iter().all(|met| met))
    }

    fn without(&self, codes: &[&str], seen: bool) -> Option<bool> {
        seen.then(|| !self.findings.iter().any(|finding| codes.contains(&finding.code)))
    }

    fn seen_tls(&self) -> bool {
        self.sight.doors.iter().any(|door| matches!(door.met, Ok(Some(_))))
    }

    fn ipv6(&self) -> Option<bool> {
        let found = self.sight.addresses(self.plan.host.name.as_str())?;
        let doors = self.smtp();
        let reached = doors.is_empty() || doors.iter().any(|door| door.address.is_ipv6() && door.met.is_ok());
        Some(found.iter().any(|address| address.is_ipv6()) && reached)
    }

    fn dnssec(&self) -> Option<bool> {
        let known: Vec<bool> = self
            .sight
            .zones
            .values()
            .filter(|zone| !matches!(zone.trust, Trust::Unknown(_)))
            .map(|zone| zone.trust == Trust::Secure)
            .collect();
        (!known.is_empty()).then(|| known.into_iter().all(|secure| secure))
    }

    fn spf(&self) -> Option<bool> {
        self.every_domain(|domain| {
            self.sight.set(domain, "TXT")?;
            let ends = self.texts(domain).iter().any(|text| {
                text.starts_with("v=spf1")
                    && (text.contains("-all") || text.contains("~all") || text.contains("redirect="))
            });
            let passes =
                self.sight.spf.get(domain).is_some_and(|spf| spf.results.values().all(|result| result == "pass"));
            Some(ends && passes)
        })
    }

    fn dkim(&self) -> Option<bool> {
        self.every_domain(|domain| {
            let settings = self.plan.domains.iter().find(|(name, _)| name.as_str() == domain)?.1;
            let published = |selector: &str| {
                let set = self.sight.set(&format!("{selector}._domainkey.{domain}"), "TXT")?;
                let bad =
                    self.findings.iter().any(|f| f.code == "DKIM-009" && f.subject.ends_with(&format!(".{domain}")));
                Some(!set.data.is_empty() && !bad)
            };
            let all: Vec<bool> = settings.dkim.iter().filter_map(|selector| published(&selector.selector)).collect();
            (!all.is_empty() || settings.dkim.is_empty()).then(|| !all.is_empty() && all.into_iter().all(|met| met))
        })
    }

    fn dmarc(&self) -> Option<bool> {
        self.every_domain(|domain| {
            let name = format!("_dmarc.{domain}");
            self.sight.set(&name, "TXT")?;
            let strict = |text: &&String| text.starts_with("v=DMARC1") && !text.contains("p=none");
            let readable = !self.findings.iter().any(|f| f.code == "DNS-042" && f.subject == name);
            Some(readable && self.texts(&name).iter().filter(strict).count() == 1)
        })
    }

    fn starttls(&self) -> Option<bool> {
        let doors = self.smtp();
        (!doors.is_empty()).then(|| doors.iter().all(|door| matches!(door.met, Ok(Some(_)))))
    }

    fn tls(&self, good: impl Fn(&TlsSight) -> bool) -> Option<bool> {
        let met: Vec<&TlsSight> = self.smtp().into_iter().filter_map(|door| door.met.as_ref().ok()?.as_ref()).collect();
        (!met.is_empty()).then(|| met.into_iter().all(good))
    }

    fn dane(&self) -> Option<bool> {
        let name = format!("_25._tcp.{}", self.plan.host.name);
        let found = self.sight.set(&name, "TLSA")?;
        let secure = self.sight.sets.get(&(name.clone(), "TLSA".to_owned())).and_then(|set| set.zone.as_ref());
        let secure = secure.and_then(|zone| self.sight.zones.get(zone)).is_some_and(|zone| zone.trust == Trust::Secure);
        let fits = !self.findings.iter().any(|f| ["DANE-001", "DANE-005"].contains(&f.code) && f.subject == name);
        Some(!found.data.is_empty() && secure && fits)
    }

    fn mta_sts(&self) -> Option<bool> {
        self.every_domain(|domain| {
            let planned = self.plan.domains.iter().find(|(name, _)| name.as_str() == domain)?.1.mta_sts.as_ref();
            let Some(planned) = planned else { return Some(false) };
            let fetched = self.sight.policies.get(domain)?;
            Some(
                planned.mode() == MtaStsMode::Enforce
                    && fetched.is_ok()
                    && !self
                        .findings
                        .iter()
                        .any(|f| f.code.starts_with("STS-0") && f.subject.ends_with(domain) && f.code != "STS-011"),
            )
        })
    }

    fn tls_rpt(&self) -> Option<bool> {
        self.every_domain(|domain| {
            let name = format!("_smtp._tls.{domain}");
            let planned = self.plan.dns.iter().any(|record| record.name == name);
            if !planned {
                return Some(false);
            }
            self.sight.set(&name, "TXT")?;
            Some(self.texts(&name).iter().any(|text| text.starts_with("v=TLSRPTv1")))
        })
    }

    fn texts(&self, name: &str) -> Vec<String> {
        let data = self.sight.set(name, "TXT").into_iter().flat_map(|set| &set.data);
        data.filter_map(|data| match data {
            DnsData::Txt(text) => Some(text.clone()),
            _ => None,
        })
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::example::full;

    #[test]
    fn what_was_not_seen_is_not_counted_and_what_is_lost_says_what_to_do() {
        let score = score(&full(), &Sight::default(), &[]);
        for criterion in &score.criteria {
            // The plan alone says that a domain signs nothing, has no policy, or asks for no reports.
            let planned = ["DKIM", "MTA-STS", "TLS-RPT"].contains(&criterion.name);
            assert!(planned || criterion.met.is_none(), "{criterion:?}");
            assert_eq!(criterion.next.is_empty(), criterion.met != Some(false), "{criterion:?}");
        }
        assert_eq!(score.criteria.iter().map(|criterion| criterion.weight).sum::<u32>(), 100);
    }
}
