//! The records that a configuration gives, as a name server would read them.

use std::collections::BTreeMap;

use mailctl::artefact::render::dns;
use mailctl::plan::Plan;
use mailctl::plan::document::MtaStsMode;

use crate::fixtures::{inputs, report};
use crate::rules::complete;

fn plan(yaml: &str) -> Plan {
    let (compilation, rendered) = report("mailserver.yaml", &complete(yaml), &inputs());
    compilation.plan.unwrap_or_else(|| panic!("{rendered}"))
}

/// Each record's data by `NAME TYPE`.
fn records(plan: &Plan) -> BTreeMap<String, Vec<String>> {
    let zone = dns::zone(&dns::records(plan, &dns::Known::default()));
    let mut records: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for line in zone.lines().filter(|l| !l.starts_with(';') && !l.is_empty()) {
        let [name, _, _, kind, data] = line.splitn(5, ' ').collect::<Vec<_>>().try_into().unwrap();
        records.entry(format!("{name} {kind}")).or_default().push(data.to_owned());
    }
    records
}

#[test]
fn mx_lists_keep_their_order_and_a_null_mx_is_alone() {
    let records = records(&plan(
        "domains:
  example.org: { mx: [{ host: mail.example.org }, { host: MX2.example.net., preference: 50 }, { host: mx3.example.net }] }
  quiet.example.org: { mx: [{ host: . }] }",
    ));
    assert_eq!(records["example.org. MX"], ["10 mail.example.org.", "30 mx3.example.net.", "50 mx2.example.net."]);
    assert_eq!(records["quiet.example.org. MX"], ["0 ."]);
    assert_eq!(records["example.org. TXT"], ["\"v=spf1 mx ip4:192.0.2.10 ip6:2001:db8::10 -all\""]);
    // No other host is named, so that the term `mx` would be a look-up for nothing.
    assert_eq!(records["quiet.example.org. TXT"], ["\"v=spf1 ip4:192.0.2.10 ip6:2001:db8::10 -all\""]);
}

#[test]
fn who_only_sends_is_no_mx_host() {
    let plan = plan(
        "host: { name: mail.example.org, addresses: [192.0.2.10], role: submission-only }
listeners: { smtp: {}, submissions: {} }",
    );
    assert!(!records(&plan).contains_key("example.org. MX"));
}

#[test]
fn spf_names_the_relays_that_the_domain_uses() {
    let records = records(&plan(
        "domains: { example.org: { spf: { mechanisms: [\"ip4:198.51.100.7\"], all: softfail } }, example.net: {}, a.example.edu: {} }
relay:
  hosts:
    bulk: { host: bulk.example.com, user: u, password: { env: P }, spf: [_spf.bulk.example.com] }
    post: { host: post.example.com, user: u, password: { env: P }, spf: [_spf.post.example.com] }
  routes:
    - { senders: [news@example.org], via: bulk, fallback: direct }
    - { senders: [.example.edu], via: direct }
  default: post
outbound: { source_addresses: [192.0.2.99, 10.0.0.1] }",
    ));
    let own = "v=spf1 ip4:192.0.2.10 ip4:192.0.2.99 ip6:2001:db8::10";
    assert_eq!(
        records["example.org. TXT"],
        [format!("\"{own} include:_spf.bulk.example.com include:_spf.post.example.com ip4:198.51.100.7 ~all\"")]
    );
    assert_eq!(records["example.net. TXT"], [format!("\"{own} include:_spf.post.example.com -all\"")]);
    assert_eq!(records["a.example.edu. TXT"], [format!("\"{own} -all\"")]);
    assert_eq!(records["mail.example.org. TXT"], ["\"v=spf1 a ip4:192.0.2.99 -all\""]);
}

#[test]
fn reports_to_a_domain_of_ours_are_authorised_there() {
    let records = records(&plan(
        "domains:
  example.org: {}
  example.net:
    dmarc: { policy: reject, subdomain_policy: none, reports_to: [hello@example.org, x@example.com], failure_reports_to: hello@example.org }
    tls_rpt: { reports_to: hello@example.org }",
    ));
    assert_eq!(
        records["_dmarc.example.net. TXT"],
        [concat!(
            "\"v=DMARC1; p=reject; sp=none; rua=mailto:hello@example.org,mailto:x@example.com; ",
            "ruf=mailto:hello@example.org\""
        )]
    );
    assert_eq!(records["example.net._report._dmarc.example.org. TXT"], ["\"v=DMARC1\""]);
    assert!(!records.keys().any(|k| k.contains("_report._dmarc.example.com")));
    assert_eq!(records["_smtp._tls.example.net. TXT"], ["\"v=TLSRPTv1; rua=mailto:hello@example.org\""]);
}

