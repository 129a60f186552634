//! Frozen means frozen: the same file gives the same plan in another folder, from another process, with another
//! environment, locale, umask and time zone, in whatever order the file system lists its names.

use std::path::Path;
use std::process::Command;

const YAML: &str = "version: 1
profile: lab
host: { name: mail.bar.test, addresses: [127.0.0.1, \"::1\"] }
certificates: { files: [{ chain: tls/chain.pem, key: tls/key.pem }] }
domains:
  bar.test: { dkim: { s1: { key: { file: keys/dkim.pem } }, s2: {} } }
  straße.test: {}
accounts:
  zoë@bar.test: { password: { file: secrets/zoe }, quota: 5GB, aliases: [Z@bar.test, İ@bar.test] }
  adam@straße.test: { password: { env: ADAM } }
aliases:
  all@bar.test: [zoë@bar.test, adam@straße.test]
";

struct Keys {
    chain: String,
    key: String,
    dkim: String,
}

impl Keys {
    fn new() -> Self {
        let key = rcgen::KeyPair::generate().unwrap();
        let chain = rcgen::CertificateParams::new(vec!["mail.bar.test".to_owned()]).unwrap().self_signed(&key).unwrap();
        let dkim = rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
        Self { chain: chain.pem(), key: key.serialize_pem(), dkim: dkim.serialize_pem() }
    }

    /// A folder with the configuration and its files, written in the order of `names`.
    fn folder(&self, names: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::Builder::new().prefix(&names.concat().replace(['/', '.'], "-")).tempdir().unwrap();
        for name in names {
            let text = match *name {
                "tls/chain.pem" => &self.chain,
                "tls/key.pem" => &self.key,
                "keys/dkim.pem" => &self.dkim,
                "secrets/zoe" => "correct horse battery staple\n",
                _ => YAML,
            };
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        folder
    }
}

/// Compiles in that folder, in a process with that environment and umask; the plan's bytes and what was reported.
fn plan(folder: &Path, config: &str, environment: &[(&str, &str)], umask: &str) -> (Vec<u8>, String) {
    let script = format!("umask {umask} && exec \"$0\" --config {config} --state state plan --out plan.json");
    let output = Command::new("sh")
        .args(["-c", &script, env!("CARGO_BIN_EXE_mailctl")])
        .current_dir(folder)
        .env_clear()
        .envs(environment.iter().copied())
        .output()
        .unwrap();
    let report = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{report}");
    (std::fs::read(folder.join("plan.json")).unwrap(), report)
}

#[test]
fn nothing_of_the_machine_reaches_the_plan() {
    let keys = Keys::new();
    let mut names = ["mailserver.yaml", "tls/chain.pem", "tls/key.pem", "keys/dkim.pem", "secrets/zoe"];
    let one = keys.folder(&names);
    names.reverse();
    let other = keys.folder(&names);
    let first = plan(one.path(), "mailserver.yaml", &[("PATH", "/usr/bin:/bin")], "077");
    let absolute = other.path().join("mailserver.yaml");
    let turkish = [
        ("PATH", "/bin:/usr/bin"),
        ("LC_ALL", "tr_TR.UTF-8"),
        ("LANG", "tr_TR.UTF-8"),
        ("TZ", "Pacific/Chatham"),
        ("HOME", "/nonexistent"),
        ("HOSTNAME", "elsewhere.example.net"),
        ("USER", "somebody"),
        ("ADAM", "a password that is nobody's business"),
        ("NO_COLOR", "1"),
        ("COLUMNS", "20"),
    ];
    let second = plan(other.path(), absolute.to_str().unwrap(), &turkish, "000");
    assert_eq!(String::from_utf8_lossy(&first.0), String::from_utf8_lossy(&second.0));
    let again = plan(one.path(), "./mailserver.yaml", &turkish, "022");
    assert_eq!(first.0, again.0);
    for stranger in [one.path(), other.path()] {
        assert!(!String::from_utf8_lossy(&first.0).contains(stranger.to_str().unwrap()), "a path of the machine");
    }
    assert!(!String::from_utf8_lossy(&second.0).contains("nobody's business"), "a secret");
}

/// The test above would prove nothing if the plan were blind to what may change it.
#[test]
fn what_the_file_says_does_reach_the_plan() {
    let keys = Keys::new();
    let folder = keys.folder(&["mailserver.yaml", "tls/chain.pem", "tls/key.pem", "keys/dkim.pem", "secrets/zoe"]);
    let environment = [("PATH", "/usr/bin:/bin")];
    let (first, _) = plan(folder.path(), "mailserver.yaml", &environment, "077");
    std::fs::write(folder.path().join("mailserver.yaml"), YAML.replace("5GB", "6GB")).unwrap();
    let (other, _) = plan(folder.path(), "mailserver.yaml", &environment, "077");
    assert_ne!(first, other);
    std::fs::write(folder.path().join("mailserver.yaml"), YAML).unwrap();
    std::fs::write(folder.path().join("keys/dkim.pem"), Keys::new().dkim).unwrap();
    let (third, _) = plan(folder.path(), "mailserver.yaml", &environment, "077");
    assert_ne!(first, third, "another key is another plan");
}
