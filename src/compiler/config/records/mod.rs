//! Every record that a configuration wants, with the place that asked for it.
//!
//! Rules judge the same records that are lowered into the plan. Standards: RFC 1034 and 1035, RFC 6376 (DKIM), RFC 7672
//! (DANE), RFC 8659 and 8657 (CAA), RFC 6186 (SRV), and those of `compiler::config::publish`. Names are absolute.

pub mod caa;
pub mod dkim;
mod parked;
pub mod services;
pub mod tlsa;
mod writer;

pub use writer::records;

use crate::ground::diagnostic::Span;
use crate::plan::document::DnsRecord;

/// A record and where it comes from.
#[derive(Debug)]
pub struct Wanted<'c> {
    pub record: DnsRecord,
    pub span: &'c Span,
    /// Whether it stands in the file as a record.
    pub written: bool,
}
