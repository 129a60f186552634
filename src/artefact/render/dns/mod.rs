//! The records that a plan wants published, in the forms that people, tools and name servers take.
//!
//! [`records`] resolves what the plan cannot know (the public halves of keys that are made at activation), [`requests`]
//! says what others must be asked for. Each form then is one file: [`table`] and [`markdown`] for people, [`zone`] a
//! master file (RFC 1035 §5) and [`nsupdate`] a script (RFC 2136) for name servers, [`octodns`], [`dnscontrol`] and
//! [`terraform`] for their tools, [`json`] for programs.
//!
//! Invariants: every form holds the same record sets, which `tests/dns_formats.sh` sees by having each read back by its
//! tool; names are absolute or relative as the tool reads them; every character-string of a TXT record has at most 255
//! octets (RFC 1035 §3.3); a key that is not made yet is shown as missing, never as an empty `p=`, which would revoke it
//! (RFC 6376 §3.6.1).
//!
//! Not here: asking what is published, and pushing records to a name server.

mod dnscontrol;
mod json;
mod markdown;
mod nsupdate;
mod octodns;
mod presentation;
mod requests;
mod sets;
mod table;
pub mod terraform;
mod zone;

use std::collections::BTreeMap;

use crate::plan::Plan;
use crate::plan::document::{DkimAlgorithm, DnsData, DnsRecord, RecordFormat};

pub use dnscontrol::dnscontrol;
pub use json::json;
pub use markdown::markdown;
pub use nsupdate::nsupdate;
pub use octodns::octodns;
pub use requests::{Request, requests};
pub use table::table;
pub use zone::zone;

/// A form as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rendered {
    One(String),
    /// A file for each zone: its name, e.g. `example.org.yaml`, and its text.
    Zones(BTreeMap<String, String>),
}

/// `records` of a plan in a form that other tools read.
pub fn render(format: RecordFormat, plan: &Plan, records: &[DnsRecord]) -> Rendered {
    Rendered::One(match format {
        RecordFormat::Dnscontrol => dnscontrol(records),
        RecordFormat::Json => format!("{:#}\n", json(records, &requests(plan))),
        RecordFormat::Markdown => markdown(records, &requests(plan)),
        RecordFormat::Nsupdate => nsupdate(records, &plan.publication),
        RecordFormat::Octodns => {
            let files = octodns(records).into_iter();
            return Rendered::Zones(files.map(|(zone, text)| (format!("{zone}.yaml"), text)).collect());
        }
        RecordFormat::Terraform => terraform::generic(records),
        RecordFormat::TerraformCloudflare => terraform::cloudflare(records),
        RecordFormat::TerraformRoute53 => terraform::route53(records),
        RecordFormat::Zone => zone(records),
    })
}

/// Public halves of the DKIM keys made at activation, as `p=` wants them (base64): by domain (A-labels)
/// and selector.
pub type PublicKeys = BTreeMap<(String, String), String>;

/// What the plan does not know and the state folder does.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Known {
    pub dkim: PublicKeys,
    /// SHA-256 (hex) of the SubjectPublicKeyInfo of each key to be announced, by a certificate's first name.
    pub spki: BTreeMap<String, Vec<String>>,
}

/// The plan's records with what is `known` filled in, in the plan's order. What is left as generated
/// ([`DnsData::is_generated`]) is not known yet, and cannot be published.
pub fn records(plan: &Plan, known: &Known) -> Vec<DnsRecord> {
    plan.dns.iter().flat_map(|record| resolved(record, known)).collect()
}

fn resolved(record: &DnsRecord, known: &Known) -> Vec<DnsRecord> {
    let data: Vec<DnsData> = match &record.data {
        DnsData::DkimGenerated { domain, selector, algorithm } => {
            let key = known.dkim.get(&(domain.clone(), selector.clone())).filter(|key| !key.is_empty());
            key.map(|key| DnsData::Txt(key_record(*algorithm, key))).into_iter().collect()
        }
        DnsData::TlsaGenerated { certificate } => {
            let keys = known.spki.get(certificate).into_iter().flatten();
            let tlsa = |key: &String| DnsData::Tlsa { usage: 3, selector: 1, matching: 1, association: key.clone() };
            keys.map(tlsa).collect()
        }
        _ => Vec::new(),
    };
    if data.is_empty() {
        return vec![record.clone()];
    }
    data.into_iter().map(|data| DnsRecord { data, ..record.clone() }).collect()
}

/// RFC 6376 §3.6.1; `k=ed25519` of RFC 8463 §4.
fn key_record(algorithm: DkimAlgorithm, key: &str) -> String {
    match algorithm {
        DkimAlgorithm::Ed25519Sha256 => format!("v=DKIM1; k=ed25519; p={key}"),
        DkimAlgorithm::RsaSha256 => format!("v=DKIM1; k=rsa; p={key}"),
    }
}

/// What the reader of a form is told of a key that is not there.
const PENDING: &str = "the key is made when the plan is activated; run this command again then";
