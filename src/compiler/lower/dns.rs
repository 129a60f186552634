//! The plan's part about DNS: the records that the configuration wants, and how they are published.

use std::collections::HashMap;

use crate::compiler::config::meaning::Meaning;
use crate::compiler::config::records::Wanted;
use crate::compiler::config::section::dns::{Publish, PublishFormat, Rfc2136, Signed, Tsig};
use crate::plan::document::{DnsRecord, Publication, PublishWay, RecordFormat, TsigAlgorithm};

/// Sorted and without repetitions. Of records with one name and type the smallest TTL holds for all: RFC 2181 §5.2, they
/// must not differ.
pub fn records(wanted: &[Wanted<'_>]) -> Vec<DnsRecord> {
    let mut records: Vec<DnsRecord> = wanted.iter().map(|w| w.record.clone()).collect();
    if records.iter().any(|record| Some(record.ttl_seconds) != records.first().map(|first| first.ttl_seconds)) {
        let mut ttls: HashMap<(&str, &str), u32> = HashMap::with_capacity(wanted.len());
        for Wanted { record, .. } in wanted {
            let ttl = ttls.entry((&record.name, record.data.kind())).or_insert(record.ttl_seconds);
            *ttl = record.ttl_seconds.min(*ttl);
        }
        for record in &mut records {
            if let Some(ttl) = ttls.get(&(record.name.as_str(), record.data.kind())) {
                record.ttl_seconds = *ttl;
            }
        }
    }
    records.sort();
    records.dedup();
    records
}

/// Of the zones that hold `records`.
pub fn publication(meaning: &Meaning<'_>, records: &[DnsRecord]) -> Publication {
    let signed = |zone: &str| meaning.publication.zones.signed(zone) == Signed::Signed;
    let zones = records.iter().map(|record| (record.zone.clone(), signed(&record.zone)));
    let written = meaning.config.dns.as_ref().and_then(|d| d.publish.as_ref());
    Publication { way: written.map_or(PublishWay::Print, |w| way(&w.value)), zones: zones.collect() }
}

fn way(publish: &Publish) -> PublishWay {
    match publish {
        Publish::File(file) => PublishWay::File {
            format: match file.value.format.value {
                PublishFormat::Dnscontrol => RecordFormat::Dnscontrol,
                PublishFormat::Json => RecordFormat::Json,
                PublishFormat::Markdown => RecordFormat::Markdown,
                PublishFormat::Nsupdate => RecordFormat::Nsupdate,
                PublishFormat::Octodns => RecordFormat::Octodns,
                PublishFormat::Terraform => RecordFormat::Terraform,
                PublishFormat::TerraformCloudflare => RecordFormat::TerraformCloudflare,
                PublishFormat::TerraformRoute53 => RecordFormat::TerraformRoute53,
                PublishFormat::Zone => RecordFormat::Zone,
            },
            path: file.value.path.value.0.clone(),
        },
        Publish::Print(_) => PublishWay::Print,
        Publish::Rfc2136(primary) => {
            let Rfc2136 { server, key_name, key, algorithm } = &primary.value;
            PublishWay::Rfc2136 {
                server: server.value.0,
                key_name: key_name.value.0.clone(),
                algorithm: match algorithm.as_ref().map(|a| a.value) {
                    Some(Tsig::HmacSha512) => TsigAlgorithm::HmacSha512,
                    Some(Tsig::HmacSha256) | None => TsigAlgorithm::HmacSha256,
                },
                key: key.value.reference(),
            }
        }
    }
}
