//! Plans of one domain, `bar.test`, small enough to be many.

use mailctl::plan::digest::Digest;
use mailctl::plan::document::{DnsRecord, MtaStsMode, MtaStsPolicy, Profile};
use mailctl::plan::{Plan, codec};
use serde_json::{Value, json};
use std::sync::LazyLock;

pub const DOMAIN: &str = "bar.test";
/// Of the zone, in seconds.
pub const NEGATIVE_TTL: u32 = 90;
pub const LIFETIME: u64 = 400;

/// What all plans have in common.
static BASE: LazyLock<Plan> = LazyLock::new(|| {
    let mut plan = codec::decode(include_bytes!("../golden/plan/full.json")).unwrap();
    plan.profile = Profile::Lab;
    plan.outbound.lifetime_seconds = LIFETIME;
    plan.domains.clear();
    plan.accounts.clear();
    plan.aliases.clear();
    plan.listeners.clear();
    plan
});

/// What differs from plan to plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shape {
    /// The host, and so the MX: `mx1.bar.test` or `mx2.bar.test`.
    pub host: u8,
    pub dane: bool,
    pub policy: Option<(MtaStsMode, u64)>,
    /// Selectors that sign.
    pub sign: Vec<u8>,
    /// Selectors that are published besides.
    pub publish: Vec<u8>,
    /// `none`, `quarantine`, `reject`.
    pub dmarc: usize,
    pub ttl: u32,
}

pub const DMARC: [&str; 3] = ["none", "quarantine", "reject"];

impl Shape {
    pub fn host(&self) -> String {
        format!("mx{}.{DOMAIN}", self.host)
    }

    pub fn plan(&self) -> Plan {
        let host = self.host();
        let mut names = vec![host.clone()];
        if self.policy.is_some() {
            names.push(format!("mta-sts.{DOMAIN}"));
        }
        names.sort();
        let key = |s: &u8| json!({ "file": { "path": format!("s{s}.pem"), "public_key": format!("KEY{s}") } });
        let selectors: Vec<Value> = self
            .sign
            .iter()
            .map(|s| json!({ "selector": format!("s{s}"), "algorithm": "rsa-sha256", "key": key(s) }))
            .collect();
        let mut domain = json!({ "dkim": selectors });
        let mut records: Vec<Value> = Vec::new();
        let mut add = |name: &str, data: Value| {
            records.push(json!({ "zone": DOMAIN, "name": name, "ttl_seconds": self.ttl, "data": data }));
        };
        add(DOMAIN, json!({ "mx": { "preference": 10, "exchange": host } }));
        add(&host, json!({ "a": format!("192.0.2.{}", self.host) }));
        add(&format!("_dmarc.{DOMAIN}"), json!({ "txt": format!("v=DMARC1; p={}", DMARC[self.dmarc]) }));
        for s in self.sign.iter().chain(self.publish.iter().filter(|s| !self.sign.contains(s))) {
            add(&format!("s{s}._domainkey.{DOMAIN}"), json!({ "txt": format!("v=DKIM1; k=rsa; p=KEY{s}") }));
        }
        if self.dane {
            add(&format!("_25._tcp.{host}"), json!({ "tlsa_generated": { "certificate": names[0] } }));
        }
        if let Some((mode, max_age)) = self.policy {
            let text = MtaStsPolicy::write(mode, max_age, std::slice::from_ref(&host));
            let id: String = Digest::of(text.as_bytes()).hex().chars().take(32).collect();
            add(&format!("_mta-sts.{DOMAIN}"), json!({ "txt": format!("v=STSv1; id={id};") }));
            add(&format!("mta-sts.{DOMAIN}"), json!({ "cname": host }));
            domain["mta_sts"] = json!({ "id": id, "text": text, "served_here": true });
        }
        let certificate = json!({ "names": names, "source": { "self_signed": {} } });
        let mut plan = BASE.clone();
        plan.host.name = host.parse().unwrap();
        plan.certificates = vec![serde_json::from_value(certificate).unwrap()];
        plan.domains.insert(DOMAIN.parse().unwrap(), serde_json::from_value(domain).unwrap());
        let mut records: Vec<DnsRecord> = serde_json::from_value(Value::Array(records)).unwrap();
        records.sort();
        plan.dns = records;
        plan
    }
}
