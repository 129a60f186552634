//! A difference for people and for programs.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::RecordChange;
use super::difference::{Foreign, ZoneDifference, shown};
use super::ownership::LABEL;

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
