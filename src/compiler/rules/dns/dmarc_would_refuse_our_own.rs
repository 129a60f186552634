//! DNS-015: DMARC would have our own mail refused.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::config::records::dkim;
use crate::compiler::config::section::domains::DmarcPolicy;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "DNS-015",
    name: "dmarc-would-refuse-our-own",
    severity: Severity::Error,
    summary: "DMARC would have our own mail refused.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Refuses a DMARC policy of `quarantine` or `reject` for a domain that signs nothing while a relay on \
            its ways is not in its SPF record, so that neither SPF nor DKIM can pass.",
        why: "DMARC needs one of the two to pass for the domain. With neither, receivers do to your own mail what \
            you ask them to do to forgeries.",
        example: "domains:
  example.org: { dkim: none, dmarc: { policy: reject } }
relay: { default: { host: smtp.example.net, user: u, password: { env: P } } }",
        instead: "domains:
  example.org: { dmarc: { policy: reject } }
relay: { default: { host: smtp.example.net, user: u, password: { env: P }, spf: [_spf.example.net] } }",
        ignore: "Never as it stands. If the relay signs for the domain itself, name it with `spf` there or with `spf: { \
            include: [...] }` in the domain; the rule then trusts you.",
    },
    references: &["RFC 7489 §3.1", "RFC 7489 §6.3"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    if meaning.lab() {
        return;
    }
    for domain in &meaning.publication.domains {
        let dmarc = domain.effective(|s| s.dmarc.as_ref());
        let policy = dmarc.and_then(|d| d.value.policy.as_ref()).filter(|p| p.value != DmarcPolicy::None);
        let Some(policy) = policy else { continue };
        let signs = dkim::signs(domain.settings);
        let unsigned = |relay: &str| {
            let relay = meaning.ways.relay(relay).and_then(|r| r.settings.sign.as_ref());
            !signs || relay.is_some_and(|s| !s.value)
        };
        let Some((relay, span)) = domain.spf.uncovered.iter().find(|(relay, _)| unsigned(relay)) else { continue };
        let finding = Finding::at(RULE.code, &policy.span, "neither SPF nor DKIM would pass")
            .related(span, "not in SPF")
            .related(domain.span, "mail of it leaves unsigned")
            .detail(format!(
                "Mail of `{}` through `{relay}` is unsigned and from addresses that SPF does not name.",
                domain.name
            ))
            .fix("remove `dkim: none`, or add `spf: [NAME]` to the relay");
        out.push(finding);
    }
}
