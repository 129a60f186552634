//! Each record set: what is wanted, what is there, and what stands in the way.

use super::{Case, listed, shown};
use crate::artefact::reconcile::dns::RrSet;
use crate::artefact::reconcile::dns::ownership::SetName;
use crate::ground::diagnostic::Severity;
use crate::plan::document::{DnsData, DnsRecord};

const PUSH: &str = "mailctl dns push, or publish what `mailctl dns records` prints";

/// One set of ours.
struct Pair<'p> {
    name: &'p str,
    kind: &'p str,
    found: &'p RrSet,
    wanted: Vec<&'p DnsData>,
    missing: Vec<&'p DnsData>,
    extra: Vec<&'p DnsData>,
    /// The most that the plan allows.
    ttl_seconds: u32,
}

pub(super) fn judge(case: &mut Case<'_>) {
    let sight = case.sight;
    let sets: Vec<(SetName, Vec<DnsRecord>)> = case
        .wanted
        .iter()
        .map(|(set, records)| (set.clone(), records.iter().map(|r| (*r).clone()).collect()))
        .collect();
    for (set, records) in &sets {
        // A key that is not made yet cannot be published; reverse names have a judge of their own.
        if set.1 == "PTR" || records.iter().any(|record| record.data.is_generated()) {
            continue;
        }
        let Some(found) = sight.set(&set.0, &set.1) else { continue };
        let wanted: Vec<&DnsData> = records.iter().map(|record| &record.data).collect();
        let pair = Pair {
            name: &set.0,
            kind: &set.1,
            found,
            missing: wanted.iter().filter(|data| !found.data.contains(data)).copied().collect(),
            extra: found.data.iter().filter(|data| !wanted.contains(data)).collect(),
            ttl_seconds: records.iter().map(|record| record.ttl_seconds).max().unwrap_or(u32::MAX),
            wanted,
        };
        one(case, &pair);
    }
    services(case);
}

fn one(case: &mut Case<'_>, pair: &Pair<'_>) {
    if let Some(target) = pair.found.alias.as_ref().filter(|_| pair.kind != "CNAME") {
        let (name, kind) = (pair.name, pair.kind);
        let host = case.plan.host.name.as_str() == name;
        let code = if host { "DNS-032" } else { "DNS-021" };
        let detail =
            format!("{name} is an alias of {target}; no {kind} record can stand beside an alias (RFC 2181 §10.1).");
        case.error(code, name, detail, format!("remove the CNAME record of {name}; then {PUSH}"));
        return;
    }
    match pair.kind {
        "MX" => mx(case, pair),
        "TXT" => text(case, pair),
        "A" | "AAAA" if case.plan.host.name.as_str() == pair.name => {
            if !pair.missing.is_empty() || !pair.extra.is_empty() {
                let (name, kind) = (pair.name, pair.kind);
                let found: Vec<&DnsData> = pair.found.data.iter().collect();
                let detail = format!("{name} {kind} is {}, and the host has {}.", shown(&found), shown(&pair.wanted));
                case.error("ID-005", name, detail, PUSH);
            }
        }
        "CAA" => caa(case, pair),
        "SRV" => {
            if !pair.missing.is_empty() {
                differs(case, pair, Severity::Warning);
            }
            foreign_service(case, pair.name, &pair.extra);
        }
        // `service` compares with the keys that are served.
        "TLSA" => {
            if !pair.missing.is_empty() {
                differs(case, pair, Severity::Error);
            }
        }
        _ => {
            if !pair.missing.is_empty() || !pair.extra.is_empty() {
                differs(case, pair, Severity::Error);
            }
        }
    }
    if pair.missing.is_empty() && pair.extra.is_empty() && pair.found.ttl_seconds > pair.ttl_seconds {
        let (name, kind, ttl) = (pair.name, pair.kind, pair.found.ttl_seconds);
        let detail = format!(
            "Others remember {name} {kind} for {ttl} seconds; the plan says {}. A change takes that long to be seen.",
            pair.ttl_seconds
        );
        case.warn("DNS-026", name, detail, PUSH);
    }
}

fn differs(case: &mut Case<'_>, pair: &Pair<'_>, severity: Severity) {
    let found: Vec<&DnsData> = pair.found.data.iter().collect();
    let (name, kind, wanted) = (pair.name, pair.kind, shown(&pair.wanted));
    let detail = format!("{name} {kind} is {}; wanted is {wanted}.", shown(&found));
    case.find(severity, "DNS-027", name, detail, PUSH);
}

