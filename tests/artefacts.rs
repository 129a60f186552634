//! The artefacts of a plan, compared with `tests/golden/` and judged by the programs that will read them.
//!
//! After a change that is meant: `MAILCTL_BLESS=1 cargo test --test artefacts`, and read the difference.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use mailctl::artefact::render::{compose, dns, firewall, flowchart, ports, review, unit};
use mailctl::plan::document::RecordFormat;
use mailctl::plan::{Plan, change, codec};
use serde_json::{Value, json};

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name)
}

/// Something of everything.
fn full() -> Plan {
    codec::decode(&std::fs::read(golden("plan/full.json")).unwrap()).unwrap()
}

/// `full` with an edit.
fn edited(edit: impl FnOnce(&mut Value)) -> Plan {
    let mut value = serde_json::to_value(full()).unwrap();
    edit(&mut value);
    codec::decode(&serde_json::to_vec(&value).unwrap()).unwrap()
}

fn keys() -> dns::Known {
    let key = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=".to_owned();
    let dkim = dns::PublicKeys::from([(("example.org".to_owned(), "ed1".to_owned()), key)]);
    dns::Known { dkim, ..dns::Known::default() }
}

#[track_caller]
fn same(path: &Path, actual: &str) {
    if std::env::var_os("MAILCTL_BLESS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, actual).unwrap();
    }
    let expected = std::fs::read_to_string(path).unwrap_or_default();
    assert!(expected == actual, "{} differs; got:\n{actual}", path.display());
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap() + "\n"
}

/// Runs a program that must be there, with `input` on its standard input.
#[track_caller]
fn judged_by(program: &str, arguments: &[&str], input: &str) -> String {
    let child = Command::new(program)
        .args(arguments)
        .env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = child.unwrap_or_else(|error| panic!("{program}: {error}; tests/run installs it"));
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{program} refuses:\n{said}\n{input}");
    said
}

#[test]
fn the_schema_on_disk_is_that_of_the_types() {
    same(&Path::new(env!("CARGO_MANIFEST_DIR")).join("schema/plan.schema.json"), &pretty(&codec::schema()));
}

#[test]
fn the_schema_takes_plans_and_refuses_what_decoding_refuses() {
    let validator = jsonschema::validator_for(&codec::schema()).unwrap();
    let plan: Value = serde_json::from_slice(&codec::encode(&full())).unwrap();
    assert!(validator.is_valid(&plan), "{:?}", validator.iter_errors(&plan).next().map(|e| e.to_string()));
    for (pointer, value) in
        [("/host/surprise", json!(1)), ("/listeners/smtp/port", json!(70_000)), ("/tls/min_version", json!("1.1"))]
    {
        let mut wrong = plan.clone();
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        wrong.pointer_mut(parent).unwrap()[name] = value;
        assert!(!validator.is_valid(&wrong), "{pointer}");
        assert!(codec::decode(&serde_json::to_vec(&wrong).unwrap()).is_err(), "{pointer}");
    }
}

#[test]
fn the_canonical_bytes_stay_what_they_are() {
    same(&golden("plan/full.canonical.json"), &String::from_utf8(codec::encode(&full())).unwrap());
}

fn another() -> Plan {
    edited(|v| {
        v["listeners"].as_object_mut().unwrap().remove("imap");
        v["listeners"]["submission"] = json!({
            "protocol": "submission", "port": 587, "tls": "starttls-required", "sockets": ["0.0.0.0:587", "[::]:587"]
        });
        v["accounts"]["list@example.org"]["quota_octets"] = json!(1_073_741_824);
        v["storage"]["embedded"] = json!({});
        v["dns"][3]["data"]["txt"] = json!("v=spf1 mx ~all");
        let rules = v["firewall"].as_array_mut().unwrap();
        rules.retain(|rule| rule["port"] != 143);
        for family in ["ipv4", "ipv6"] {
            rules.push(json!({ "port": 587, "listener": "submission", "family": family, "addresses": [] }));
        }
    })
}

