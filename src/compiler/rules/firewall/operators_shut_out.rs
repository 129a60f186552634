//! FW-012: The firewall shuts SSH to everybody.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::config::section::firewall::Backend;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "FW-012",
    name: "operators-shut-out",
    severity: Severity::Warning,
    summary: "The firewall shuts SSH to everybody.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Warns where `firewall.open` is written without the port of SSH in it, and `firewall.admin` names nobody.",
        why: "With `open` every port is refused that the file does not name. Whoever keeps the machine over SSH has lost \
            it with the next connection.",
        example: "firewall: { open: [80, 443] }",
        instead: "firewall: { open: [80, 443], admin: [10.0.0.0/8] }",
        ignore: "When the machine is kept from its console: `allow: [{ code: FW-012, reason: ... }]`. Where SSH has another \
            port, `firewall.ssh_port` says so.",
    },
    references: &["RFC 4253 §4.1", "docs/firewall.md"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    const SSH_PORT: u16 = 22;
    let Some(firewall) = &meaning.config.firewall else { return };
    let Some(open) = &firewall.open else { return };
    let port = firewall.ssh_port.as_ref().map_or(SSH_PORT, |p| p.value);
    let nobody = firewall.admin.as_ref().is_none_or(|admin| admin.is_empty());
    let kept = firewall.backend.as_ref().is_none_or(|b| b.value != Backend::None);
    if meaning.lab() || !nobody || !kept || open.iter().any(|p| p.value == port) {
        return;
    }
    let finding = Finding::at(RULE.code, &open.span, format!("without {port}"))
        .detail(format!("All other ports are refused, and SSH on port {port} is one of them."))
        .fix("admin: [10.0.0.0/8], with the networks that you work from; or add the port to `open`");
    out.push(finding);
}
