//! FW-003: The server's figures can be read from the Internet.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::config::section::firewall::Backend;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;
use crate::vocabulary::network::Network;

pub const RULE: Rule = Rule {
    code: "FW-003",
    name: "figures-in-public",
    severity: Severity::Warning,
    summary: "The server's figures can be read from the Internet.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Warns of `metrics.address` on a public address or on all addresses, unless `firewall.admin` names \
            who may reach it; and of an `admin` network that is the whole Internet.",
        why: "The figures tell a stranger how many people log in, when, how many fail, and which version runs. \
            They are served without a password.",
        example: r#"metrics: { address: "0.0.0.0:9090" }"#,
        instead: r#"metrics: { address: "127.0.0.1:9090" }"#,
        ignore: "When a filter outside this host admits only your own networks: `allow: [{ code: FW-003, path: \
            metrics.address, reason: ... }]`.",
    },
    references: &["albertito/chasquid, monitoring_address", "mjl-/mox, AdminHTTP"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    let Some(metrics) = meaning.config.metrics.as_ref().filter(|_| !meaning.lab()) else { return };
    let address = metrics.address.value.0.ip();
    let network = Network::from(address);
    if network.is_loopback() || network.is_private() {
        return;
    }
    let firewall = meaning.config.firewall.as_ref();
    let unkept = firewall.and_then(|f| f.backend.as_ref()).filter(|b| b.value == Backend::None);
    let admin = firewall.and_then(|f| f.admin.as_ref()).filter(|a| !a.is_empty() && unkept.is_none());
    let finding = Finding::at(RULE.code, &metrics.address.span, "reached from outside");
    let finding = match admin {
        None => finding.detail(format!(
            "Whoever connects to `{}` reads the figures, without a password.",
            metrics.address.value.0
        )),
        Some(admin) => {
            let Some(all) = admin.iter().find(|n| n.value.0.is_everything()) else { return };
            finding
                .related(&all.span, "everybody is an operator")
                .detail(format!("`{}` admits the whole Internet to what is for operators.", all.value.0))
        }
    };
    out.push(
        finding.fix(
            "address: \"127.0.0.1:9090\", or firewall: { admin: [10.0.0.0/24] } with the networks that may read it",
        ),
    );
}