#[test]
fn a_policy_is_announced_by_its_digest() {
    let policy = |extra: &str| {
        let plan =
            plan(&format!("domains: {{ example.org: {{ mta_sts: {{ mode: testing{extra} }}, tls_rpt: {{}} }} }}"));
        let announced = records(&plan)["_mta-sts.example.org. TXT"].concat();
        let policy = plan.domains.values().next().unwrap().mta_sts.clone().unwrap();
        assert_eq!(announced, format!("\"v=STSv1; id={};\"", policy.id));
        assert_eq!(records(&plan).contains_key("mta-sts.example.org. CNAME"), policy.served_here);
        policy
    };
    let (first, again, other) = (policy(""), policy(", max_age: 7d"), policy(", max_age: 8d"));
    assert_eq!(first.text, "version: STSv1\r\nmode: testing\r\nmx: mail.example.org\r\nmax_age: 604800\r\n");
    assert_eq!(first.id, again.id);
    assert_ne!(first.id, other.id);
    assert!(first.id.len() <= 32 && first.id.bytes().all(|b| b.is_ascii_alphanumeric()));
    let pinned = policy(", id: \"7\", served_by: external");
    assert_eq!((pinned.id.as_str(), pinned.served_here, pinned.mode()), ("7", false, MtaStsMode::Testing));
}

