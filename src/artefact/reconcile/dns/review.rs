//! A difference for people and for programs.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::SocketAddr;

use serde_json::{Value, json};

use super::RecordChange;
use super::difference::{Foreign, ZoneDifference, shown};
use super::ownership::LABEL;
use super::sight::{ListVerdict, Listing, ServerSight, Sight, Trust};
use crate::plan::document::DnsRecord;

/// Version of the JSON form.
pub const FORMAT: u32 = 1;
/// A DKIM key has four hundred characters; what tells records apart stands in front.
const TEXT_CHARS_MAX: usize = 100;

/// Grouped by zone, a line a record: `+` comes, `-` goes, `!` is foreign and in the way.
pub fn human(zones: &[ZoneDifference], foreign: Foreign) -> String {
    let mut text = String::new();
    for zone in zones {
        let _ = writeln!(text, "Zone {}", zone.zone);
        if zone.changes.is_empty() && zone.conflicts.is_empty() {
            text.push_str("  nothing to do\n");
        }
        for change in &zone.changes {
            lines(&mut text, change);
        }
        for conflict in &zone.conflicts {
            let what = if foreign == Foreign::Keep { "is foreign and stays" } else { "is foreign and goes" };
            let (name, kind, there) = (&conflict.name, &conflict.kind, short(&conflict.foreign));
            let _ = writeln!(text, "  ! {name} {kind} {there}   {what}; wanted: {}", short(&conflict.wanted));
        }
        for (name, kind, data) in &zone.kept {
            let _ = writeln!(text, "    {name} {kind} {}   foreign, stays", short(data));
        }
        for (name, kind) in &zone.waiting {
            let _ = writeln!(text, "    {name} {kind}   waits for a key that is made when the plan is activated");
        }
        text.push('\n');
    }
    let _ = write!(text, "{}", count(zones));
    text
}

/// `3 records to add, 1 to remove, 1 in the way` in one line.
pub fn count(zones: &[ZoneDifference]) -> String {
    let ours = || zones.iter().flat_map(|zone| &zone.changes).filter(|change| !is_marker(change));
    let add: usize = ours().map(|change| change.add.len()).sum();
    let remove: usize = ours().map(|change| change.remove.len()).sum();
    let foreign: usize = zones.iter().map(|zone| zone.conflicts.len()).sum();
    format!("{add} to add, {remove} to remove, {foreign} foreign in the way")
}

pub fn json(zones: &[ZoneDifference], pushed: bool) -> Value {
    let zones: Vec<Value> = zones
        .iter()
        .map(|zone| {
            let changes: Vec<Value> = zone.changes.iter().map(change).collect();
            let set = |(name, kind): &(String, String)| json!({ "name": name, "type": kind });
            let kept =
                |(name, kind, data): &(String, String, String)| json!({ "name": name, "type": kind, "data": data });
            json!({
                "zone": zone.zone,
                "changes": changes,
                "conflicts": zone.conflicts.iter().map(|c| json!({
                    "name": c.name, "type": c.kind, "foreign": c.foreign, "wanted": c.wanted,
                })).collect::<Vec<_>>(),
                "kept": zone.kept.iter().map(kept).collect::<Vec<_>>(),
                "waiting": zone.waiting.iter().map(set).collect::<Vec<_>>(),
            })
        })
        .collect();
    json!({ "version": FORMAT, "zones": zones, "pushed": pushed })
}

fn change(change: &RecordChange) -> Value {
    json!({
        "name": change.name,
        "type": change.kind,
        "ttl_seconds": change.ttl_seconds,
        "add": change.add.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "remove": change.remove.iter().map(shown).collect::<Vec<_>>(),
        "marker": is_marker(change),
    })
}

fn lines(text: &mut String, change: &RecordChange) {
    let (name, kind, ttl) = (&change.name, &change.kind, change.ttl_seconds);
    if is_marker(change) {
        let _ = writeln!(text, "  ~ {name} {kind}   the list of what is ours");
        return;
    }
    for record in &change.remove {
        let _ = writeln!(text, "  - {name} {kind} {}", short(&shown(record)));
    }
    for data in &change.add {
        let _ = writeln!(text, "  + {name} {ttl} {kind} {}", short(&data.to_string()));
    }
}

fn is_marker(change: &RecordChange) -> bool {
    change.kind == "TXT" && change.name.strip_prefix(LABEL).is_some_and(|rest| rest.starts_with('.'))
}

/// Foreign text goes to a terminal: control characters do not.
fn short(text: &str) -> String {
    let clean = |c: char| if c.is_control() { '\u{fffd}' } else { c };
    let mut shown: String = text.chars().take(TEXT_CHARS_MAX).map(clean).collect();
    if text.chars().count() > TEXT_CHARS_MAX {
        shown.push('…');
    }
    shown
}

