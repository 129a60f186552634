//! The server in this process, seen through sockets: whose word it takes for who a client is, for whom it
//! relays, what its role refuses, and how each listener speaks TLS.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use mailctl::apply::probe::Probe;
use mailctl::apply::{apply, verify};
use mailctl::plan::Plan;
use mailctl::protocol::proxy::LOCAL;
use mailctl::runtime::net::anybody::AcceptAnybody;
use mailctl::runtime::net::tls::provider;
use mailctl::runtime::server::Server;
use mailctl::runtime::server::activation::StateFolder;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, HandshakeKind, SupportedProtocolVersion};
use serde_json::{Value, json};

const NAMES: [&str; 4] = ["smtp", "submissions", "imaps", "pop3s"];

struct World {
    runtime: tokio::runtime::Runtime,
    server: Arc<Server>,
    ports: Vec<u16>,
    _folder: tempfile::TempDir,
}

impl World {
    /// Serves the usual plan with an edit; every listener has been verified from outside.
    fn serving(edit: impl FnOnce(&mut Value)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("secret"), "pass word\n").unwrap();
        let held: Vec<TcpListener> =
            NAMES.iter().map(|_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap()).collect();
        let ports: Vec<u16> = held.iter().map(|l| l.local_addr().unwrap().port()).collect();
        drop(held);
        let mut value = plan(&ports);
        edit(&mut value);
        let plan: Plan = serde_json::from_value(value).unwrap();
        let state = StateFolder::new(folder.path());
        apply(&state, &plan, folder.path(), &None, None).unwrap();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let server = runtime.block_on(Server::start(state)).unwrap();
        assert_eq!(verify::with_state(&plan, folder.path()).unwrap(), vec![]);
        Self { runtime, server, ports, _folder: folder }
    }

    fn socket(&self, listener: &str) -> SocketAddr {
        let at = NAMES.iter().position(|name| *name == listener).unwrap();
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.ports[at]))
    }

    /// A connection whose first octets are `header`.
    fn behind(&self, listener: &str, header: &[u8]) -> Probe {
        let mut probe = Probe::connect(self.socket(listener)).unwrap();
        probe.send(header).unwrap();
        if listener.ends_with('s') { probe.start_tls("mail.bar.test").unwrap().0 } else { probe }
    }

    /// What comes back for `bytes` until the server closes.
    fn answer(&self, listener: &str, bytes: &[u8]) -> Vec<u8> {
        let mut stream = TcpStream::connect(self.socket(listener)).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream.write_all(bytes).unwrap();
        let mut answer = Vec::new();
        match stream.read_to_end(&mut answer) {
            Ok(_) => answer,
            // What we sent was not all read before the close.
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => answer,
            Err(error) => panic!("{error}"),
        }
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.runtime.block_on(self.server.stop());
    }
}

fn plan(ports: &[u16]) -> Value {
    let listener = |at: usize, protocol: &str, tls: &str| json!({ "protocol": protocol, "port": ports[at], "tls": tls, "sockets": [format!("127.0.0.1:{}", ports[at])] });
    json!({
        "format": 1, "compiler": "test", "source_digest": "sha256:0", "profile": "lab",
        "host": { "name": "mail.bar.test", "addresses": ["127.0.0.1"], "role": "full" },
        "listeners": {
            "smtp": listener(0, "smtp", "starttls"), "submissions": listener(1, "submission", "implicit"),
            "imaps": listener(2, "imap", "implicit"), "pop3s": listener(3, "pop3", "implicit")
        },
        "tls": { "min_version": "1.2", "profile": "intermediate", "session_tickets": false },
        "certificates": [{ "names": ["mail.bar.test"], "source": { "self_signed": {} } }],
        "domains": { "bar.test": { "dkim": [] } },
        "accounts": { "u1@bar.test": { "password": { "secret": { "file": "secret" } } }, "postmaster@bar.test": {} },
        "aliases": {},
        "outbound": {
            "default": "direct", "tls": "opportunistic", "retry_after_seconds": [3600], "lifetime_seconds": 432000,
            "resolver": { "addresses": ["127.0.0.1:1"] }, "mx_port": 1
        },
        "storage": { "embedded": {} },
        "limits": {
            "message_octets_max": 1000000, "recipients_max": 100, "connections_max": 100,
            "connections_per_source_max": 10, "command_timeout_seconds": 300, "session_timeout_seconds": 1800,
            "password_checks_max": 2, "drain_seconds": 1
        },
        "logging": { "format": "text", "level": "info" }, "dns": [], "publication": { "zones": {} }, "firewall": []
    })
}