#[test]
fn a_review_is_read_in_one_go() {
    let (former, plan) = (full(), another());
    let changes = change::diff(Some(&former), &plan);
    same(&golden("review/change.txt"), &review::human(Some(&former), &plan, &changes, false));
    same(&golden("review/change.json"), &pretty(&review::json(Some(&former), &plan, &changes)));
    let comment = review::markdown(Some(&former), &plan, &changes, 60_000);
    same(&golden("review/change.md"), &comment);
    let coloured = review::human(Some(&former), &plan, &changes, true);
    let stripped = ["32", "33", "31", "0"].iter().fold(coloured, |text, c| text.replace(&format!("\u{1b}[{c}m"), ""));
    assert_eq!(stripped, review::human(Some(&former), &plan, &changes, false));
}

#[test]
fn a_first_review_and_one_without_changes() {
    let plan = full();
    let changes = change::diff(None, &plan);
    same(&golden("review/first.txt"), &review::human(None, &plan, &changes, false));
    let nothing = review::human(Some(&plan), &plan, &change::diff(Some(&plan), &plan), false);
    assert!(nothing.starts_with("Nothing to do"), "{nothing}");
}

#[test]
fn a_comment_is_bounded_and_its_texts_stay_texts() {
    let plan = edited(|v| {
        let account = v["accounts"]["list@example.org"].clone();
        for number in 0..2_000 {
            v["accounts"][format!("u{number}@example.org")] = account.clone();
        }
        v["accounts"]["a|b`c@example.org"] = account;
    });
    let changes = change::diff(None, &plan);
    let comment = review::markdown(None, &plan, &changes, 20_000);
    assert!(comment.len() < 20_100 && comment.contains(" more changes are not shown"), "{}", comment.len());
    let comment = review::markdown(None, &plan, &changes, usize::MAX);
    assert!(comment.contains("| ``a\\|b`c@example.org`` |"), "{comment}");
    assert_eq!(comment.matches("\n| + |").count(), changes.len());
}

#[test]
fn records_for_people_and_programs() {
    let plan = full();
    let records = dns::records(&plan, &keys());
    same(&golden("dns/records.txt"), &dns::table(&records, &dns::requests(&plan)));
    for (format, file) in [
        (RecordFormat::Dnscontrol, "records.js"),
        (RecordFormat::Json, "records.json"),
        (RecordFormat::Markdown, "records.md"),
        (RecordFormat::Nsupdate, "records.nsupdate"),
        (RecordFormat::Octodns, ""),
        (RecordFormat::Terraform, "records.tf"),
        (RecordFormat::TerraformCloudflare, "cloudflare.tf"),
        (RecordFormat::TerraformRoute53, "route53.tf"),
        (RecordFormat::Zone, "records.zone"),
    ] {
        match dns::render(format, &plan, &records) {
            dns::Rendered::One(text) => same(&golden(&format!("dns/{file}")), &text),
            dns::Rendered::Zones(files) => {
                assert_eq!(files.len(), 3);
                files.iter().for_each(|(name, text)| same(&golden(&format!("dns/octodns/{name}")), text));
            }
        }
    }
}

/// RFC 6376 §3.6.1: an empty `p=` says that the key is revoked.
#[test]
fn a_key_that_is_not_made_yet_is_missing_and_never_empty() {
    for dkim in [dns::PublicKeys::new(), keys().dkim.into_keys().map(|key| (key, String::new())).collect()] {
        let records = dns::records(&full(), &dns::Known { dkim, ..dns::Known::default() });
        let zone = dns::zone(&records);
        assert!(zone.contains("; ed1._domainkey.example.org. 3600 IN TXT: the key is made"), "{zone}");
        assert!(!zone.contains("k=ed25519"), "{zone}");
        assert!(dns::json(&records, &[])["records"].as_array().unwrap().iter().any(|r| r["pending"] == true));
    }
}

