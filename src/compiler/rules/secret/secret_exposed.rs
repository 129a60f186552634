//! SEC-003: A secret file can be read by everybody on the machine.

use crate::compiler::config::finding::Finding;
use crate::compiler::config::inputs::Exposure;
use crate::compiler::config::secrets;
use crate::compiler::rules::{Check, Evidence, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "SEC-003",
    name: "secret-exposed",
    severity: Severity::Error,
    summary: "A secret file can be read by everybody on the machine.",
    check: Check::Material(check),
    explanation: Explanation {
        what: "Looks at the modes of secret files and of private keys, and of the folders above them, and whether \
            they lie in the Nix store. Their content is not read. A symbolic link is followed.",
        why: "Every program and every user of the machine can read it, and so can whoever breaks into the least of \
            them. The Nix store is also copied to build machines and caches.",
        example: "accounts:
  hello@example.org: { password: { file: /nix/store/0000-hello/password } }",
        instead: "accounts:
  hello@example.org: { password: { file: /run/secrets/hello } }",
        ignore: "Inside a container nobody else is there to read it, and Docker gives secrets mode 0444: with \
            `host.runtime`, and in a lab, a file's mode is reported as a warning or not at all. Nothing makes the \
            Nix store a place for secrets: use sops-nix, agenix or a systemd credential.",
    },
    references: &["NixOS/nixpkgs#24288", "systemd.exec(5), LoadCredential="],
};

fn check(evidence: &Evidence<'_>, out: &mut Vec<Finding>) {
    let meaning = evidence.meaning;
    let keys = secrets::private_keys(meaning).into_iter();
    let keys = keys.map(|path| (path, evidence.inputs.exposure(&path.value.0)));
    let others = evidence.material.secrets.iter().map(|s| (&s.path, s.exposure));
    for (path, exposure) in others.chain(keys) {
        let shown = path.value.0.display();
        let finding = match exposure {
            None => continue,
            Some(Exposure::NixStore) => Finding::at(RULE.code, &path.span, "everybody may read it")
                .detail(format!("`{shown}` lies in the Nix store, or leads there."))
                .fix("a file that is put there at activation (sops-nix, agenix), or { credential: NAME }"),
            Some(Exposure::World) if meaning.lab() => continue,
            Some(Exposure::World) => {
                let container = meaning.config.host.runtime.is_some();
                Finding::at(RULE.code, &path.span, "everybody may read it")
                    .severity(if container { Severity::Warning } else { Severity::Error })
                    .detail(format!("The mode of `{shown}` lets every user of this machine read it."))
                    .fix(format!("chmod 600 {shown}, owned by the user that the server runs as"))
            }
        };
        out.push(finding);
    }
}
