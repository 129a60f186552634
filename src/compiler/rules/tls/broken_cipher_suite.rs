//! TLS-005: A cipher suite is broken.

use crate::compiler::config::finding::{Finding, shortened};
use crate::compiler::config::meaning::Meaning;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "TLS-005",
    name: "broken-cipher-suite",
    severity: Severity::Error,
    summary: "A cipher suite is broken.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Refuses suites without encryption or authentication (`NULL`, `anon`, `ADH`, `AECDH`), of export \
            strength, and with RC4, DES, 3DES, RC2, IDEA or MD5 in `tls.ciphers`.",
        why: "What is encrypted with them can be read or changed in practice. One of them in the list is enough.",
        example: "tls: { ciphers: [TLS_AES_128_GCM_SHA256, TLS_RSA_WITH_3DES_EDE_CBC_SHA] }",
        instead: "tls: { profile: intermediate }",
        ignore: "Never: no mail program or server that still receives updates needs one of them. The list of the \
            profile is safe.",
    },
    references: &["RFC 9325 §4.1", "RFC 7465"],
};

/// Parts of names, as IANA and OpenSSL write them, and what is wrong with such suites.
const BROKEN: [(&str, &str); 12] = [
    ("3DES", "blocks of 64 bits are too short (Sweet32)"),
    ("ADH", "nobody is authenticated"),
    ("AECDH", "nobody is authenticated"),
    ("ANON", "nobody is authenticated"),
    ("DES", "the key is too short"),
    ("EXP", "export strength is broken within minutes"),
    ("EXPORT", "export strength is broken within minutes"),
    ("IDEA", "blocks of 64 bits are too short (Sweet32)"),
    ("MD5", "MD5 collides"),
    ("NULL", "nothing is encrypted"),
    ("RC2", "the cipher is broken"),
    ("RC4", "the cipher is broken (RFC 7465)"),
];

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    for suite in meaning.config.tls.iter().flat_map(|t| t.ciphers.iter().flatten()) {
        let upper = suite.value.to_ascii_uppercase();
        let mut parts = upper.split(['_', '-', '+', ':']);
        let Some((_, why)) = parts.find_map(|part| BROKEN.iter().find(|(known, _)| *known == part)) else { continue };
        let finding = Finding::at(RULE.code, &suite.span, *why)
            .detail(format!(
                "`{}` must not be offered: an attacker in the path steers both sides to the weakest that they share.",
                shortened(&suite.value)
            ))
            .fix("remove it; the list of `profile: intermediate` is safe without `ciphers`");
        out.push(finding);
    }
}
