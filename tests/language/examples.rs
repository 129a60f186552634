//! Every file under `examples/`: it compiles without an error, its plan stays what it is, and what follows from the
//! plan is accepted by the programs that will read it: BIND's checker for the zones, nft for the ruleset.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use aws_lc_rs::digest::{SHA256, digest};
use mailctl::artefact::render::{dns, firewall};
use mailctl::compiler::Inputs;
use mailctl::plan::document::DkimKey;
use mailctl::plan::{Plan, codec};

use crate::fixtures::{golden, inputs, report, root, with_file};

/// A plan longer than this is kept as its digest.
const GOLDEN_OCTETS_MAX: usize = 200_000;

/// The files of `examples/`, with their names.
pub fn all() -> Vec<(String, String)> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(root("examples")).unwrap().map(|e| e.unwrap().path()).collect();
    paths.retain(|p| p.extension().is_some_and(|e| e == "yaml"));
    paths.sort();
    let read = |p: &PathBuf| (p.file_name().unwrap().to_str().unwrap().to_owned(), std::fs::read_to_string(p).unwrap());
    paths.iter().map(read).collect()
}

/// The inputs that an example wants: every secret that it names, and what its folder holds.
pub fn inputs_of(text: &str) -> Inputs {
    let mut inputs = inputs();
    for piece in text.split("/run/secrets/").skip(1) {
        let name: String = piece.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
        inputs = with_file(inputs, &format!("/run/secrets/{name}"), b"correct horse battery staple\n");
    }
    inputs
}

fn plan(name: &str, text: &str) -> Plan {
    let (compilation, rendered) = report(name, text, &inputs_of(text));
    compilation.plan.unwrap_or_else(|| panic!("{rendered}"))
}

/// The plan for a reader, with the fingerprints of keys that are new in every run replaced.
fn readable(plan: &Plan) -> String {
    let mut value: serde_json::Value = serde_json::from_slice(&codec::encode(plan)).unwrap();
    mask(&mut value);
    let text = serde_json::to_string_pretty(&value).unwrap() + "\n";
    if text.len() <= GOLDEN_OCTETS_MAX {
        return text;
    }
    let hex = digest(&SHA256, text.as_bytes()).as_ref().iter().fold(String::new(), |mut hex, octet| {
        let _ = write!(hex, "{octet:02x}");
        hex
    });
    format!("sha256:{hex} of {} octets\n", text.len())
}

fn mask(value: &mut serde_json::Value) {
    match value {
        serde_json::Value::Array(items) => items.iter_mut().for_each(mask),
        serde_json::Value::Object(entries) => {
            for (key, value) in entries {
                if value.is_string() && (key == "spki_sha256" || key == "public_key") {
                    *value = "made for the test".into();
                }
                mask(value);
            }
        }
        serde_json::Value::String(text) => {
            let digest = text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit());
            if digest || text.starts_with("v=DKIM1; k=ed25519; p=") {
                *text = "made for the test".to_owned();
            }
        }
        _ => {}
    }
}

#[test]
fn the_plans_of_the_examples_stay_what_they_are() {
    let mut failures = Vec::new();
    for (name, text) in all() {
        let path = root("tests/golden/examples").join(name.replace(".yaml", ".json"));
        failures.extend(golden(&path, &readable(&plan(&name, &text))).err());
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(all().len() >= 20);
}

#[test]
fn name_servers_accept_the_zones_of_the_examples() {
    for (name, text) in all() {
        let plan = plan(&name, &text);
        let made = plan.domains.iter().flat_map(|(domain, settings)| {
            let made = settings.dkim.iter().filter(|s| matches!(s.key, DkimKey::Generated {}));
            made.map(move |s| ((domain.as_str().to_owned(), s.selector.clone()), "cHVibGljIGtleQ==".to_owned()))
        });
        let records = dns::records(&plan, &dns::Known { dkim: made.collect(), ..dns::Known::default() });
        let folder = tempfile::tempdir().unwrap();
        let mut configuration = String::new();
        let zones: std::collections::BTreeSet<&str> = records.iter().map(|r| r.zone.as_str()).collect();
        for zone in zones {
            let own: Vec<_> = records.iter().filter(|r| r.zone == zone).cloned().collect();
            let file = folder.path().join(zone);
            let head = format!(
                "{zone}. 3600 IN SOA ns.invalid. h.{zone}. 1 7200 900 1209600 3600\n{zone}. 3600 IN NS ns.invalid.\n"
            );
            std::fs::write(&file, head + &dns::zone(&own)).unwrap();
            let _ = writeln!(configuration, "zone \"{zone}\" {{ type primary; file \"{}\"; }};", file.display());
        }
        let file = folder.path().join("named.conf");
        std::fs::write(&file, configuration).unwrap();
        let checked =
            Command::new("named-checkconf").args(["-z"]).arg(&file).output().expect("bind9-utils is installed");
        let said = String::from_utf8_lossy(&checked.stdout);
        assert!(checked.status.success(), "{name}:\n{said}{}", String::from_utf8_lossy(&checked.stderr));
    }
}

#[test]
fn nft_accepts_the_rulesets_of_the_examples() {
    for (name, text) in all() {
        let rules = firewall::nftables(&plan(&name, &text));
        let mut nft = Command::new("unshare")
            .args(["-rn", "nft", "-c", "-f", "/dev/stdin"])
            .stdin(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("util-linux and nftables are installed");
        std::io::Write::write_all(&mut nft.stdin.take().unwrap(), rules.as_bytes()).unwrap();
        let done = nft.wait_with_output().unwrap();
        assert!(done.status.success(), "{name}:\n{rules}\n{}", String::from_utf8_lossy(&done.stderr));
    }
}
