//! The files that `benches/compile.sh` measures, and where the compiler's time goes.
//!
//!     compilebench write FOLDER [ACCOUNTS] [DOMAINS]   large.yaml, small.yaml and the files that they name
//!     compilebench stages FILE                         milliseconds of each stage, in this process
//!
//! The large file is what a hosting company would generate: secret files, a hash for one account in eight, a quota and an
//! alias each, shared addresses, DKIM by default.

use std::fmt::Write as _;
use std::io;
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use mailctl::compiler::config::material::Material;
use mailctl::compiler::config::meaning::Meaning;
use mailctl::compiler::config::section::Config;
use mailctl::compiler::config::{check, records, schema, spanned, tree};
use mailctl::compiler::rules::{self, Evidence};
use mailctl::compiler::{Inputs, lower};
use mailctl::ground::file::replace;
use mailctl::plan::codec;
use mailctl::plan::digest::Digest;
use rcgen::KeyPair;

// As the program itself.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const ACCOUNTS: usize = 100_000;
const DOMAINS: usize = 1_000;
/// Secret files are shared: whether one exists costs the same, and a benchmark should not leave 50,000 files.
const SECRETS: usize = 100;
const HOST: &str = "mail.hosting.birch.mailhost";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let number = |text: Option<&&str>, default| text.map_or(Some(default), |t| t.parse().ok());
    let done = match words.as_slice() {
        ["write", folder, rest @ ..] => match (number(rest.first(), ACCOUNTS), number(rest.get(1), DOMAINS)) {
            (Some(accounts), Some(domains)) if domains > 0 => write(Path::new(folder), accounts, domains),
            _ => Err(io::Error::other("ACCOUNTS and DOMAINS are numbers")),
        },
        ["stages", file] => stages(Path::new(file)),
        _ => Err(io::Error::other("compilebench write FOLDER [ACCOUNTS] [DOMAINS] | compilebench stages FILE")),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("compilebench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn write(folder: &Path, accounts: usize, domains: usize) -> io::Result<()> {
    std::fs::create_dir_all(folder.join("secrets"))?;
    std::fs::create_dir_all(folder.join("tls"))?;
    for n in 0..SECRETS {
        replace(&folder.join(format!("secrets/{n}")), b"correct horse battery staple\n", 0o600)?;
    }
    let key = KeyPair::generate().map_err(io::Error::other)?;
    let names = vec!["mail.example.org".to_owned(), HOST.to_owned()];
    let certificate =
        rcgen::CertificateParams::new(names).and_then(|p| p.self_signed(&key)).map_err(io::Error::other)?;
    std::fs::write(folder.join("tls/good.pem"), certificate.pem())?;
    replace(&folder.join("tls/good.key"), key.serialize_pem().as_bytes(), 0o600)?;
    let small = include_str!("../../examples/family.yaml");
    std::fs::write(
        folder.join("small.yaml"),
        small.replace("/run/secrets/anna", "secrets/0").replace("/run/secrets/ben", "secrets/1"),
    )?;
    std::fs::write(folder.join("large.yaml"), large(accounts, domains))
}

fn large(accounts: usize, domains: usize) -> String {
    let mut yaml = format!(
        "version: 1\nhost:\n  name: {HOST}\n  addresses: [8.8.4.4, \"2606:4700:10::1\"]\nlisteners:\n  smtp:\n  submissions:\n  imaps:\n\
         certificates:\n  files:\n    - {{ chain: tls/good.pem, key: tls/good.key }}\ndomains:\n"
    );
    for domain in 0..domains {
        let _ = writeln!(yaml, "  c{domain}.mailhost: {{ dmarc: {{ policy: quarantine }}, spf: {{ all: softfail }} }}");
    }
    yaml.push_str("accounts:\n");
    let digest: String = "a1b2c3d4./".repeat(9).chars().take(86).collect();
    for n in 0..accounts {
        let domain = n % domains;
        let _ = writeln!(yaml, "  u{n}@c{domain}.mailhost:");
        let _ = match n % 8 {
            0 => writeln!(yaml, "    password: {{ hash: \"$6$salt{n}${digest}\" }}"),
            _ => writeln!(yaml, "    password: {{ file: secrets/{} }}", n % SECRETS),
        };
        let _ = writeln!(yaml, "    quota: 5GB\n    aliases: [a{n}@c{domain}.mailhost]");
    }
    yaml.push_str("aliases:\n");
    for domain in 0..domains {
        let name = format!("c{domain}.mailhost");
        for role in ["postmaster", "abuse"] {
            let _ = writeln!(yaml, "  {role}@{name}: u{domain}@{name}");
        }
        let _ = writeln!(yaml, "  info@{name}: [u{domain}@{name}, postmaster@{name}]");
    }
    yaml
}

/// The stages of `compiler::compile`, timed one by one.
fn stages(file: &Path) -> io::Result<()> {
    let text = std::fs::read_to_string(file)?;
    let inputs = Inputs::from_disk(file.parent().unwrap_or(Path::new(".")));
    let mut clock = Instant::now();
    let mut stage = |name: &str| {
        println!("{name:9} {:7.1} ms", clock.elapsed().as_secs_f64() * 1e3);
        clock = Instant::now();
    };
    let schema = schema::compiled();
    stage("schema");
    let root = tree::read(&text).root.ok_or_else(|| io::Error::other("not YAML"))?;
    stage("read");
    let checked = check::check(schema, root);
    stage("check");
    let tree = checked.tree.ok_or_else(|| io::Error::other("against the schema"))?;
    let config: Config = spanned::decode(&tree).map_err(io::Error::other)?;
    stage("decode");
    let meaning = Meaning::of(&config);
    stage("meaning");
    let material = Material::read(&meaning, &inputs);
    stage("material");
    let records = records::records(&meaning, &material);
    stage("records");
    let evidence = Evidence { meaning: &meaning, material: &material, records: &records, inputs: &inputs };
    let findings = rules::judge(&evidence);
    stage("judge");
    let plan = lower::plan(&meaning, &material, &records, Digest::of(b"").to_string());
    stage("lower");
    let octets = codec::encode(&plan);
    stage("encode");
    let digest = Digest::of(&octets);
    stage("digest");
    println!("{} findings, {} octets of plan {}", findings.len(), octets.len(), digest.short());
    Ok(())
}