#[test]
fn bind_accepts_the_zone_and_reads_the_same_texts() {
    let long = format!("v=DKIM1; p={}", "Aa0+/\"\\;é".repeat(80));
    let plan = edited(|v| v["dns"][6]["data"]["txt"] = json!(long));
    let folder = tempfile::tempdir().unwrap();
    let (file, to) = (folder.path().join("zone"), folder.path().join("out"));
    let (from, to) = (file.to_str().unwrap(), to.to_str().unwrap());
    // The last one is read below.
    for origin in ["xn--bcher-kva.example", "quiet.example", "example.org"] {
        let records: Vec<_> = dns::records(&plan, &keys()).into_iter().filter(|record| record.zone == origin).collect();
        assert!(!records.is_empty(), "{origin}");
        let zone = format!(
            "$ORIGIN {origin}.\n@ 3600 IN SOA ns.{origin}. hostmaster.{origin}. 1 7200 900 1209600 3600\n\
             @ 3600 IN NS ns.{origin}.\nns.{origin}. 3600 IN A 192.0.2.1\n{}",
            dns::zone(&records)
        );
        std::fs::write(&file, &zone).unwrap();
        judged_by("named-checkzone", &["-D", "-o", to, origin, from], "");
    }
    let canonical = std::fs::read_to_string(to).unwrap();
    let txt = canonical.lines().find(|line| line.starts_with("rsa1._domainkey")).unwrap();
    assert_eq!(unquoted(txt), long.as_bytes());
}

/// The octets of a TXT record's character-strings, joined (RFC 1035 §5.1).
fn unquoted(line: &str) -> Vec<u8> {
    let (mut octets, mut inside) = (Vec::new(), false);
    let mut rest = line.bytes();
    while let Some(octet) = rest.next() {
        match octet {
            b'"' => inside = !inside,
            b'\\' if inside => match rest.next().unwrap() {
                digit @ b'0'..=b'9' => {
                    let digits = [digit, rest.next().unwrap(), rest.next().unwrap()];
                    octets.push(std::str::from_utf8(&digits).unwrap().parse().unwrap());
                }
                literal => octets.push(literal),
            },
            octet if inside => octets.push(octet),
            _ => {}
        }
    }
    octets
}

#[test]
fn the_ruleset_is_taken_by_nft() {
    let rules = firewall::nftables(&full());
    same(&golden("firewall/full.nft"), &rules);
    judged_by("unshare", &["-rn", "nft", "-c", "-f", "/dev/stdin"], &rules);
    let hostile = edited(|v| {
        v["firewall"] = json!([
            { "port": 25, "listener": "a\" drop\n\\", "family": "ipv4", "addresses": ["192.0.2.10", "192.0.2.11"] },
            { "port": 40025, "listener": "x\nflush ruleset", "family": "ipv6", "addresses": ["2001:db8::10"] }
        ]);
    });
    let rules = firewall::nftables(&hostile);
    judged_by("unshare", &["-rn", "nft", "-c", "-f", "/dev/stdin"], &rules);
    assert!(!rules.lines().any(|line| line.trim_start().starts_with("flush")), "{rules}");
    judged_by(
        "unshare",
        &["-rn", "nft", "-c", "-f", "/dev/stdin"],
        &firewall::nftables(&edited(|v| v["firewall"] = json!([]))),
    );
}

/// Everything that a section `firewall` can ask for, in one ruleset.
fn guarded() -> Plan {
    edited(|v| {
        v["packet_filter"] = json!({
            "admin": ["10.0.0.0/8", "10.1.0.0/16", "2001:db8:7::/48"], "admin_ports": [22, 9090],
            "open": [80, 443, 51820], "abuse_set": true, "connections_per_minute_max": 120,
            "outgoing": { "ports": [25, 53, 443], "server_only": true, "user": "0" }
        });
    })
}

#[test]
fn all_that_is_asked_of_the_filter_is_taken_by_nft() {
    let rules = firewall::nftables(&guarded());
    same(&golden("firewall/guarded.nft"), &rules);
    judged_by("unshare", &["-rn", "nft", "-c", "-f", "/dev/stdin"], &rules);
    for (path, value) in [
        ("ipv4_only", json!(true)),
        ("open", json!([])),
        ("admin", json!(["0.0.0.0/0", "::/0", "10.0.0.0/8"])),
        ("outgoing", json!({ "server_only": true })),
        ("outgoing", json!({ "server_only": true, "user": "a\" accept; flush ruleset" })),
    ] {
        let plan = serde_json::to_value(guarded()).unwrap();
        let rules = firewall::nftables(&edited(|v| {
            v["packet_filter"] = plan["packet_filter"].clone();
            v["packet_filter"][path] = value.clone();
        }));
        assert!(!rules.contains("flush ruleset"), "{rules}");
        // No such user is here, and nft wants to know the number.
        let rules = rules.replace("\"a__accept__flush_ruleset\"", "0");
        judged_by("unshare", &["-rn", "nft", "-c", "-f", "/dev/stdin"], &rules);
    }
}