#[test]
fn caa_stands_where_certificates_are() {
    let records = records(&plan(
        "certificates: { acme: { challenge: dns-01, names: [imap.example.org, \"*.example.org\"] } }
dns:
  publish: { rfc2136: { server: 192.0.2.53, key_name: mailctl, key: { file: /run/secrets/hello } } }
  caa: { issuers: [letsencrypt.org], account_uri: \"https://acme-v02.api.letsencrypt.org/acme/acct/1\", validation_methods: [dns-01], iodef: hello@example.org }",
    ));
    let value =
        "letsencrypt.org; accounturi=https://acme-v02.api.letsencrypt.org/acme/acct/1; validationmethods=dns-01";
    for name in ["mail", "imap"] {
        let wanted = ["0 iodef \"mailto:hello@example.org\"".to_owned(), format!("0 issue \"{value}\"")];
        assert_eq!(records[&format!("{name}.example.org. CAA")], wanted);
    }
    // Web sites of the domain may have certificates from elsewhere.
    let apex = ["0 iodef \"mailto:hello@example.org\"".to_owned(), format!("0 issuewild \"{value}\"")];
    assert_eq!(records["example.org. CAA"], apex);
}

#[test]
fn tlsa_names_every_key_of_the_host_in_a_signed_zone() {
    let yaml = |signed: &str| {
        format!(
            "certificates:
  files: [{{ chain: tls/good.pem, key: tls/good.key }}, {{ chain: tls/host-only.pem, key: tls/host-only.key }}, {{ chain: tls/wrong-name.pem, key: tls/wrong-name.key }}]
domains: {{ example.org: {{ dnssec: {signed}, tls_rpt: {{}}, dane: {{ ttl: 10m }} }} }}"
        )
    };
    let plan_signed = plan(&yaml("signed"));
    let tlsa = &records(&plan_signed)["_25._tcp.mail.example.org. TLSA"];
    assert_eq!(tlsa.len(), 2);
    let good = "3 1 1 9c0dbff4826a930fb4f6ba09e7b6b061879f149ff04173b8e390a57157d90ac3";
    assert!(tlsa.iter().all(|t| t.starts_with("3 1 1 ")) && tlsa.iter().any(|t| t == good), "{tlsa:?}");
    assert!(plan_signed.dns.iter().filter(|r| r.data.kind() == "TLSA").all(|r| r.ttl_seconds == 600));
    assert!(!records(&plan(&yaml("unsigned"))).keys().any(|k| k.ends_with("TLSA")));
}

#[test]
fn an_alias_domain_says_what_its_target_says() {
    let plan = plan(
        "domains:
  example.org: { mx: [{ host: mail.example.org }, { host: mx2.example.net }], dmarc: { policy: reject }, spf: { all: softfail }, dkim: { s2026: {} } }
  example.net: { alias_of: example.org, spf: { all: neutral } }",
    );
    let records = records(&plan);
    assert_eq!(records["example.net. MX"], ["10 mail.example.org.", "20 mx2.example.net."]);
    assert_eq!(records["_dmarc.example.net. TXT"], ["\"v=DMARC1; p=reject; rua=mailto:postmaster@example.net\""]);
    assert!(records["example.net. TXT"][0].ends_with("?all\""));
    // Keys are each domain's own.
    let selectors: Vec<_> =
        plan.domains[&"example.net".parse().unwrap()].dkim.iter().map(|s| s.selector.as_str()).collect();
    assert_eq!(selectors, ["mailctl-ed25519", "mailctl-rsa"]);
}

#[test]
fn a_selector_is_published_before_and_after_it_signs() {
    let plan = plan("domains: { example.org: { dkim: { s2026: {}, s2027: {} }, sign_with: [s2027] } }");
    let signing: Vec<_> = plan.domains.values().next().unwrap().dkim.iter().map(|s| s.selector.as_str()).collect();
    assert_eq!(signing, ["s2027"]);
    let published: Vec<_> = plan.dns.iter().filter(|r| r.name.contains("._domainkey.")).map(|r| &r.name).collect();
    assert_eq!(published, ["s2026._domainkey.example.org", "s2027._domainkey.example.org"]);
}

#[test]
fn written_records_and_their_ttl() {
    let plan = plan(
        "dns: { phase: rollout }
domains:
  example.org:
    records:
      - { name: www, type: CNAME, value: web.example.net. }
      - { name: \"*.dev\", type: A, value: 192.0.2.30 }
      - { name: _xmpp-client._tcp, type: SRV, value: 5 1 5222 chat.example.org. }
      - { name: \"@\", type: TXT, value: site-verification=1 }
      - { name: example.org., type: CAA, value: 0 issue \"ca.example\" }",
    );
    let records = records(&plan);
    assert_eq!(records["www.example.org. CNAME"], ["web.example.net."]);
    assert_eq!(records["*.dev.example.org. A"], ["192.0.2.30"]);
    assert_eq!(records["_xmpp-client._tcp.example.org. SRV"], ["5 1 5222 chat.example.org."]);
    assert!(records["example.org. TXT"].contains(&"\"site-verification=1\"".to_owned()));
    assert_eq!(records["example.org. CAA"], ["0 issue \"ca.example\""]);
    assert!(plan.dns.iter().all(|r| r.ttl_seconds == 300));
}

#[test]
fn mail_programs_find_what_is_offered_and_hear_of_what_is_not() {
    let yaml = |extra: &str| {
        format!(
            "listeners: {{ smtp: {{}}, submissions: {{}}, submission: {{}}, imaps: {{}}, imap: {{}}, https: {{}} }}
certificates: {{ acme: {{}} }}
firewall: {{ closed: [imap] }}
domains: {{ example.org: {{{extra}}} }}"
        )
    };
    let all = records(&plan(&yaml("")));
    let srv = |service: &str| all[&format!("_{service}._tcp.example.org. SRV")].concat();
    assert_eq!(srv("submissions"), "0 1 465 mail.example.org.");
    assert_eq!(srv("submission"), "10 1 587 mail.example.org.");
    assert_eq!(srv("imaps"), "0 1 993 mail.example.org.");
    assert_eq!(srv("autodiscover"), "0 1 443 mail.example.org.");
    for missing in ["imap", "pop3s", "pop3"] {
        assert_eq!(srv(missing), "0 0 0 .");
    }
    for name in ["autoconfig", "autodiscover"] {
        assert_eq!(all[&format!("{name}.example.org. CNAME")], ["mail.example.org."]);
    }
    let none = records(&plan(&yaml(" autoconfig: false ")));
    assert!(!none.keys().any(|k| k.ends_with("SRV") || k.ends_with("CNAME")), "{none:?}");
    // A certificate from a file must hold the name; what stands in the file wins.
    let own = records(&plan(
        &yaml(" records: [{ name: _imaps._tcp, type: SRV, value: 0 1 993 mail.example.net. }] ")
            .replace("acme: {}", "files: [{ chain: tls/host-only.pem, key: tls/host-only.key }]"),
    ));
    assert!(!own.contains_key("autoconfig.example.org. CNAME"), "{own:?}");
    assert!(own.contains_key("_autodiscover._tcp.example.org. SRV"));
    assert_eq!(own["_imaps._tcp.example.org. SRV"], ["0 1 993 mail.example.net."]);
}

#[test]
fn who_only_sends_does_not_speak_for_the_server_that_keeps_the_mail() {
    let records = records(&plan(
        "host: { name: mail.example.org, addresses: [192.0.2.10], role: submission-only }
listeners: { submissions: { published: 2465 } }",
    ));
    let srv: Vec<_> = records.iter().filter(|(k, _)| k.ends_with("SRV")).collect();
    assert_eq!(srv.len(), 1, "{srv:?}");
    assert_eq!(records["_submissions._tcp.example.org. SRV"], ["0 1 2465 mail.example.org."]);
}

#[test]
fn tlsa_stands_at_every_port_with_tls_also_for_a_key_that_is_made_later() {
    let plan = plan(
        "certificates: { acme: {} }
listeners: { smtp: {}, submissions: {}, submission: {}, imaps: {}, pop3s: { addresses: [127.0.0.1] }, imap: {}, https: {} }
firewall: { closed: [imap] }
domains: { example.org: { dnssec: signed, tls_rpt: {} } }",
    );
    let pending: Vec<&str> =
        plan.dns.iter().filter(|r| r.data.kind() == "TLSA" && r.data.is_generated()).map(|r| r.name.as_str()).collect();
    let ports = ["25", "443", "465", "587", "993"].map(|port| format!("_{port}._tcp.mail.example.org"));
    assert_eq!(pending, ports);
    let spki = BTreeMap::from([("mail.example.org".to_owned(), vec!["aa".repeat(32), "bb".repeat(32)])]);
    let known = dns::Known { spki, ..dns::Known::default() };
    assert_eq!(dns::records(&plan, &known).iter().filter(|r| r.data.kind() == "TLSA").count(), 10);
}

#[test]
fn caa_is_not_beside_our_own_aliases() {
    let records = records(&plan(
        "certificates: { acme: { names: [mta-sts.example.org, autoconfig.example.org] } }
listeners: { smtp: {}, submissions: {}, imaps: {}, https: {} }
domains: { example.org: { mta_sts: { mode: testing }, tls_rpt: {} } }
dns: { caa: { issuers: [letsencrypt.org] } }",
    ));
    let caa: Vec<_> = records.keys().filter(|k| k.ends_with("CAA")).collect();
    assert_eq!(caa, ["mail.example.org. CAA"]);
}

#[test]
fn parked_names_take_and_send_nothing() {
    let plan = plan("dns: { parked: [www.example.org, example.net, Bücher.example.edu] }");
    let records = records(&plan);
    for name in ["www.example.org", "example.net", "xn--bcher-kva.example.edu"] {
        assert_eq!(records[&format!("{name}. MX")], ["0 ."]);
        assert_eq!(records[&format!("{name}. TXT")], ["\"v=spf1 -all\""]);
        assert_eq!(records[&format!("_dmarc.{name}. TXT")], ["\"v=DMARC1; p=reject\""]);
    }
    let zones: Vec<&str> = plan.publication.zones.keys().map(String::as_str).collect();
    assert_eq!(zones, ["example.net", "example.org", "xn--bcher-kva.example.edu"]);
}

#[test]
fn records_of_one_set_have_one_ttl() {
    let plan = plan(
        "certificates: { files: [{ chain: tls/good.pem, key: tls/good.key, key_reuse: true }] }
domains:
  example.org:
    dnssec: signed
    tls_rpt: {}
    dane: { ttl: 10m }
    records: [{ name: _25._tcp.mail, type: TLSA, value: 3 1 1 0000000000000000000000000000000000000000000000000000000000000000 }]",
    );
    let ttls: Vec<u32> = plan.dns.iter().filter(|r| r.name.starts_with("_25.")).map(|r| r.ttl_seconds).collect();
    assert_eq!(ttls, [600, 600]);
}
