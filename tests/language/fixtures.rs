//! Inputs in memory and a fixed clock, so that no test depends on this machine.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use mailctl::compiler::{Compilation, Inputs, compile};
use mailctl::ground::clock::Timestamp;
use mailctl::ground::diagnostic::{Diagnostic, Source, SourceMap, human};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, PKCS_ED25519, date_time_ymd};

/// 2026-11-18T11:06:40Z.
pub const NOW: Timestamp = Timestamp(1_795_000_000_000);

/// The files that examples and bad configurations name.
pub fn inputs() -> Inputs {
    let mut files: BTreeMap<PathBuf, Vec<u8>> = BTreeMap::new();
    let mut add = |name: &str, bytes: &[u8]| files.insert(PathBuf::from(name), bytes.to_vec());
    for name in [
        "/run/secrets/hello",
        "/run/secrets/relay",
        "/run/secrets/anna",
        "/run/secrets/ben",
        "/run/secrets/office",
        "secrets/u1",
        "/nix/store/0000-hello/password",
    ] {
        add(name, b"correct horse battery staple\n");
    }
    add("secrets/empty", b"");
    // Files that rules' examples and bad configurations include.
    add("accounts/anna.yaml", b"accounts:\n  anna@example.org: { password: { file: /run/secrets/anna } }\n");
    for entry in std::fs::read_dir(root("tests/bad_configs/parts")).unwrap() {
        let path = entry.unwrap().path();
        add(&format!("parts/{}", path.file_name().unwrap().to_str().unwrap()), &std::fs::read(&path).unwrap());
    }
    add("tls/garbage.pem", b"not a certificate\n");
    for (name, pem) in [
        ("keys/rsa1024.pem", include_bytes!("keys/rsa1024.pem").as_slice()),
        ("keys/rsa2048.pem", include_bytes!("keys/rsa2048.pem")),
        ("keys/rsa4096.pem", include_bytes!("keys/rsa4096.pem")),
    ] {
        add(name, pem);
    }
    let authority = authority();
    let everywhere =
        ["mail.example.org", "web1.example.org", "archive.example.org", "smtp.example.org", "mx2.example.net"];
    let certificates: [(&str, &[&str], i32, i32); 8] = [
        ("fullchain", &everywhere, 2026, 2036),
        ("second", &["mail.example.net"], 2026, 2036),
        ("good", &["mail.example.org", "mx.birch.mailhost", "mta-sts.example.org"], 2026, 2036),
        ("expired", &["mail.example.org", "mx.birch.mailhost"], 2020, 2025),
        ("future", &["mail.example.org", "mx.birch.mailhost"], 2035, 2036),
        ("wrong-name", &["www.example.org"], 2026, 2036),
        ("host-only", &["mail.example.org"], 2026, 2036),
        ("leaf-alone", &["mail.example.org", "mta-sts.example.org"], 2026, 2036),
    ];
    for (name, names, from, to) in certificates {
        // Some keep their key, so that records about it can be written down.
        let key = match name {
            "good" => KeyPair::from_pem(include_str!("keys/good.key")).unwrap(),
            "host-only" => KeyPair::from_pem(include_str!("keys/host-only.key")).unwrap(),
            _ => KeyPair::generate().unwrap(),
        };
        let certificate = parameters(names, from, to).signed_by(&key, &authority).unwrap();
        let rest = if name == "leaf-alone" { String::new() } else { authority.pem() };
        add(&format!("tls/{name}.pem"), (certificate.pem() + &rest).as_bytes());
        add(&format!("tls/{name}.key"), key.serialize_pem().as_bytes());
        if name == "fullchain" {
            add("tls/privkey.pem", key.serialize_pem().as_bytes());
            add("/var/lib/acme/mail.example.org/fullchain.pem", (certificate.pem() + &rest).as_bytes());
            add("/var/lib/acme/mail.example.org/key.pem", key.serialize_pem().as_bytes());
        }
    }
    let key = KeyPair::generate().unwrap();
    let own = parameters(&["mail.example.org", "mta-sts.example.org"], 2026, 2036).self_signed(&key).unwrap();
    add("tls/self-signed.pem", own.pem().as_bytes());
    add("tls/self-signed.key", key.serialize_pem().as_bytes());
    add("tls/other.key", KeyPair::generate().unwrap().serialize_pem().as_bytes());
    add("keys/dkim.pem", KeyPair::generate_for(&PKCS_ED25519).unwrap().serialize_pem().as_bytes());
    Inputs::in_memory(files, NOW)
}

fn parameters(names: &[&str], from: i32, to: i32) -> CertificateParams {
    let mut parameters = CertificateParams::new(names.iter().map(ToString::to_string).collect::<Vec<_>>()).unwrap();
    parameters.not_before = date_time_ymd(from, 1, 1);
    parameters.not_after = date_time_ymd(to, 1, 1);
    parameters.distinguished_name.push(DnType::CommonName, names.first().copied().unwrap_or("Test authority"));
    parameters
}

/// Vouches for the others, and stands behind them in their chain files.
fn authority() -> CertifiedIssuer<'static, KeyPair> {
    let mut parameters = parameters(&[], 2020, 2040);
    parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(parameters, KeyPair::generate().unwrap()).unwrap()
}

/// The same inputs with one more file.
pub fn with_file(inputs: Inputs, name: &str, bytes: &[u8]) -> Inputs {
    inputs.adding(PathBuf::from(name), bytes.to_vec())
}

/// Compiles `text` and renders its report as a terminal without colours would show it.
pub fn report(name: &str, text: &str, inputs: &Inputs) -> (Compilation, String) {
    let compilation = compile(&Source { name, text }, inputs);
    let report = human(&compilation.sources, &compilation.diagnostics, false);
    (compilation, report)
}

/// Some findings of `text`, as a terminal without colours would show them.
pub fn shown(text: &str, diagnostics: &[Diagnostic]) -> String {
    human(&SourceMap::new("mailserver.yaml", text), diagnostics, false)
}

/// Compares with a golden file, or writes it under `MAILCTL_BLESS=1`.
pub fn golden(path: &Path, actual: &str) -> Result<(), String> {
    if std::env::var_os("MAILCTL_BLESS").is_some() {
        std::fs::write(path, actual).unwrap();
        return Ok(());
    }
    let expected = std::fs::read_to_string(path).unwrap_or_default();
    if expected == actual {
        Ok(())
    } else {
        Err(format!("{}:\n--- expected\n{expected}\n--- actual\n{actual}", path.display()))
    }
}

/// The repository's file or folder of that name.
pub fn root(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}
