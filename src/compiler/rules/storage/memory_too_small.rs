//! STO-010: The memory does not hold what is configured.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::config::meaning::limits;
use crate::compiler::config::quantity::size_text;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "STO-010",
    name: "memory-too-small",
    severity: Severity::Warning,
    summary: "The memory does not hold what is configured.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Adds up what is known of memory where `host.memory` says how much there is: 3 GB for ClamAV on this \
            machine, 20 MB for each password check at once, 256 MB for the rest.",
        why: "ClamAV loads more than a gigabyte of signatures, and holds them twice while it renews them. The \
            kernel then ends a process, often the one that was receiving mail.",
        example: "host: { name: mail.example.org, addresses: [192.0.2.10], memory: 2GB }
filter: { clamd: { address: \"127.0.0.1:3310\" } }",
        instead: "host: { name: mail.example.org, addresses: [192.0.2.10], memory: 4GB }
filter: { clamd: { address: \"127.0.0.1:3310\" } }",
        ignore: "Where swap is fast, or ClamAV has `ConcurrentDatabaseReload no`: `allow: [{ code: STO-010, \
            reason: ... }]`.",
    },
    references: &[
        "docker-mailserver documentation, FAQ: system requirements",
        "ClamAV documentation, recommended system requirements",
        "RFC 9106 §4",
    ],
};

/// Octets. ClamAV's documentation asks for 3 GiB and more.
const CLAMAV: u64 = 3_000_000_000;
/// Octets of one password check (argon2id as `mailctl account hash-password` makes it).
const PASSWORD_CHECK: u64 = 20_000_000;
/// Octets of the server with its caches and a few hundred sessions.
const SERVER: u64 = 256_000_000;

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    let Some(memory) = &meaning.config.host.memory else { return };
    let clamd = meaning.config.filter.as_ref().and_then(|f| f.clamd.as_ref());
    let here = clamd.filter(|c| {
        let address = &c.address.value.0;
        address.starts_with("unix:") || address.starts_with("127.") || address.starts_with("[::1]")
    });
    let checks = u64::from(limits(meaning.config).password_checks_max).saturating_mul(PASSWORD_CHECK);
    let needed = SERVER.saturating_add(checks).saturating_add(here.map_or(0, |_| CLAMAV));
    if memory.value.0 >= needed {
        return;
    }
    let mut parts = format!("{} for the server and {} for password checks", size_text(SERVER), size_text(checks));
    let mut finding = Finding::at(RULE.code, &memory.span, "less than is needed");
    if let Some(clamd) = here {
        parts = format!("{} for ClamAV, {parts}", size_text(CLAMAV));
        finding = finding.related(&clamd.address.span, "the largest part");
    }
    if let Some(written) = meaning.config.limits.as_ref().and_then(|l| l.password_checks_max.as_ref()) {
        finding = finding.related(&written.span, "each takes 20 MB");
    }
    out.push(
        finding
            .detail(format!(
                "There are {}, and it takes about {}: {parts}.",
                size_text(memory.value.0),
                size_text(needed)
            ))
            .fix("more memory, or less to do: ClamAV on another machine, a smaller `password_checks_max`"),
    );
}
