//! The DNS records of the plan: those that the configuration wants, in the plan's order.

use crate::compiler::config::records::Wanted;
use crate::plan::document::DnsRecord;

/// Sorted and without repetitions.
pub fn records(wanted: &[Wanted<'_>]) -> Vec<DnsRecord> {
    let mut records: Vec<DnsRecord> = wanted.iter().map(|w| w.record.clone()).collect();
    records.sort();
    records.dedup();
    records
}