/// What was looked at, in a few lines: zones with their servers, and the sets that are not as wanted.
pub fn seen_human(records: &[DnsRecord], sight: &Sight) -> String {
    let mut text = String::new();
    for (name, zone) in &sight.zones {
        let trust = trust(&zone.trust);
        let servers: Vec<String> = zone
            .servers
            .iter()
            .map(|(address, server)| match &server.serial {
                Ok(serial) => format!("{} ({}) serial {serial}", server.name, address.ip()),
                Err(error) => format!("{} ({}) {error}", server.name, address.ip()),
            })
            .collect();
        let _ = writeln!(text, "Zone {name}: {trust}; {}", servers.join(", "));
    }
    let sets = states(records, sight);
    let right = sets.iter().filter(|set| set.state == "right").count();
    let _ = writeln!(text, "{right} of {} wanted record sets are as wanted on every server", sets.len());
    for set in sets.iter().filter(|set| set.state != "right") {
        let _ = writeln!(text, "  {} {}: {}", set.name, set.kind, set.state);
        for (server, found) in set.found.iter().filter(|(_, found)| *found != Ok(set.wanted.clone())) {
            let found = match found {
                Ok(found) if found.is_empty() => "nothing".to_owned(),
                Ok(found) => found.iter().map(|data| short(data)).collect::<Vec<_>>().join(" | "),
                Err(error) => error.clone(),
            };
            let _ = writeln!(text, "    {server}: {found}");
        }
    }
    text
}

/// The same for programs, every set with what each server has.
pub fn seen_json(records: &[DnsRecord], sight: &Sight) -> Value {
    let zones: Vec<Value> = sight
        .zones
        .iter()
        .map(|(name, zone)| {
            let server = |(address, server): (&SocketAddr, &ServerSight)| {
                let (serial, error) = match &server.serial {
                    Ok(serial) => (Some(*serial), None),
                    Err(error) => (None, Some(error.to_string())),
                };
                json!({ "address": address.ip(), "name": server.name, "serial": serial, "error": error })
            };
            json!({
                "zone": name,
                "dnssec": trust(&zone.trust),
                "servers": zone.servers.iter().map(server).collect::<Vec<_>>(),
            })
        })
        .collect();
    let set = |set: SetState| {
        let found: Vec<Value> = set
            .found
            .iter()
            .map(|(server, found)| match found {
                Ok(found) => json!({ "server": server, "found": found }),
                Err(error) => json!({ "server": server, "error": error }),
            })
            .collect();
        json!({ "name": set.name, "type": set.kind, "state": set.state, "wanted": set.wanted, "servers": found })
    };
    let listing = |listing: &Listing| {
        let (state, code) = match &listing.verdict {
            ListVerdict::Clean => ("clean", None),
            ListVerdict::Listed(code) => ("listed", Some(code)),
            ListVerdict::Unknown(why) => ("unknown", Some(why)),
        };
        json!({ "address": listing.address, "list": listing.list, "state": state, "answer": code })
    };
    json!({
        "version": FORMAT,
        "zones": zones,
        "sets": states(records, sight).into_iter().map(set).collect::<Vec<_>>(),
        "block_lists": sight.listings.iter().map(listing).collect::<Vec<_>>(),
    })
}

fn trust(trust: &Trust) -> &'static str {
    match trust {
        Trust::Bogus(_) => "bogus",
        Trust::Insecure => "insecure",
        Trust::Secure => "secure",
        Trust::Unknown(_) => "unknown",
    }
}

/// One wanted set and what each server has.
struct SetState {
    name: String,
    kind: String,
    wanted: Vec<String>,
    state: &'static str,
    found: Vec<(String, Result<Vec<String>, String>)>,
}

fn states(records: &[DnsRecord], sight: &Sight) -> Vec<SetState> {
    let mut wanted: BTreeMap<(&str, &str), Vec<String>> = BTreeMap::new();
    for record in records.iter().filter(|record| !record.data.is_generated()) {
        wanted.entry((&record.name, record.data.kind())).or_default().push(record.data.to_string());
    }
    let mut states = Vec::new();
    for ((name, kind), mut wanted) in wanted {
        wanted.sort();
        let Some(seen) = sight.sets.get(&(name.to_owned(), kind.to_owned())) else { continue };
        let mut found: Vec<(String, Result<Vec<String>, String>)> = Vec::new();
        for (address, set) in &seen.servers {
            let answer = match set {
                Ok(set) => {
                    let mut data: Vec<String> = set.records.iter().map(shown).collect();
                    data.sort();
                    Ok(data)
                }
                Err(error) => Err(error.to_string()),
            };
            found.push((address.ip().to_string(), answer));
        }
        let has = |all: bool| {
            let held = |(_, found): &(String, Result<Vec<String>, String>)| {
                found.as_ref().is_ok_and(|found| wanted.iter().all(|data| found.contains(data)))
            };
            if all { found.iter().all(held) } else { found.iter().any(held) }
        };
        let more = found.iter().any(|(_, found)| found.as_ref().is_ok_and(|found| found.len() > wanted.len()));
        let state = match (has(true), has(false)) {
            (true, _) if more && kind != "TXT" => "foreign records beside ours",
            (true, _) => "right",
            (false, true) => "not the same on every server",
            (false, false) if found.iter().all(|(_, f)| f.as_ref().is_ok_and(Vec::is_empty)) => "missing",
            (false, false) => "differs",
        };
        states.push(SetState { name: name.to_owned(), kind: kind.to_owned(), wanted, state, found });
    }
    states
}
