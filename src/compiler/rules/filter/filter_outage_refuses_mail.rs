//! FILT-003: Mail is refused for good when a filter does not answer.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::config::section::filter::OnError;
use crate::compiler::config::spanned::Spanned;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "FILT-003",
    name: "filter-outage-refuses-mail",
    severity: Severity::Warning,
    summary: "Mail is refused for good when a filter does not answer.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Looks for `on_error: reject` of block lists, `clamd`, `rspamd` and milters.",
        why: "A filter that is being restarted, or a list that is down for an hour, would bounce good mail, and \
            its senders do not come again. With `tempfail` they do.",
        example: "filter: { clamd: { address: \"127.0.0.1:3310\", on_error: reject } }",
        instead: "filter: { clamd: { address: \"127.0.0.1:3310\", on_error: tempfail } }",
        ignore: "Where no message may ever pass unscanned and lost mail is the smaller harm, `tempfail` already \
            keeps that promise. There is hardly a reason left; `allow` takes it.",
    },
    references: &["RFC 5321 §4.2.1", "docker-mailserver documentation, Rspamd (soft_reject_on_timeout)"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    let Some(filter) = &meaning.config.filter else { return };
    let lists = filter.dnsbl.iter().flat_map(|l| l.iter()).map(|l| (l.on_error.as_ref(), "the block list"));
    let milters = filter.milters.iter().flat_map(|m| m.iter()).map(|m| (m.on_error.as_ref(), "the milter"));
    let clamd = filter.clamd.iter().map(|c| (c.on_error.as_ref(), "ClamAV"));
    let rspamd = filter.rspamd.iter().map(|r| (r.on_error.as_ref(), "Rspamd"));
    for (on_error, what) in lists.chain(milters).chain(clamd).chain(rspamd) {
        let Some(Spanned { value: OnError::Reject, span }) = on_error else { continue };
        let finding = Finding::at(RULE.code, span, "an outage bounces mail")
            .detail(format!("While {what} does not answer, every message is refused with a permanent error."))
            .fix("on_error: tempfail");
        out.push(finding);
    }
}