/// What a program of the packet filter makes of a script, in a network of its own; the script runs twice and changes
/// nothing then.
fn loaded_twice(script: &str, list: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("script");
    std::fs::write(&file, script).unwrap();
    let file = file.display();
    let once = judged_by("unshare", &["-rn", "sh", "-ec", &format!("sh {file}; {list}")], "");
    let twice = judged_by("unshare", &["-rn", "sh", "-ec", &format!("sh {file}; sh {file}; {list}")], "");
    assert_eq!(once, twice);
    once
}

#[test]
fn iptables_takes_its_scripts_again_and_again() {
    let list = "iptables-save -t filter | grep -v '^#'; ip6tables-save -t filter | grep -v '^#'";
    for (name, plan, form) in [
        ("full.iptables", full(), firewall::Form::Iptables),
        ("guarded.iptables", guarded(), firewall::Form::Iptables),
        ("guarded.docker", guarded(), firewall::Form::Docker),
    ] {
        let script = firewall::render(&plan, form);
        same(&golden(&format!("firewall/{name}.sh")), &script);
        let listed = loaded_twice(&script, list);
        assert_eq!(listed.matches("-A INPUT -j MAILCTL-IN").count(), 2, "{listed}");
        for rule in plan.firewall.iter().filter(|r| r.addresses.is_empty()) {
            let accepts = format!("--dport {} -m comment --comment {} -j ACCEPT", rule.port, rule.listener);
            assert!(listed.contains(&accepts), "{accepts}\n{listed}");
        }
        let published = listed.contains("--ctorigdstport 25") && listed.contains("-A DOCKER-USER -j MAILCTL-FWD");
        assert_eq!(published, form == firewall::Form::Docker, "{listed}");
    }
    let v4 = edited(|v| v["packet_filter"] = json!({ "ipv4_only": true }));
    let listed = loaded_twice(&firewall::render(&v4, firewall::Form::Iptables), list);
    assert_eq!(listed.matches("-A INPUT -j MAILCTL-IN").count(), 1, "{listed}");
}

/// Nothing that a plan holds ends a word of a script, or begins a line.
#[test]
fn a_listeners_name_is_no_command() {
    let hostile = edited(|v| {
        v["firewall"] = json!([
            { "port": 25, "listener": "a'; touch /tmp/x; '\nreboot\nRULES\n$(id)`id`${x}''", "family": "ipv4", "addresses": [] },
        ]);
        v["packet_filter"] = json!({ "outgoing": { "server_only": true, "user": "0 -j ACCEPT\n-A X" } });
    });
    for form in [firewall::Form::Iptables, firewall::Form::Docker, firewall::Form::Ufw, firewall::Form::Nixos] {
        let text = firewall::render(&hostile, form);
        assert!(!text.lines().any(|line| line.starts_with("reboot") || line.trim() == "-A X"), "{text}");
        assert!(!text.contains("'; touch"), "{text}");
        assert_eq!(text.matches("\nRULES\n").count() % 2, 0, "{text}");
    }
    let script = firewall::render(&hostile, firewall::Form::Iptables).replace("0_-j_ACCEPT_-A_X", "0");
    loaded_twice(&script, "iptables-save -t filter | grep -v '^#'");
}

#[test]
fn the_other_forms_are_read_by_their_programs() {
    for (name, plan) in [("full", full()), ("guarded", guarded())] {
        let ufw = firewall::render(&plan, firewall::Form::Ufw);
        same(&golden(&format!("firewall/{name}.ufw.sh")), &ufw);
        judged_by("sh", &["-n"], &ufw);
        let firewalld = firewall::render(&plan, firewall::Form::Firewalld);
        same(&golden(&format!("firewall/{name}.firewalld.sh")), &firewalld);
        judged_by("sh", &["-n"], &firewalld);
        same(&golden(&format!("firewall/{name}.nix")), &firewall::render(&plan, firewall::Form::Nixos));
    }
}