/// RFC 5321 §5.1, RFC 7505 §3.
fn mx(case: &mut Case<'_>, pair: &Pair<'_>) {
    let hosts: Vec<&str> = pair.extra.iter().filter_map(|data| exchange(data)).collect();
    let (name, mut explained) = (pair.name, false);
    for host in &hosts {
        if *host == "." {
            let detail = format!("{name} has a null MX, which says that it takes no mail, beside other MX records.");
            case.error("DNS-004", name, detail, format!("remove the record `0 .` from {name} MX"));
            explained = true;
        } else if case.sight.resolved(host, "CNAME").is_some_and(|found| !found.records.is_empty()) {
            let detail = format!("The MX of {name} names {host}, which is an alias (RFC 2181 §10.3 forbids it).");
            case.error("DNS-002", name, detail, format!("name the host itself: {}", shown(&pair.wanted)));
            explained = true;
        } else {
            let detail = format!(
                "Mail for {name} also goes to {host}, which is not of the plan; wanted is {}.",
                shown(&pair.wanted)
            );
            case.error(
                "DNS-003",
                name,
                detail,
                format!("remove `{host}` from {name} MX (mailctl dns push --replace-foreign)"),
            );
            explained = true;
        }
    }
    if !pair.missing.is_empty() && !explained {
        differs(case, pair, Severity::Error);
    }
}

fn exchange(data: &DnsData) -> Option<&str> {
    match data {
        DnsData::Mx { exchange, .. } => Some(exchange),
        _ => None,
    }
}

/// TXT sets hold strings of several owners; those of one protocol must be alone.
fn text(case: &mut Case<'_>, pair: &Pair<'_>) {
    let name = pair.name;
    let first = pair.wanted.first().map(ToString::to_string).unwrap_or_default();
    if name.contains("._domainkey.") {
        return dkim(case, pair);
    }
    let Some(version) = first.split([';', ' ']).next().filter(|v| v.starts_with("v=")) else {
        if !pair.missing.is_empty() {
            differs(case, pair, Severity::Warning);
        }
        return;
    };
    let found: Vec<String> = case.texts(name, version).unwrap_or_default().into_iter().map(str::to_owned).collect();
    let wanted = shown(&pair.wanted);
    match (version, found.as_slice()) {
        ("v=spf1", [_, _, ..]) => {
            let detail = format!(
                "{name} has {} SPF records: {}. That is a permanent error (RFC 7208 §4.5).",
                found.len(),
                listed(&found)
            );
            case.error("DNS-008", name, detail, format!("leave only {wanted}"));
        }
        (_, [_, _, ..]) => {
            let detail =
                format!("{name} has {} records {version}: {}. Receivers then take none.", found.len(), listed(&found));
            case.error("DNS-029", name, detail, format!("leave only {wanted}"));
        }
        (_, []) if version == "v=TLSRPTv1" => {
            let detail = format!("{name} has no record: nobody reports to us when TLS fails.");
            case.warn("STS-011", name, detail, PUSH);
        }
        ("v=DMARC1", []) => {
            let there: Vec<&DnsData> = pair.found.data.iter().collect();
            if there.is_empty() {
                differs(case, pair, Severity::Error);
            } else {
                let detail = format!("{name} is {}, which is no DMARC record (RFC 7489 §6.4).", shown(&there));
                case.error("DNS-042", name, detail, format!("publish {wanted}"));
            }
        }
        (_, []) => differs(case, pair, Severity::Error),
        ("v=DMARC1", [text]) if !dmarc_readable(text) => {
            let detail = format!("Receivers cannot read the DMARC record of {name}: {}.", listed(&found));
            case.error("DNS-042", name, detail, format!("publish {wanted}"));
        }
        ("v=STSv1", [_]) if !pair.missing.is_empty() => {
            let detail = format!(
                "{name} is {}, and the policy that is to hold has {wanted}: senders do not fetch it anew.",
                listed(&found)
            );
            case.error("STS-006", name, detail, PUSH);
        }
        (_, [_]) if !pair.missing.is_empty() => differs(case, pair, Severity::Warning),
        _ => {}
    }
}

/// RFC 7489 §6.4: the version first, then `p`, every tag `name=value`.
fn dmarc_readable(text: &str) -> bool {
    let mut tags = text.split(';').map(str::trim).filter(|tag| !tag.is_empty());
    let pair = |tag: &str| tag.split_once('=').map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned()));
    let version = tags.next().and_then(pair);
    let rest: Option<Vec<_>> = tags.map(pair).collect();
    let policy = |(name, value): &(String, String)| {
        name == "p" && ["none", "quarantine", "reject"].contains(&value.to_ascii_lowercase().as_str())
    };
    version.is_some_and(|(name, value)| name == "v" && value == "DMARC1")
        && rest.is_some_and(|tags| tags.first().is_some_and(policy))
}

