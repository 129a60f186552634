//! What compiles, and what the plan of it says.

use std::net::IpAddr;

use mailctl::compiler::{Inputs, compile};
use mailctl::ground::diagnostic::{Counts, Source};
use mailctl::ground::secret::SecretRef;
use mailctl::plan::Plan;
use mailctl::plan::document::{
    AliasTargets, Certificate, CertificateSource, DnsData, Family, Password, Protocol, RelayTls, SrsKey, TlsMode,
};

use crate::fixtures::{NOW, inputs, report, root};
use crate::rules::complete;

fn example(name: &str) -> (Plan, Counts) {
    let text = std::fs::read_to_string(root("examples").join(name)).unwrap();
    let (compilation, rendered) = report(name, &text, &inputs());
    let plan = compilation.plan.unwrap_or_else(|| panic!("{rendered}"));
    (plan, Counts::of(&compilation.diagnostics))
}

#[test]
fn five_lines_are_a_mail_server() {
    let (plan, counts) = example("smallest.yaml");
    // Two placeholders, a self-signed certificate, no backup; postmaster goes to the one account.
    assert_eq!(counts, Counts { errors: 0, warnings: 4, notes: 1 });
    let doors: Vec<_> = plan.listeners.iter().map(|(n, l)| (n.as_str(), l.port, l.tls, l.protocol)).collect();
    assert_eq!(
        doors,
        [
            ("https", 443, TlsMode::Implicit, Protocol::Https),
            ("imaps", 993, TlsMode::Implicit, Protocol::Imap),
            ("smtp", 25, TlsMode::Starttls, Protocol::Smtp),
            ("submissions", 465, TlsMode::Implicit, Protocol::Submission),
        ]
    );
    let hello = "hello@example.org".parse().unwrap();
    for role in ["postmaster@example.org", "abuse@example.org"] {
        assert!(plan.aliases[&role.parse().unwrap()].local.contains(&hello), "{role}");
    }
    assert_eq!(plan.firewall.len(), 8);
    assert!(plan.firewall.iter().all(|r| r.addresses.is_empty()));
    let txt: Vec<_> = plan
        .dns
        .iter()
        .filter_map(|r| if let DnsData::Txt(t) = &r.data { Some((r.name.as_str(), t.as_str())) } else { None })
        .collect();
    assert_eq!(
        txt,
        [
            ("_dmarc.example.org", "v=DMARC1; p=none; rua=mailto:postmaster@example.org"),
            ("example.org", "v=spf1 ip4:192.0.2.10 ip6:2001:db8::10 -all"),
            ("mail.example.org", "v=spf1 a -all"),
        ]
    );
    assert_eq!(plan.dns.iter().filter(|r| matches!(r.data, DnsData::DkimGenerated { .. })).count(), 2);
    assert!(plan.dns.is_sorted());
}

#[test]
fn the_lab_listens_on_loopback_and_opens_nothing() {
    let (plan, counts) = example("lab.yaml");
    assert_eq!((counts.errors, counts.warnings), (0, 0));
    assert!(plan.listeners.values().flat_map(|l| &l.sockets).all(|s| s.ip().is_loopback()));
    assert_eq!(plan.firewall, []);
    assert_eq!(plan.listeners["submission"].tls, TlsMode::StarttlsRequired);
}

#[test]
fn everything_that_can_be_written_reaches_the_plan() {
    let (plan, counts) = example("everything.yaml");
    assert_eq!(counts.errors, 0);
    let relay = &plan.outbound.relays["default"];
    assert_eq!((relay.port, relay.tls), (587, RelayTls::StarttlsRequired));
    assert_eq!(plan.outbound.retry_after_seconds, [300, 900, 3600]);
    assert_eq!(plan.limits.message_octets_max, 30_000_000);
    assert_eq!(plan.limits.drain_seconds, 45);
    let office = plan.accounts.get(&"office@example.org".parse().unwrap()).unwrap();
    assert_eq!(office.quota_octets, Some(5_000_000_000));
    assert!(matches!(office.password, Some(Password::Hash(ref h)) if h.starts_with("$6$")));
    let team = &plan.aliases[&"team@example.org".parse().unwrap()];
    assert_eq!((team.local.len(), team.remote.len()), (2, 0));
    let second = &plan.domains[&"xn--bcher-kva.example.org".parse().unwrap()];
    assert_eq!(second.subaddress_separator, None);
    assert_eq!(second.catch_all.local.len(), 1);
    assert!(second.dkim.is_empty());
    let v4: Vec<_> = plan.firewall.iter().filter(|r| r.listener == "imap" && r.family == Family::Ipv4).collect();
    assert_eq!(v4[0].addresses.iter().collect::<Vec<_>>(), [&"192.0.2.10".parse::<IpAddr>().unwrap()]);
}