/// Loaded twice there is one table, with one accepting rule for each public mail port.
#[test]
fn the_ruleset_replaces_itself() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rules.nft");
    std::fs::write(&file, firewall::nftables(&full())).unwrap();
    let script = format!("nft -f {0} && nft -f {0} && nft list ruleset", file.display());
    let listed = judged_by("unshare", &["-rn", "sh", "-c", &script], "");
    assert_eq!(listed.matches("table inet mailctl").count(), 1, "{listed}");
    assert_eq!(listed.matches(" accept comment ").count(), full().firewall.len(), "{listed}");
}

#[test]
fn ports_and_flowchart() {
    same(&golden("ports/full.txt"), &ports::table(&full()));
    same(&golden("ports/full.json"), &pretty(&ports::json(&full())));
    same(&golden("flowchart/relay.mmd"), &flowchart::mermaid(&full()));
    let direct = edited(|v| {
        v["outbound"]["routes"] = json!([]);
        v["outbound"]["default"] = json!("direct");
        v["outbound"].as_object_mut().unwrap().remove("default_fallback");
        v.as_object_mut().unwrap().remove("relaying");
        let imap = v["listeners"]["imaps"].clone();
        v["listeners"] = json!({ "a\"]\n%% x": imap });
    });
    same(&golden("flowchart/direct.mmd"), &flowchart::mermaid(&direct));
}

#[test]
fn the_web_is_in_the_tables_too() {
    let web = edited(|v| {
        v["listeners"]["https"] =
            json!({ "protocol": "https", "port": 8443, "published": 443, "tls": "implicit", "sockets": ["[::]:8443"] });
        v["listeners"]["http"] = json!({ "protocol": "http", "port": 80, "tls": "none", "sockets": ["0.0.0.0:80"] });
        v["firewall"]
            .as_array_mut()
            .unwrap()
            .push(json!({ "port": 8443, "listener": "https", "family": "ipv6", "addresses": [] }));
    });
    same(&golden("ports/web.txt"), &ports::table(&web));
    same(&golden("flowchart/web.mmd"), &flowchart::mermaid(&web));
    let changes = change::diff(Some(&full()), &web);
    same(&golden("review/web.txt"), &review::human(Some(&full()), &web, &changes, false));
}

fn with_references() -> Plan {
    edited(|v| {
        v["accounts"]["list@example.org"]["password"] = json!({ "secret": { "credential": "list" } });
        v["listeners"].as_object_mut().unwrap().remove("pop3s");
    })
}

#[test]
fn the_unit_is_known_to_systemd() {
    let text = unit::unit(&with_references());
    same(&golden("unit/mailctl.service"), &text);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mailctl.service");
    // systemd wants the program to exist.
    std::fs::write(&file, text.replace("/usr/bin/mailctl", "/bin/true").replace("Documentation=man:mailctl(1)\n", ""))
        .unwrap();
    let said = judged_by("systemd-analyze", &["verify", "--man=no", file.to_str().unwrap()], "");
    assert!(!said.contains("mailctl.service"), "{said}");
    let high = edited(|v| v["listeners"] = json!({}));
    assert!(unit::unit(&high).contains("\nCapabilityBoundingSet=\n"));
    let feeding = unit::unit(&edited(|v| v["packet_filter"] = json!({ "abuse_set": true })));
    assert!(feeding.contains("\nAmbientCapabilities=CAP_NET_BIND_SERVICE CAP_NET_ADMIN\n"), "{feeding}");
    assert!(feeding.contains("AF_NETLINK"), "{feeding}");
}

#[test]
fn the_compose_file_publishes_what_the_plan_listens_on() {
    same(&golden("compose/published.yaml"), &compose::compose(&with_references()));
    same(&golden("compose/host-network.yaml"), &compose::compose(&full()));
    let mapped = edited(|v| {
        v["listeners"] = json!({ "smtp": {
            "protocol": "smtp", "port": 2525, "published": 25, "tls": "starttls", "sockets": ["0.0.0.0:2525"]
        }});
    });
    assert!(compose::compose(&mapped).contains("- \"0.0.0.0:25:2525\"\n"), "{}", compose::compose(&mapped));
    assert!(ports::table(&mapped).contains("25 -> 2525"), "{}", ports::table(&mapped));
}
