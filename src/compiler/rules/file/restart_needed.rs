//! OPS-009: A change takes effect only when the server is started again.

use crate::compiler::config::finding::Finding;
use crate::compiler::rules::{Check, Explanation, Rule, Transition};
use crate::ground::diagnostic::Severity;
use crate::plan::document::Storage;

pub const RULE: Rule = Rule {
    code: "OPS-009",
    name: "restart-needed",
    severity: Severity::Warning,
    summary: "A change takes effect only when the server is started again.",
    check: Check::Transition(check),
    explanation: Explanation {
        what: "Compares `storage` and `logging` with the active plan. Everything else is taken over by the running \
            server.",
        why: "Until then the server goes on as before. A start ends open sessions, and after a new \
            `storage.embedded.path` it begins with an empty store: mail is not moved.",
        example: "storage: { embedded: { path: /srv/mail }, backup: { enabled: false } }",
        instead: "storage: { embedded: {}, backup: { enabled: false } }",
        ignore: "When the start is planned: it is said once, while the plan is new, and needs no `allow`.",
    },
    references: &["mjl-/mox#76", "docs/language.md"],
};

fn check(transition: &Transition<'_>, out: &mut Vec<Finding>) {
    let Transition { meaning, next, previous } = transition;
    let (config, host) = (meaning.config, &meaning.config.host.name.span);
    if next.storage != previous.storage {
        let embedded = config.storage.as_ref().and_then(|s| s.embedded.as_ref());
        let place = embedded.and_then(|e| e.path.as_ref()).map_or(host, |path| &path.span);
        let shown = |storage: &Storage| match storage {
            Storage::Embedded { path: Some(path) } => format!("in `{}`", path.display()),
            Storage::Embedded { path: None } => "in the state folder".to_owned(),
        };
        let finding = Finding::at(RULE.code, place, "another store")
            .detail(format!(
                "Mail is kept {} now and would be kept {}. It is not moved by itself.",
                shown(&previous.storage),
                shown(&next.storage)
            ))
            .fix("stop the server, move the folder, apply, and start it again");
        out.push(finding);
    }
    if next.logging != previous.logging {
        let place = config.logging.as_ref().map_or(host, |logging| &logging.span);
        let finding = Finding::at(RULE.code, place, "from the next start on")
            .detail("The running server writes its log as before.")
            .fix("apply, and start the server again when it suits");
        out.push(finding);
    }
}
