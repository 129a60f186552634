//! FILT-004: The thresholds of the junk filter are not in order.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::config::section::filter::Junk;
use crate::compiler::config::spanned::Spanned;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;
use crate::ground::diagnostic::Span;

pub const RULE: Rule = Rule {
    code: "FILT-004",
    name: "junk-thresholds-out-of-order",
    severity: Severity::Error,
    summary: "The thresholds of the junk filter are not in order.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Wants `tag_at` ≤ `junk_at` ≤ `reject_at` in `filter.junk`, with the defaults 3, 6 and 15 for those \
            that are not written.",
        why: "With `reject_at` below `junk_at` nothing ever reaches Junk: what looks a little odd is refused \
            outright. With `tag_at` above `junk_at` mail is filed and nothing in it says why.",
        example: "filter: { junk: { junk_at: 20 } }",
        instead: "filter: { junk: { junk_at: 20, reject_at: 30 } }",
        ignore: "Never: write all three. To refuse nothing, set `reject_at: 1000`; to file nothing, set `action: \
            mark`.",
    },
    references: &["docker-mailserver documentation, SA_TAG, SA_TAG2 and SA_KILL"],
};

const TAG_AT: u32 = 3;
const JUNK_AT: u32 = 6;
const REJECT_AT: u32 = 15;

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    let Some(junk) = meaning.config.filter.as_ref().and_then(|f| f.junk.as_ref()) else { return };
    let Junk { tag_at, junk_at, reject_at, .. } = &junk.value;
    let tag = (tag_at.as_ref(), TAG_AT, "tag_at");
    let file = (junk_at.as_ref(), JUNK_AT, "junk_at");
    let reject = (reject_at.as_ref(), REJECT_AT, "reject_at");
    out.extend(judge(tag, file, &junk.span));
    out.extend(judge(file, reject, &junk.span));
}

type Threshold<'c> = (Option<&'c Spanned<u32>>, u32, &'static str);

fn judge(low: Threshold<'_>, high: Threshold<'_>, section: &Span) -> Option<Finding> {
    let value = |t: Threshold<'_>| t.0.map_or(t.1, |written| written.value);
    if value(low) <= value(high) {
        return None;
    }
    let said = |t: Threshold<'_>| if t.0.is_some() { "" } else { ", its default" };
    let place = high.0.or(low.0).map_or(section, |written| &written.span);
    let mut finding = Finding::at(RULE.code, place, "out of order").detail(format!(
        "`{}` is {}{} and `{}` is {}{}; the first must not be higher.",
        low.2,
        value(low),
        said(low),
        high.2,
        value(high),
        said(high)
    ));
    if let (Some(low), Some(_)) = (low.0, high.0) {
        finding = finding.related(&low.span, "the lower threshold");
    }
    Some(finding.fix(format!("{}: {}, or lower `{}`", high.2, value(low), low.2)))
}
