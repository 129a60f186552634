//! SEC-002: A secret file is missing, empty or not readable.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::inputs::SecretFile;
use crate::compiler::config::material::SecretMaterial;
use crate::compiler::rules::Evidence;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "SEC-002",
    name: "secret-not-there",
    severity: Severity::Error,
    summary: "A secret file is missing, empty or not readable.",
    check: Check::Material(check),
    explanation: Explanation {
        what: "Looks for every secret file that the configuration names: passwords of accounts and relays, keys of other services. Its content is not read. Environment variables \
            and credentials belong to the server process and are looked for when it starts. The check can be left out \
            where the plan is made on another machine.",
        why: "The account could not log in, or no mail would leave, and it would show only at run time.",
        example: "accounts:
  hello@example.org: { password: { file: secrets/missing } }",
        instead: "accounts:
  hello@example.org: { password: { file: /run/secrets/hello } }",
        ignore: "Where the plan is made on another machine than the server's, `--no-secrets` leaves the look-up out. On the server \
            itself never.",
    },
    references: &["docs/language.md"],
};

fn check(evidence: &Evidence<'_>, out: &mut Vec<Finding>) {
    if !evidence.inputs.secrets_checked {
        return;
    }
    for SecretMaterial { path, file, .. } in &evidence.material.secrets {
        let why = match file {
            SecretFile::Present => continue,
            SecretFile::Empty => "is empty".to_owned(),
            SecretFile::Missing => "does not exist".to_owned(),
            SecretFile::Unreadable(cause) => format!("cannot be read: {cause}"),
        };
        let finding = Finding::at(RULE.code, &path.span, "no secret here")
            .detail(format!(
                "The file `{}` {why}. A relative path starts at the folder of the main file.",
                path.value.0.display()
            ))
            .fix("create it, readable only by the server: install -m 600 /dev/stdin FILE");
        out.push(finding);
    }
}