/// Where a packet arrives: behind a router at the listener's port, before a container engine at the published one.
#[test]
fn the_filter_knows_the_port_that_the_machine_sees() {
    let text = std::fs::read_to_string(root("examples/podman-rootless.yaml")).unwrap();
    let seen = |text: &str| {
        let (compilation, rendered) = report("published", text, &inputs());
        let plan = compilation.plan.unwrap_or_else(|| panic!("{rendered}"));
        assert_eq!((plan.listeners["smtp"].port, plan.listeners["smtp"].published), (1025, Some(25)));
        let ports = plan.firewall.iter().map(|r| (r.listener.as_str().to_owned(), r.port));
        (plan.host.bridged, ports.collect::<std::collections::BTreeMap<_, _>>()["smtp"])
    };
    assert_eq!(seen(&text), (true, 25));
    let runtime = "  runtime: { kind: podman, network: bridge, rootless: pasta }\n";
    assert_eq!(seen(&text.replace(runtime, "")), (false, 1025));
    assert_eq!(seen(&text.replace("network: bridge", "network: host")), (false, 1025));
}

#[test]
fn a_closed_listener_is_not_opened() {
    let text = std::fs::read_to_string(root("examples/everything.yaml")).unwrap();
    let (open, _) = report("open", &text, &inputs());
    let (shut, rendered) = report("shut", &format!("{text}firewall: {{ closed: [imap] }}\n"), &inputs());
    let (open, shut) = (open.plan.unwrap(), shut.plan.unwrap_or_else(|| panic!("{rendered}")));
    let left: Vec<_> = open.firewall.iter().filter(|r| r.listener != "imap").cloned().collect();
    assert!(left.len() < open.firewall.len());
    assert_eq!(shut.firewall, left);
    assert_eq!(shut.listeners, open.listeners, "it still listens, for those inside");
}

#[test]
fn plans_hold_no_secret_and_no_path_of_the_machine() {
    let text = std::fs::read_to_string(root("examples/lab.yaml")).unwrap();
    let source = Source { name: "lab.yaml", text: &text };
    let plan_in = |folder: &std::path::Path| {
        std::fs::create_dir_all(folder.join("secrets")).unwrap();
        for user in ["u1", "u2"] {
            std::fs::write(folder.join("secrets").join(user), "tiger-in-the-tank").unwrap();
        }
        let mut inputs = Inputs::from_disk(folder);
        inputs.now = NOW;
        let compilation = compile(&source, &inputs);
        serde_json::to_string(&compilation.plan.expect("lab.yaml compiles")).unwrap()
    };
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (first, second) = (plan_in(one.path()), plan_in(two.path()));
    assert_eq!(first, second);
    assert!(!first.contains("tiger") && !first.contains(one.path().to_str().unwrap()));
}

#[test]
fn secrets_are_looked_for_unless_told_otherwise() {
    let text = std::fs::read_to_string(root("examples/smallest.yaml")).unwrap();
    let source = Source { name: "smallest.yaml", text: &text };
    let nowhere = Inputs::in_memory(Default::default(), NOW);
    let codes: Vec<_> = compile(&source, &nowhere).diagnostics.iter().map(|d| d.code).collect();
    assert!(codes.contains(&"SEC-002"), "{codes:?}");
    assert!(compile(&source, &nowhere.ignoring_secrets()).plan.is_some());
}

#[test]
fn layout_changes_nothing() {
    let text = std::fs::read_to_string(root("examples/family.yaml")).unwrap();
    let crlf = text.replace('\n', "\r\n");
    let marked = [b"\xef\xbb\xbf", crlf.as_bytes()].concat();
    let stripped = mailctl::compiler::text(&marked).unwrap();
    let inputs = inputs();
    let (first, _) = report("a", &text, &inputs);
    let (second, rendered) = report("b", stripped, &inputs);
    assert_eq!(first.plan, second.plan, "{rendered}");
}