/// RFC 6376 §3.6.1: one record a selector.
fn dkim(case: &mut Case<'_>, pair: &Pair<'_>) {
    if pair.missing.is_empty() && pair.extra.is_empty() {
        return;
    }
    let found: Vec<&DnsData> = pair.found.data.iter().collect();
    let wanted = pair.wanted.first().map(ToString::to_string).unwrap_or_default();
    let cut = found.iter().map(ToString::to_string).any(|text| text.len() < wanted.len() && wanted.starts_with(&text));
    let name = pair.name;
    let detail = if found.is_empty() {
        format!("{name} has no key: whatever is signed with it fails.")
    } else if found.len() > 1 {
        format!("{name} has {} records; receivers take any one of them (RFC 6376 §3.6.2.2).", found.len())
    } else if cut {
        format!("The key at {name} is cut off: many web forms drop what is behind 255 characters.")
    } else {
        format!("The key at {name} is not the one that we sign with: every signature fails.")
    };
    let fix = if cut {
        "publish the record as several strings of at most 255 characters (`mailctl dns records --format zone`)"
    } else {
        PUSH
    };
    case.error("DKIM-009", name, detail, fix);
}

/// RFC 8659 §4: any `issue` record binds; who is not named may not issue.
fn caa(case: &mut Case<'_>, pair: &Pair<'_>) {
    let issuer = |data: &DnsData| match data {
        DnsData::Caa { tag, value, .. } if tag == "issue" => {
            Some(value.split(';').next().unwrap_or("").trim().to_owned())
        }
        _ => None,
    };
    let found: Vec<String> = pair.found.data.iter().filter_map(issuer).collect();
    let ours: Vec<String> = pair.wanted.iter().filter_map(|data| issuer(data)).collect();
    let name = pair.name;
    if !found.is_empty() && !ours.is_empty() && !ours.iter().any(|issuer| found.contains(issuer)) {
        let detail = format!("CAA of {name} lets {} issue certificates, and not {}.", listed(&found), listed(&ours));
        case.error("DNS-024", name, detail, PUSH);
    } else if !pair.missing.is_empty() {
        differs(case, pair, Severity::Warning);
    } else if !pair.extra.is_empty() {
        let detail = format!("{name} CAA also holds {}, which is not of the plan.", shown(&pair.extra));
        case.warn("DNS-048", name, detail, "remove it, or write it into the plan");
    }
}

/// Services that are advertised in our domains, by names that the plan does not use.
fn services(case: &mut Case<'_>) {
    let sight = case.sight;
    for (name, kind) in sight.sets.keys() {
        let ours = case.wanted.contains_key(&(name.clone(), kind.clone()));
        if kind == "SRV" && !ours {
            let found: Vec<&DnsData> = sight.set(name, kind).into_iter().flat_map(|set| &set.data).collect();
            foreign_service(case, name, &found);
        }
    }
}

fn foreign_service(case: &mut Case<'_>, name: &str, found: &[&DnsData]) {
    let host = case.plan.host.name.as_str().to_owned();
    for data in found {
        let DnsData::Srv { port, target, .. } = data else { continue };
        let served = case.plan.listeners.values().any(|listener| listener.port == *port);
        // Harmless: the service is not offered, or it is ours.
        if target == "." || (*target == host && served) {
            continue;
        }
        if *target == host {
            let detail = format!("{name} sends people to port {port} of {host}, where nothing listens.");
            case.warn(
                "DNS-022",
                name,
                detail,
                format!("remove the record `{data}`, or open a listener on port {port}"),
            );
        } else {
            let detail =
                format!("{name} SRV holds `{data}`, which is not of the plan: people's programs may go there.");
            case.warn("DNS-048", name, detail, "remove it, or write it into `records` of the domain");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc7489_6_4_a_dmarc_record_begins_with_version_and_policy() {
        assert!(dmarc_readable("v=DMARC1; p=reject; rua=mailto:a@example.org"));
        for text in ["v=DMARC1; rua=mailto:a@b.example; p=none", "v=DMARC1; p=rejct", "v=DMARC1 p=none", "v=DMARC1;p"] {
            assert!(!dmarc_readable(text), "{text}");
        }
    }
}
