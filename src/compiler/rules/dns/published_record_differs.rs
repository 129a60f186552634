//! DNS-027: What DNS says is not what the plan wants.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::finding::{listed, shortened};
use crate::compiler::observed::Kind;
use crate::compiler::rules::Sight;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;
use crate::ground::diagnostic::Span;
use crate::plan::document::DnsData;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

pub const RULE: Rule = Rule {
    code: "DNS-027",
    name: "published-record-differs",
    severity: Severity::Warning,
    summary: "What DNS says is not what the plan wants.",
    check: Check::Online(check),
    explanation: Explanation {
        what: "Asks DNS for every set of records in the plan and compares. Addresses of the host and DKIM keys have \
            rules of their own.",
        why: "Other servers act on what is published, not on this file.",
        example: "domains:
  example.org: { dmarc: { policy: reject } }",
        instead: "domains:
  example.org: { dmarc: { policy: reject } }   # and the record published",
        ignore: "Right after a change, until caches have forgotten the old record.",
    },
    references: &["mail-in-a-box: status checks", "stalwartlabs/stalwart#657"],
};

fn check(sight: &Sight<'_>, out: &mut Vec<Finding>) {
    let mut sets: BTreeMap<(&str, Kind), Vec<&DnsData>> = BTreeMap::new();
    for record in &sight.plan.dns {
        let Some(kind) = kind(&record.data) else { continue };
        if !record.name.contains("._domainkey.") {
            sets.entry((&record.name, kind)).or_default().push(&record.data);
        }
    }
    for ((name, kind), wanted) in sets {
        let Some(seen) = sight.observed.records(name, kind) else { continue };
        let seen: BTreeSet<String> = seen.iter().map(|text| normalised(kind, text)).collect();
        let missing = wanted.iter().map(ToString::to_string).find(|text| !seen.contains(&normalised(kind, text)));
        let Some(missing) = missing else { continue };
        let have = if seen.is_empty() {
            "nothing".to_owned()
        } else {
            listed(seen.iter().take(SHOWN_MAX).map(|s| s.as_str()), "and")
        };
        let finding = Finding::at(RULE.code, span(sight, name), "published otherwise")
            .detail(format!("{name} {} is {}; `{}` is wanted.", kind.word(), have, shortened(&missing)))
            .fix("publish what `mailctl dns records` prints");
        out.push(finding);
    }
}

const SHOWN_MAX: usize = 3;

/// The domain that a name belongs to, or the host.
fn span<'s>(sight: &Sight<'s>, name: &str) -> &'s Span {
    let zones = &sight.meaning.publication.zones;
    let zone = zones.holding(name);
    let domain = sight.meaning.publication.domains.iter().find(|d| d.name.as_str() == zone);
    domain.map_or(&sight.meaning.config.host.name.span, |d| d.span)
}

fn kind(data: &DnsData) -> Option<Kind> {
    Some(match data {
        DnsData::A(_) => Kind::A,
        DnsData::Aaaa(_) => Kind::Aaaa,
        DnsData::Caa { .. } => Kind::Caa,
        DnsData::Cname(_) => Kind::Cname,
        DnsData::DkimGenerated { .. } | DnsData::TlsaGenerated { .. } => return None,
        DnsData::Mx { .. } => Kind::Mx,
        DnsData::Srv { .. } => Kind::Srv,
        DnsData::Tlsa { .. } => Kind::Tlsa,
        DnsData::Txt(_) => Kind::Txt,
    })
}

/// Names differ in case and final dots, texts in neither.
fn normalised(kind: Kind, text: &str) -> String {
    match kind {
        Kind::Txt | Kind::Caa => text.to_owned(),
        Kind::A | Kind::Aaaa => text.parse::<IpAddr>().map_or_else(|_| text.to_owned(), |a| a.to_string()),
        _ if text.ends_with(" .") => text.to_ascii_lowercase(),
        _ => text.trim_end_matches('.').to_ascii_lowercase(),
    }
}