#[test]
fn who_receives_and_who_logs_in_reaches_the_plan() {
    let text = complete(
        "domains:
  example.org: { catch_all: [rest@freemail.net, anna@example.org] }
  example.com: { alias_of: example.net }
  example.net: { alias_of: example.org }
accounts:
  anna@example.org:
    password: { file: /run/secrets/anna }
    app_passwords: { phone: { file: /run/secrets/hello }, laptop: { env: LAPTOP } }
    forward_to: [team@example.com, Me@freemail.net]
    keep_copy: false
  ben@example.org: { aliases: [b@example.org] }
aliases:
  team@example.org: [b@example.org, others@example.org]
  others@example.org: [Else@freemail.net]
  \"shop-*@example.org\": anna+shop@example.net
  \"shop-*-eu@example.org\": ben@example.org
outbound: { forwarding: { srs: true, domain: example.net, secret: { env: SRS } } }
storage: { retention: { trash: 30d }, backup: { enabled: false } }
limits: { login_failures_max: 5, login_window: 10m, login_exempt: [192.0.2.0/24, 10.0.0.0/8], messages_per_hour_max: 99 }",
    );
    let (compilation, rendered) = report("mailserver.yaml", &text, &inputs());
    let plan = compilation.plan.unwrap_or_else(|| panic!("{rendered}"));
    let shown = |targets: &AliasTargets| -> Vec<String> {
        targets.local.iter().map(ToString::to_string).chain(targets.remote.iter().map(|a| format!("-> {a}"))).collect()
    };
    let anna = &plan.accounts[&"anna@example.org".parse().unwrap()];
    let forward = anna.forward.as_ref().unwrap();
    assert!(!forward.keep_copy);
    assert_eq!(shown(&forward.to), ["ben@example.org", "-> Else@freemail.net", "-> Me@freemail.net"]);
    assert_eq!(anna.app_passwords.keys().collect::<Vec<_>>(), ["laptop", "phone"]);
    let team = &plan.aliases[&"team@example.org".parse().unwrap()];
    assert_eq!(shown(team), ["ben@example.org", "-> Else@freemail.net"], "an account's forward is not the alias's");
    let patterns: Vec<_> = plan.alias_patterns.iter().map(|p| (p.suffix.as_str(), shown(&p.targets))).collect();
    let wanted = [("-eu", vec!["ben@example.org".to_owned()]), ("", vec!["anna@example.org".to_owned()])];
    assert_eq!(patterns, wanted, "the most specific one first");
    let domain = |name: &str| &plan.domains[&name.parse().unwrap()];
    assert_eq!(shown(&domain("example.org").catch_all), ["anna@example.org", "-> rest@freemail.net"]);
    for alias in ["example.com", "example.net"] {
        assert_eq!(domain(alias).alias_of.as_ref().map(ToString::to_string).as_deref(), Some("example.org"), "{alias}");
        assert!(!plan.aliases.contains_key(&format!("postmaster@{alias}").parse().unwrap()), "{alias}");
    }
    let srs = plan.forwarding.as_ref().unwrap();
    assert_eq!((srs.domain.as_str(), &srs.key), ("example.net", &SrsKey::Secret(SecretRef::Env("SRS".to_owned()))));
    assert_eq!((plan.retention.trash_seconds, plan.retention.junk_seconds), (Some(30 * 86_400), None));
    let failures = plan.limits.login_failures.as_ref().unwrap();
    assert_eq!((failures.max, failures.window_seconds, failures.exempt.len()), (5, 600, 2));
    assert!(failures.exempt.is_sorted());
    assert_eq!(plan.limits.messages_per_hour_max, Some(99));
}

#[test]
fn failed_logins_are_bounded_unless_the_file_says_otherwise() {
    let failures =
        |text: &str| report("mailserver.yaml", &complete(text), &inputs()).0.plan.unwrap().limits.login_failures;
    assert!(failures("").is_some_and(|f| (f.max, f.window_seconds) == (10, 900)));
    assert_eq!(failures("limits: { login_failures_max: 0 }"), None);
}

/// Which certificate a client gets is decided by name: an authority is asked for what no file holds, the host first.
#[test]
fn files_and_an_authority_share_the_names() {
    let names = |yaml: &str| {
        let yaml = complete(yaml);
        let compilation = compile(&Source { name: "mailserver.yaml", text: &yaml }, &inputs());
        let plan = compilation.plan.unwrap_or_else(|| panic!("{:#?}", compilation.diagnostics));
        let of = |c: &Certificate| (matches!(c.source, CertificateSource::Acme { .. }), c.names.join(" "));
        plan.certificates.iter().map(of).collect::<Vec<_>>()
    };
    let alone = names("certificates: { acme: { names: [IMAP.example.org] } }");
    let web = "autoconfig.example.org autodiscover.example.org";
    assert_eq!(alone, [(true, format!("mail.example.org {web} imap.example.org"))]);
    let files = "files: [{ chain: tls/host-only.pem, key: tls/host-only.key }]";
    let both = names(&format!("certificates: {{ acme: {{ names: [imap.example.org] }}, {files} }}"));
    assert_eq!(both, [(false, "mail.example.org".to_owned()), (true, format!("{web} imap.example.org"))]);
    let elsewhere = "files: [{ chain: tls/wrong-name.pem, key: tls/wrong-name.key }]";
    let both = names(&format!("certificates: {{ acme: {{}}, {elsewhere} }}"));
    assert_eq!(both, [(false, "www.example.org".to_owned()), (true, format!("mail.example.org {web}"))]);
    // The server asks for the wildcard alone; the plan says all that is answered to.
    let star = names(
        "certificates: { acme: { challenge: dns-01, names: [\"*.example.org\", a.b.example.org] } }\n\
         dns: { publish: { rfc2136: { server: 192.0.2.53, key_name: mailctl, key: { file: /run/secrets/hello } } } }",
    );
    assert_eq!(star, [(true, format!("mail.example.org *.example.org a.b.example.org {web}"))]);
}
