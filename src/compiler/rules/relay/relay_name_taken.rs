//! RLY-020: A relay has a name that means something else.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::config::section::relay::RelayChoice;
use crate::compiler::config::ways::{DEFAULT, DIRECT};
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "RLY-020",
    name: "relay-name-taken",
    severity: Severity::Error,
    summary: "A relay has a name that means something else.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Refuses a relay called `direct` in `relay.hosts`, and one called `default` there while \
            `relay.default` describes another.",
        why: "`direct` is the word for delivery to the recipients' own servers: a route to it would never use \
            the relay of that name, and mail would leave by another way than the file seems to say.",
        example: "relay:
  hosts:
    direct: { host: smtp.relay.net, spf: [relay.net] }",
        instead: "relay:
  hosts:
    provider: { host: smtp.relay.net, spf: [relay.net] }
  default: provider",
        ignore: "Never: give it another name, e.g. that of the provider.",
    },
    references: &["docs/language.md"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    let Some(section) = &meaning.config.relay else { return };
    let here = section.default.as_ref().filter(|d| matches!(d.value, RelayChoice::Here(_)));
    for (name, _) in section.hosts.iter().flat_map(|h| h.iter()) {
        let finding = match (name.value.as_str(), here) {
            (DIRECT, _) => Finding::at(RULE.code, &name.span, "means: no relay")
                .detail("`direct` stands for delivery to the recipients' own servers, so this relay is never used."),
            (DEFAULT, Some(other)) => Finding::at(RULE.code, &name.span, "the name of another")
                .related(&other.span, "this relay is called `default`")
                .detail("The relay that is described at `relay.default` has this name already."),
            _ => continue,
        };
        out.push(finding.fix("call it after the provider"));
    }
}