fn proxied(trusted: &str) -> impl FnOnce(&mut Value) {
    move |v| {
        v["host"]["proxy_trusted"] = json!([trusted]);
        v["listeners"]["smtp"]["proxy_protocol"] = json!(true);
        v["listeners"]["submissions"]["proxy_protocol"] = json!(true);
    }
}

fn v1(source: &str) -> Vec<u8> {
    format!("PROXY TCP4 {source} 192.0.2.10 40000 25\r\n").into_bytes()
}

fn v2(source: Ipv4Addr) -> Vec<u8> {
    let ends = [source.octets().as_slice(), &[192, 0, 2, 10, 0x9c, 0x40, 0, 25], &[0x04, 0, 1, 0]].concat();
    [b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x10".as_slice(), &ends].concat()
}

fn say(probe: &mut Probe, line: &str, code: &str) {
    probe.say(line).unwrap();
    let reply = probe.smtp_reply().unwrap();
    assert!(reply.last().unwrap().starts_with(code), "{line}: {reply:?}");
}

/// As far as the envelope: what the server says to `RCPT TO:<to>`.
fn recipient(probe: &mut Probe, to: &str) -> String {
    assert!(probe.smtp_reply().unwrap()[0].starts_with("220"));
    say(probe, "EHLO client.test", "250");
    say(probe, "MAIL FROM:<a@client.test>", "250");
    probe.say(&format!("RCPT TO:<{to}>")).unwrap();
    probe.smtp_reply().unwrap().join("\n")
}

#[test]
fn the_announced_client_is_the_peer() {
    let world = World::serving(proxied("127.0.0.0/8"));
    for header in [v1("198.51.100.7"), v2(Ipv4Addr::new(198, 51, 100, 8))] {
        let mut probe = world.behind("smtp", &header);
        assert!(recipient(&mut probe, "u1@bar.test").starts_with("250"));
        say(&mut probe, "DATA", "354");
        say(&mut probe, "Subject: hi\r\n\r\nbody\r\n.", "250");
    }
    // The header comes before TLS, on listeners of either kind.
    assert!(world.behind("submissions", &v1("198.51.100.7")).smtp_reply().unwrap()[0].starts_with("220"));
    let mut starttls = world.behind("smtp", &v2(Ipv4Addr::new(198, 51, 100, 8)));
    starttls.smtp_reply().unwrap();
    say(&mut starttls, "EHLO client.test", "250");
    say(&mut starttls, "STARTTLS", "220");
    say(&mut starttls.start_tls("mail.bar.test").unwrap().0, "EHLO client.test", "250");

    let mut imap = world.behind("imaps", b"");
    imap.line().unwrap();
    for line in ["a LOGIN u1@bar.test \"pass word\"", "b SELECT INBOX"] {
        imap.say(line).unwrap();
        imap.imap_reply(&line[..1]).unwrap();
    }
    imap.say("c FETCH 1:* BODY[HEADER.FIELDS (Received)]").unwrap();
    let received = imap.imap_reply("c").unwrap().join("\n");
    assert!(received.contains("[198.51.100.7]") && received.contains("[198.51.100.8]"), "{received}");
    assert!(!received.contains("127.0.0.1"), "{received}");
}

#[test]
fn limits_are_the_clients_and_not_the_proxys() {
    let world = World::serving(|v| {
        proxied("127.0.0.0/8")(v);
        v["limits"]["connections_per_source_max"] = json!(2);
    });
    let greeting = |header: &[u8]| {
        let mut probe = world.behind("smtp", header);
        let greeting = probe.smtp_reply().unwrap().remove(0);
        (probe, greeting)
    };
    let open: Vec<_> = (0..2).map(|_| greeting(&v1("198.51.100.7"))).collect();
    assert!(open.iter().all(|(_, greeting)| greeting.starts_with("220")));
    assert!(greeting(&v1("198.51.100.7")).1.starts_with("421 4.3.2 too many connections from your address"));
    let others: Vec<_> = (0..4).map(|n| greeting(&v1(&format!("198.51.100.{}", 10 + n)))).collect();
    assert!(others.iter().all(|(_, greeting)| greeting.starts_with("220")), "more than the proxy itself could have");
}

#[test]
fn what_is_no_header_is_hung_up_on_without_a_word() {
    let world = World::serving(proxied("127.0.0.0/8"));
    let mut wrong_version = v2(Ipv4Addr::new(198, 51, 100, 8));
    wrong_version[12] = 0x31;
    let too_long = [b"\r\n\r\n\0\r\nQUIT\n\x21\x11\xff\xff".as_slice(), &[0; 64]].concat();
    for bytes in [
        b"EHLO client.test\r\n".as_slice(),
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03hello",
        b"PROXY TCP4 198.51.100.7 192.0.2.10 40000\r\nEHLO x\r\n",
        b"PROXY UDP4 198.51.100.7 192.0.2.10 40000 25\r\n",
        &wrong_version,
        &too_long,
    ] {
        assert_eq!(world.answer("smtp", bytes), b"", "{}", bytes.escape_ascii());
        assert_eq!(world.answer("submissions", bytes), b"", "{}", bytes.escape_ascii());
    }
    let started = Instant::now();
    assert_eq!(world.answer("smtp", b"PROXY TCP4 198.51.100.7"), b"", "slow");
    let waited = started.elapsed();
    assert!(waited > Duration::from_secs(4) && waited < Duration::from_secs(10), "{waited:?}");
}

#[test]
fn who_is_no_trusted_proxy_speaks_for_nobody() {
    // The start has verified both listeners, by a header that speaks for the machine itself.
    let world = World::serving(proxied("10.0.0.0/8"));
    for header in [v1("198.51.100.7"), v2(Ipv4Addr::new(198, 51, 100, 8)), b"PROXY UNKNOWN\r\n".to_vec()] {
        assert_eq!(world.answer("smtp", &header), b"", "{}", header.escape_ascii());
    }
    assert!(world.behind("smtp", &LOCAL).smtp_reply().unwrap()[0].starts_with("220"));
}

#[test]
fn trust_is_for_the_client_and_never_for_the_proxy() {
    let world = World::serving(|v| {
        proxied("127.0.0.0/8")(v);
        v["relaying"] = json!({ "accept_from": ["127.0.0.0/8", "10.1.0.0/16"] });
    });
    let said = |header: &[u8]| recipient(&mut world.behind("smtp", header), "x@example.net");
    assert!(said(&v1("10.1.2.3")).starts_with("250"));
    for stranger in [v1("10.2.2.3"), v1("198.51.100.7"), LOCAL.to_vec(), b"PROXY UNKNOWN\r\n".to_vec()] {
        let said = said(&stranger);
        assert!(said.starts_with("550 5.7.1 no relaying"), "{}: {said}", stranger.escape_ascii());
    }
}

#[test]
fn a_trusted_network_needs_no_login_on_smtp_and_still_one_on_submission() {
    let world = World::serving(|v| v["relaying"] = json!({ "accept_from": ["127.0.0.0/8"] }));
    let mut probe = world.behind("smtp", b"");
    assert!(recipient(&mut probe, "x@example.net").starts_with("250"));
    say(&mut probe, "DATA", "354");
    say(&mut probe, "From: scanner@bar.test\r\n\r\nbody\r\n.", "250");
    let mut submission = world.behind("submissions", b"");
    submission.smtp_reply().unwrap();
    say(&mut submission, "EHLO client.test", "250");
    say(&mut submission, "MAIL FROM:<scanner@bar.test>", "530 5.7.0");
}

#[test]
fn a_backup_mx_takes_its_domains_and_nothing_else() {
    let world = World::serving(|v| {
        v["host"]["role"] = json!("backup-mx");
        v["relaying"] = json!({ "backup": {
            "any.test": { "next_hop": "mx", "recipients": "any" },
            "listed.test": { "next_hop": { "host": { "host": "primary.test", "port": 25 } }, "recipients": { "listed": ["x@listed.test"] } }
        } });
    });
    let said = |to: &str| recipient(&mut world.behind("smtp", b""), to);
    assert!(said("whoever@any.test").starts_with("250"));
    assert!(said("X@listed.test").starts_with("250"));
    assert!(said("postmaster").starts_with("250"), "RFC 5321 §4.5.1");
    assert!(said("y@listed.test").starts_with("550 5.1.1"));
    assert!(said("u1@bar.test").starts_with("550 5.7.1"));
    assert!(said("x@example.net").starts_with("550 5.7.1"));
    let mut probe = world.behind("smtp", b"");
    assert!(recipient(&mut probe, "x@listed.test").starts_with("250"));
    say(&mut probe, "DATA", "354");
    say(&mut probe, "From: a@client.test\r\n\r\nbody\r\n.", "250 2.");
}

#[test]
fn a_role_refuses_what_it_is_not_for() {
    let plain = "AUTH PLAIN AHUxQGJhci50ZXN0AHBhc3Mgd29yZA==";
    let logged_in = |world: &World| {
        let mut probe = world.behind("submissions", b"");
        probe.smtp_reply().unwrap();
        say(&mut probe, "EHLO client.test", "250");
        say(&mut probe, plain, "235");
        probe
    };
    let receiving = World::serving(|v| v["host"]["role"] = json!("receive-only"));
    say(&mut logged_in(&receiving), "MAIL FROM:<u1@bar.test>", "550 5.7.1");
    assert!(recipient(&mut receiving.behind("smtp", b""), "u1@bar.test").starts_with("250"));
    for (role, trusted) in [("send-only", "250"), ("submission-only", "550 5.7.1")] {
        let sending = World::serving(|v| v["host"]["role"] = json!(role));
        say(&mut logged_in(&sending), "MAIL FROM:<u1@bar.test>", "250");
        let mut stranger = sending.behind("smtp", b"");
        stranger.smtp_reply().unwrap();
        say(&mut stranger, "EHLO client.test", "250");
        say(&mut stranger, "MAIL FROM:<a@client.test>", "550 5.7.1 this server receives no mail");
        drop(stranger);
        drop(sending);
        let networked = World::serving(|v| {
            v["host"]["role"] = json!(role);
            v["relaying"] = json!({ "accept_from": ["127.0.0.0/8"] });
        });
        let mut device = networked.behind("smtp", b"");
        device.smtp_reply().unwrap();
        say(&mut device, "EHLO client.test", "250");
        say(&mut device, "MAIL FROM:<scanner@bar.test>", trusted);
    }
}

fn client(versions: &[&'static SupportedProtocolVersion]) -> Arc<ClientConfig> {
    let config = ClientConfig::builder_with_provider(provider()).with_protocol_versions(versions).unwrap();
    let config = config.dangerous().with_custom_certificate_verifier(Arc::new(AcceptAnybody));
    Arc::new(config.with_no_client_auth())
}

/// Handshakes and reads the greeting, behind which tickets come.
fn greeted(world: &World, listener: &str, config: &Arc<ClientConfig>) -> Option<HandshakeKind> {
    let mut tcp = TcpStream::connect(world.socket(listener)).unwrap();
    tcp.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let mut tls = ClientConnection::new(config.clone(), ServerName::try_from("mail.bar.test").unwrap()).unwrap();
    while tls.is_handshaking() {
        tls.complete_io(&mut tcp).ok()?;
    }
    let kind = tls.handshake_kind();
    let mut greeting = [0; 4];
    rustls::Stream::new(&mut tls, &mut tcp).read_exact(&mut greeting).ok()?;
    kind
}

const ONLY_1_2: &[&SupportedProtocolVersion] = &[&rustls::version::TLS12];
const ONLY_1_3: &[&SupportedProtocolVersion] = &[&rustls::version::TLS13];

#[test]
fn a_listener_may_have_tls_versions_of_its_own() {
    let spoken = |edit: fn(&mut Value)| {
        let world = World::serving(edit);
        ["submissions", "imaps", "pop3s"]
            .map(|listener| [ONLY_1_2, ONLY_1_3].map(|versions| greeted(&world, listener, &client(versions)).is_some()))
    };
    assert_eq!(spoken(|_| {}), [[true, true]; 3]);
    let stricter = spoken(|v| v["listeners"]["imaps"]["tls_min_version"] = json!("1.3"));
    assert_eq!(stricter, [[true, true], [false, true], [true, true]]);
    let modern = spoken(|v| {
        v["tls"]["profile"] = json!("modern");
        v["listeners"]["pop3s"]["tls_min_version"] = json!("1.2");
    });
    assert_eq!(modern, [[false, true], [false, true], [true, true]]);
}

#[test]
fn tickets_are_given_where_the_plan_says_so() {
    for (tickets, wanted) in [(false, HandshakeKind::Full), (true, HandshakeKind::Resumed)] {
        let world = World::serving(|v| v["tls"]["session_tickets"] = json!(tickets));
        for versions in [ONLY_1_2, ONLY_1_3] {
            let config = client(versions);
            assert_eq!(greeted(&world, "imaps", &config), Some(HandshakeKind::Full));
            assert_eq!(greeted(&world, "imaps", &config), Some(wanted));
        }
    }
}
