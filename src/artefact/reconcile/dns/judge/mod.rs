//! What is wrong with what was seen. Each finding has the code of a rule (`mailctl explain CODE`).
//!
//! Pure: equal sights give equal findings. What was not seen is not judged. Bounds: as many findings as there are
//! records, servers and sockets.

mod mail;
mod records;
mod service;
mod zones;

pub use mail::{dmarc, report_names, reverse_name};

use std::collections::BTreeMap;

use super::ownership::SetName;
use super::sight::Sight;
use crate::ground::diagnostic::Severity;
use crate::plan::Plan;
use crate::plan::document::{DnsData, DnsRecord};

/// Something that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LiveFinding {
    pub severity: Severity,
    pub code: &'static str,
    /// The name, zone or socket that it is about.
    pub subject: String,
    pub detail: String,
    pub fix: String,
}

/// What everybody judges by.
struct Case<'c> {
    plan: &'c Plan,
    wanted: BTreeMap<SetName, Vec<&'c DnsRecord>>,
    sight: &'c Sight,
    out: Vec<LiveFinding>,
}

/// Judges a look at what `plan` wants. `records` are those that are to be published now. Sorted, errors first.
pub fn judge(plan: &Plan, records: &[DnsRecord], sight: &Sight) -> Vec<LiveFinding> {
    let mut wanted: BTreeMap<SetName, Vec<&DnsRecord>> = BTreeMap::new();
    for record in records {
        wanted.entry((record.name.clone(), record.data.kind().to_owned())).or_default().push(record);
    }
    let mut case = Case { plan, wanted, sight, out: Vec::new() };
    zones::judge(&mut case);
    records::judge(&mut case);
    mail::judge(&mut case);
    service::judge(&mut case);
    case.out.sort();
    case.out.dedup();
    case.out
}

impl Case<'_> {
    fn find(&mut self, severity: Severity, code: &'static str, subject: &str, detail: String, fix: impl Into<String>) {
        self.out.push(LiveFinding { severity, code, subject: subject.to_owned(), detail, fix: fix.into() });
    }

    fn error(&mut self, code: &'static str, subject: &str, detail: String, fix: impl Into<String>) {
        self.find(Severity::Error, code, subject, detail, fix);
    }

    fn warn(&mut self, code: &'static str, subject: &str, detail: String, fix: impl Into<String>) {
        self.find(Severity::Warning, code, subject, detail, fix);
    }

    fn fired(&self, code: &str, subject: &str) -> bool {
        self.out.iter().any(|finding| finding.code == code && finding.subject == subject)
    }

    /// The texts of a TXT set that begin with a version, in any case.
    fn texts(&self, name: &str, version: &str) -> Option<Vec<&str>> {
        let set = self.sight.set(name, "TXT")?;
        let is = |text: &str| text.get(..version.len()).is_some_and(|start| start.eq_ignore_ascii_case(version));
        let texts = set.data.iter().filter_map(|data| match data {
            DnsData::Txt(text) if is(text) => Some(text.as_str()),
            _ => None,
        });
        Some(texts.collect())
    }
}

/// `a, b and c`, cut where it grows long.
fn listed(items: &[String]) -> String {
    const SHOWN_MAX: usize = 4;
    const CHARS_MAX: usize = 120;
    let short = |text: &String| {
        let clean = text.chars().take(CHARS_MAX).map(|c| if c.is_control() { '\u{fffd}' } else { c });
        let mut short: String = clean.collect();
        if text.chars().count() > CHARS_MAX {
            short.push('…');
        }
        format!("`{short}`")
    };
    match items.len() {
        0 => "nothing".to_owned(),
        n if n > SHOWN_MAX => {
            let first: Vec<String> = items.iter().take(SHOWN_MAX).map(short).collect();
            format!("{} and {} more", first.join(", "), n - SHOWN_MAX)
        }
        _ => items.iter().map(short).collect::<Vec<_>>().join(", "),
    }
}

fn shown(data: &[&DnsData]) -> String {
    listed(&data.iter().map(ToString::to_string).collect::<Vec<_>>())
}
