//! A script for nsupdate(1) and knsupdate(1): dynamic updates (RFC 2136), one or more messages a zone.
//!
//! Invariants: a set that is ours alone is replaced as a whole; of one that others may share (TXT and CAA at names
//! without an underscore) nothing is deleted. The script holds no key: `nsupdate -k FILE` brings it.
//!
//! Not here: comparing with what is there, and deleting what is no longer wanted (`mailctl dns push`).

use super::PENDING;
use super::presentation::rdata;
use super::sets::{Set, zones};
use crate::plan::document::{DnsRecord, Publication, PublishWay};

/// RFC 1035 §4.2.2: a message over TCP has at most 65535 octets. Half of that as text is well below it in any case.
const MESSAGE_CHARS_MAX: usize = 32_000;

pub fn nsupdate(records: &[DnsRecord], publication: &Publication) -> String {
    let mut text = "; For nsupdate -k KEYFILE, or knsupdate. Where others may keep records in a set, only adds: an\n\
                    ; older record of ours in it (a former v=spf1) must be deleted by hand.\n"
        .to_owned();
    if let PublishWay::Rfc2136 { server, .. } = &publication.way {
        text.push_str(&format!("server {} {}\n", server.ip(), server.port()));
    }
    for (name, zone) in zones(records) {
        text.push_str(&format!("\nzone {name}.\n"));
        for record in &zone.pending {
            text.push_str(&format!("; {}. {}: {PENDING}\n", record.name, record.data.kind()));
        }
        let mut length = 0;
        for set in &zone.sets {
            let update = update(set);
            if length > 0 && length + update.len() > MESSAGE_CHARS_MAX {
                text.push_str("send\n");
                length = 0;
            }
            length += update.len();
            text.push_str(&update);
        }
        if length > 0 {
            text.push_str("send\n");
        }
    }
    text
}

fn update(set: &Set<'_>) -> String {
    let Set { name, kind, ttl_seconds, data } = set;
    let mut text = if set.is_shared() { String::new() } else { format!("update delete {name}. {kind}\n") };
    for data in data.iter().filter_map(|data| rdata(data)) {
        text.push_str(&format!("update add {name}. {ttl_seconds} IN {kind} {data}\n"));
    }
    text
}
