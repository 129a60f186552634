//! FILT-009: Rspamd and the server both judge SPF, DKIM or DMARC.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::config::section::filter::{CheckAction, DmarcAction};
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "FILT-009",
    name: "authentication-judged-twice",
    severity: Severity::Warning,
    summary: "Rspamd and the server both judge SPF, DKIM or DMARC.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Looks for `filter.spf`, `dkim` or `dmarc` beside `filter.rspamd`, which judges them unless it has \
            `authentication: false`.",
        why: "Each question is asked twice, and the answers may differ: one says junk and the other does not, and \
            whoever reads the header fields cannot tell which one counted.",
        example: "filter: { spf: reject, rspamd: { url: \"http://127.0.0.1:11333\" } }",
        instead: "filter: { spf: reject, rspamd: { url: \"http://127.0.0.1:11333\", authentication: false } }",
        ignore: "While one is being compared with the other: `allow: [{ code: FILT-009, reason: ... }]`.",
    },
    references: &["docker-mailserver documentation, ENABLE_POLICYD_SPF with Rspamd", "RFC 8601 §2"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    let Some(filter) = &meaning.config.filter else { return };
    let Some(rspamd) = filter.rspamd.as_ref().filter(|r| r.authentication.as_ref().is_none_or(|a| a.value)) else {
        return;
    };
    let judges = rspamd.authentication.as_ref().map_or(&rspamd.url.span, |a| &a.span);
    let spf = filter.spf.as_ref().filter(|s| s.value != CheckAction::Off).map(|s| (&s.span, "spf"));
    let dkim = filter.dkim.as_ref().filter(|d| d.value != CheckAction::Off).map(|d| (&d.span, "dkim"));
    let dmarc = filter.dmarc.as_ref().filter(|d| d.value != DmarcAction::Off).map(|d| (&d.span, "dmarc"));
    for (span, key) in [spf, dkim, dmarc].into_iter().flatten() {
        let finding = Finding::at(RULE.code, span, "judged here too")
            .related(judges, "judges it as well")
            .detail(format!("`filter.{key}` has the server judge what Rspamd judges by default."))
            .fix(format!("remove `{key}`, or have Rspamd leave it: rspamd: {{ authentication: false }}"));
        out.push(finding);
    }
}
