//! What was seen of the live world: answers of DNS, as data.
//!
//! The compiler asks nobody. [`questions`] says what the rules of phase D want to know of a plan; whoever has a
//! resolver asks, and hands the answers in with [`Inputs`](super::Inputs). Equal answers give equal findings.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::net::IpAddr;

use crate::ground::limits;
use crate::plan::Plan;
use crate::plan::document::DnsData;

/// Types of records that are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    A,
    Aaaa,
    Caa,
    Cname,
    Mx,
    Ptr,
    Srv,
    Tlsa,
    Txt,
}

/// A name and type to ask for. Names are in lower case, without the final dot.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Question {
    pub name: String,
    pub kind: Kind,
}

/// What came back, each record as in a zone file: `10 mail.example.org`, an address, the joined text of a TXT.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answer {
    pub records: Vec<String>,
    /// Whether the answer was validated (DNSSEC).
    pub secure: bool,
}

/// All answers. A question that could not be asked has none, and no rule speaks about it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Observed {
    pub answers: BTreeMap<Question, Answer>,
}

impl Kind {
    pub const ALL: [Self; 9] =
        [Self::A, Self::Aaaa, Self::Caa, Self::Cname, Self::Mx, Self::Ptr, Self::Srv, Self::Tlsa, Self::Txt];

    /// The type's mnemonic (RFC 1035 §3.2.2).
    pub fn word(self) -> &'static str {
        match self {
            Self::A => "A",
            Self::Aaaa => "AAAA",
            Self::Caa => "CAA",
            Self::Cname => "CNAME",
            Self::Mx => "MX",
            Self::Ptr => "PTR",
            Self::Srv => "SRV",
            Self::Tlsa => "TLSA",
            Self::Txt => "TXT",
        }
    }
}

impl Observed {
    /// The records there; empty for a name without them, `None` if nobody knows.
    pub fn records(&self, name: &str, kind: Kind) -> Option<&[String]> {
        let question = Question { name: name.to_ascii_lowercase(), kind };
        self.answers.get(&question).map(|answer| answer.records.as_slice())
    }

    /// The addresses of a name, if both families are known.
    pub fn addresses(&self, name: &str) -> Option<BTreeSet<IpAddr>> {
        let both = self.records(name, Kind::A)?.iter().chain(self.records(name, Kind::Aaaa)?);
        Some(both.filter_map(|text| text.parse().ok()).collect())
    }
}

/// The name under which an address has its PTR record (RFC 1035 §3.5, RFC 3596 §2.5).
pub fn reverse(address: IpAddr) -> String {
    match address {
        IpAddr::V4(v4) => {
            let [a, b, c, d] = v4.octets();
            format!("{d}.{c}.{b}.{a}.in-addr.arpa")
        }
        IpAddr::V6(v6) => {
            let mut name = String::new();
            for octet in v6.octets().iter().rev() {
                let _ = write!(name, "{:x}.{:x}.", octet & 0xf, octet >> 4);
            }
            name + "ip6.arpa"
        }
    }
}

/// What to ask about a plan, each once, at most [`limits::OBSERVATIONS_MAX`].
pub fn questions(plan: &Plan) -> Vec<Question> {
    let mut wanted = BTreeSet::new();
    let mut ask = |name: &str, kind| wanted.insert(Question { name: name.to_ascii_lowercase(), kind });
    let host = plan.host.name.as_str();
    for kind in [Kind::A, Kind::Aaaa, Kind::Cname] {
        ask(host, kind);
    }
    for address in &plan.host.addresses {
        ask(&reverse(*address), Kind::Ptr);
    }
    for domain in plan.domains.keys() {
        ask(domain.as_str(), Kind::Mx);
    }
    for record in &plan.dns {
        let kind = match &record.data {
            DnsData::A(_) => Kind::A,
            DnsData::Aaaa(_) => Kind::Aaaa,
            DnsData::Caa { .. } => Kind::Caa,
            DnsData::Cname(_) => Kind::Cname,
            DnsData::Srv { .. } => Kind::Srv,
            DnsData::Tlsa { .. } | DnsData::TlsaGenerated { .. } => Kind::Tlsa,
            DnsData::Mx { .. } => Kind::Mx,
            DnsData::DkimGenerated { .. } | DnsData::Txt(_) => Kind::Txt,
        };
        ask(&record.name, kind);
    }
    for record in &plan.dns {
        let DnsData::Txt(text) = &record.data else { continue };
        if text.starts_with("v=spf1") {
            for (name, kinds) in text.split(' ').filter_map(spf_question) {
                for kind in kinds {
                    ask(name, *kind);
                }
            }
        }
        if let Some(domain) = record.name.strip_prefix("_dmarc.") {
            // RFC 7489 §7.1: whether the others want our reports.
            for other in text.split("mailto:").skip(1).filter_map(|m| m.split([',', ';', '!']).next()?.rsplit_once('@'))
            {
                ask(&format!("{domain}._report._dmarc.{}", other.1), Kind::Txt);
            }
        }
    }
    wanted.into_iter().take(limits::OBSERVATIONS_MAX).collect()
}

/// What a receiver asks DNS for a term of SPF; `None` where nothing, or nothing that is known before a message is there.
pub fn spf_question(term: &str) -> Option<(&str, &'static [Kind])> {
    let bare = term.strip_prefix(['+', '-', '~', '?']).unwrap_or(term);
    let (word, name) = bare.split_once([':', '='])?;
    let name = name.split('/').next().filter(|n| !n.contains('%'))?;
    match word {
        "include" | "redirect" => Some((name, &[Kind::Txt])),
        "a" => Some((name, &[Kind::A, Kind::Aaaa])),
        "mx" => Some((name, &[Kind::Mx])),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reverse_names() {
        assert_eq!(reverse("192.0.2.10".parse().unwrap()), "10.2.0.192.in-addr.arpa");
        assert_eq!(
            reverse("2001:db8::10".parse().unwrap()),
            "0.1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa"
        );
    }
}
