//! OPS-014: A key of the language that this version's server does not act on.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::config::section::Config;
use crate::compiler::config::section::listeners::Service;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::{Severity, Span};

pub const RULE: Rule = Rule {
    code: "OPS-014",
    name: "not-in-this-version",
    severity: Severity::Error,
    summary: "This version's server does not act on a key.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Reports each key whose work this version does not do yet: a warning where the server is as safe without \
            it, an error where mail would be kept, or people looked for, in another place than the file says.",
        why: "The language is written once, for the whole product; the server grows into it. What is written and not \
            done must be known before anybody relies on it.",
        example: "storage: { postgres: { url: { file: /run/secrets/hello } } }",
        instead: "storage: { embedded: {} }",
        ignore: "A warning may stay: the key begins to work with the version that knows it. \
            `allow: [{ code: OPS-014, path: filter, reason: ... }]` silences it.",
    },
    references: &["docs/language.md"],
};

/// A key that is not acted on, and what happens meanwhile.
struct Gap<'c> {
    span: &'c Span,
    key: &'static str,
    meanwhile: &'static str,
    severity: Severity,
}

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    let mut gaps = Vec::new();
    doors(meaning, &mut gaps);
    people(meaning, &mut gaps);
    transport(meaning, &mut gaps);
    filter(meaning.config, &mut gaps);
    surroundings(meaning.config, &mut gaps);
    storage(meaning.config, &mut gaps);
    for Gap { span, key, meanwhile, severity } in gaps {
        let finding = Finding::at(RULE.code, span, "not done yet")
            .detail(format!("`{key}` is part of the language, and this version does not do it. {meanwhile}"))
            .severity(severity);
        out.push(finding);
    }
}

fn warn<'c>(span: &'c Span, key: &'static str, meanwhile: &'static str) -> Gap<'c> {
    Gap { span, key, meanwhile, severity: Severity::Warning }
}

fn stop<'c>(span: &'c Span, key: &'static str, meanwhile: &'static str) -> Gap<'c> {
    Gap { span, key, meanwhile, severity: Severity::Error }
}

fn doors<'c>(meaning: &'c Meaning<'c>, gaps: &mut Vec<Gap<'c>>) {
    for door in &meaning.listeners {
        if door.service == Some(Service::Managesieve) {
            let meanwhile = "Nothing listens on the port, and the firewall keeps it shut.";
            gaps.push(warn(door.name_span, "managesieve", meanwhile));
        }
        if let Some(mechanisms) = door.settings.and_then(|s| s.mechanisms.as_ref()) {
            gaps.push(warn(&mechanisms.span, "mechanisms", "Every mechanism is offered, behind TLS."));
        }
    }
    if let Some(ciphers) = meaning.config.tls.as_ref().and_then(|t| t.ciphers.as_ref()).and_then(|c| c.first()) {
        gaps.push(warn(&ciphers.span, "ciphers", "The profile's own list is used, which is safe."));
    }
}

fn people<'c>(meaning: &'c Meaning<'c>, gaps: &mut Vec<Gap<'c>>) {
    for mailbox in &meaning.mailboxes {
        if let Some(sieve) = mailbox.settings.and_then(|s| s.sieve.as_ref()) {
            gaps.push(warn(&sieve.span, "sieve", "Mail arrives unsorted, in the inbox."));
        }
    }
    let Some(directory) = &meaning.config.directory else { return };
    if let Some(database) = directory.database.as_ref().filter(|d| d.value) {
        gaps.push(stop(&database.span, "directory.database", "Only the accounts of this file exist."));
    }
    if let Some(ldap) = &directory.ldap {
        gaps.push(stop(&ldap.span, "directory.ldap", "Only the accounts of this file exist."));
    }
    if let Some(oauth) = &directory.oauth {
        gaps.push(stop(&oauth.span, "directory.oauth", "Only passwords of this file let anybody in."));
    }
}

fn transport<'c>(meaning: &'c Meaning<'c>, gaps: &mut Vec<Gap<'c>>) {
    if let Some(outbound) = &meaning.config.outbound {
        let meanwhile = "Other servers are reached by the rule of `outbound.tls` and by `outbound.policies`.";
        if let Some(dane) = outbound.dane.as_ref().filter(|d| d.value) {
            gaps.push(warn(&dane.span, "outbound.dane", meanwhile));
        }
        if let Some(sts) = outbound.mta_sts.as_ref().filter(|s| s.value) {
            gaps.push(warn(&sts.span, "outbound.mta_sts", meanwhile));
        }
        let families = [(&outbound.ipv4, "outbound.ipv4"), (&outbound.ipv6, "outbound.ipv6")];
        for (setting, key) in families {
            if let Some(off) = setting.as_ref().filter(|s| !s.value) {
                gaps.push(warn(&off.span, key, "Both families are tried."));
            }
        }
    }
    for mechanisms in meaning.ways.relays.iter().filter_map(|relay| relay.settings.mechanisms.as_ref()) {
        gaps.push(warn(&mechanisms.span, "mechanisms", "The strongest mechanism that the relay offers is used."));
    }
}

fn filter<'c>(config: &'c Config, gaps: &mut Vec<Gap<'c>>) {
    if let Some(filter) = &config.filter {
        let meanwhile = "No incoming mail is judged, refused or filed as junk.";
        gaps.push(warn(&filter.span, "filter", meanwhile));
    }
}

fn surroundings<'c>(config: &'c Config, gaps: &mut Vec<Gap<'c>>) {
    if let Some(probes) = config.metrics.as_ref().and_then(|m| m.probes_from.as_ref()).and_then(|p| p.first()) {
        let meanwhile = "Their connections count, and are logged, like anybody's.";
        gaps.push(warn(&probes.span, "metrics.probes_from", meanwhile));
    }
}

fn storage<'c>(config: &'c Config, gaps: &mut Vec<Gap<'c>>) {
    let Some(storage) = &config.storage else { return };
    let meanwhile = "Mail would be kept in files of this machine instead.";
    if let Some(postgres) = &storage.postgres {
        gaps.push(stop(&postgres.span, "storage.postgres", meanwhile));
    }
    if let Some(s3) = &storage.s3 {
        gaps.push(stop(&s3.span, "storage.s3", meanwhile));
    }
    if let Some(compression) = storage.compression.as_ref().filter(|c| c.value) {
        gaps.push(warn(&compression.span, "storage.compression", "Message bytes are kept as they came."));
    }
    if let Some(backup) = storage.backup.as_ref().filter(|b| b.enabled.as_ref().is_none_or(|e| e.value)) {
        gaps.push(warn(&backup.span, "storage.backup", "No copies are made; use a tool of your own until then."));
    }
    if let Some(deletion) = &storage.deletion {
        gaps.push(warn(&deletion.span, "storage.deletion", "The mail of an account that leaves is kept."));
    }
}
