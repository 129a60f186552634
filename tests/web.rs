//! The web endpoint: its documents, compared with `tests/golden/web/` and read by the programs they are for; and the
//! endpoint itself, asked by real clients and by those who mean no good.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use mailctl::apply::{apply, verify};
use mailctl::artefact::render::web::{autoconfig, autodiscover, mobileconfig, security};
use mailctl::compiler::{self, Inputs};
use mailctl::ground::clock::Timestamp;
use mailctl::ground::diagnostic::Source;
use mailctl::ground::limits;
use mailctl::plan::web::{Site, site};
use mailctl::plan::{Plan, codec};
use mailctl::runtime::net::anybody::AcceptAnybody;
use mailctl::runtime::net::tls::provider;
use mailctl::runtime::server::Server;
use mailctl::runtime::server::activation::StateFolder;
use mailctl::vocabulary::mail::{Address, Domain};
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, ClientConnection, StreamOwned};

// ── Documents ───────────────────────────────────────────────────────────────────────────────────────

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name)
}

#[track_caller]
fn same(name: &str, actual: &str) {
    let path = golden(name);
    if std::env::var_os("MAILCTL_BLESS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, actual).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(expected == actual, "{} differs; got:\n{actual}", path.display());
}

/// Runs a program that must be there, with `input` on its standard input; what it printed.
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
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {arguments:?}:\n{said}{complaint}\n{input}");
    said
}

fn full() -> Plan {
    codec::decode(&std::fs::read(golden("plan/full.json")).unwrap()).unwrap()
}

/// With a listener `https`, which the documents name.
fn with_https() -> Plan {
    let mut plan = full();
    let mut https = plan.listeners["imaps"].clone();
    (https.protocol, https.port) = (mailctl::plan::document::Protocol::Https, 443);
    plan.listeners.insert("https".to_owned(), https);
    plan
}

fn domain(text: &str) -> Domain {
    text.parse().unwrap()
}

fn address(text: &str) -> Address {
    text.parse().unwrap()
}

#[test]
fn the_documents_are_read_by_the_programs_they_are_for() {
    let plan = with_https();
    for name in ["example.org", "example.net", "bücher.example"] {
        let document = autoconfig::document(&plan, &domain(name)).unwrap();
        same(&format!("web/autoconfig.{}.xml", domain(name)), &document);
        judged_by("xmllint", &["--noout", "--nonet", "-"], &document);
    }
    let answer = autodiscover::pox(&plan, &address("hello@example.org")).unwrap();
    same("web/autodiscover.xml", &answer);
    judged_by("xmllint", &["--noout", "--nonet", "-"], &answer);
    let refusal = autodiscover::error(autodiscover::Refusal::AddressUnknown);
    same("web/autodiscover.error.xml", &refusal);
    judged_by("xmllint", &["--noout", "--nonet", "-"], &refusal);
    let profile = mobileconfig::profile(&plan, &address("hello@example.net")).unwrap();
    same("web/hello.mobileconfig", &profile);
    let script = "import plistlib, sys; p = plistlib.loads(sys.stdin.buffer.read()); m = p['PayloadContent'][0]; \
        print(m['IncomingMailServerPortNumber'], m['OutgoingMailServerPortNumber'], m['IncomingMailServerUsername'])";
    assert_eq!(judged_by("python3", &["-c", script], &profile), "993 465 hello@example.org\n");
    let text = security::text(&plan, Site::Host, "mail.example.org", Timestamp(1_795_000_000_123)).unwrap();
    same("web/security.txt", &text);
    assert_eq!(
        autodiscover::json(&plan, &domain("example.org"), "autodiscoverv1").unwrap()["Url"],
        "https://autodiscover.example.org/autodiscover/autodiscover.xml"
    );
    assert_eq!(autodiscover::json(&plan, &domain("example.org"), "EWS").unwrap_err()["ErrorCode"], "InvalidProtocol");
}

/// An address is somebody's choice: whatever it is, the documents stay well-formed and say it back.
#[test]
fn an_address_cannot_break_out_of_a_document() {
    let plan = with_https();
    let hostile = address("\"<x>&'\\\"]]>\"@example.org");
    for document in [autodiscover::pox(&plan, &hostile).unwrap(), mobileconfig::profile(&plan, &hostile).unwrap()] {
        let script = "import sys, xml.etree.ElementTree as t; \
            print([e.text for e in t.fromstring(sys.stdin.buffer.read()).iter() if e.text and '@' in e.text][0])";
        assert_eq!(judged_by("python3", &["-c", script], &document).trim_end(), hostile.to_string());
    }
}

#[test]
fn an_answer_depends_on_the_domain_alone() {
    let plan = with_https();
    let about = |who: &str| {
        let address = address(&format!("{who}@example.org"));
        let texts = [autodiscover::pox(&plan, &address).unwrap(), mobileconfig::profile(&plan, &address).unwrap()];
        // The identifiers of a profile are made from the address.
        let lines = texts.iter().flat_map(|text| text.lines());
        lines.filter(|line| line.matches('-').count() < 4).map(|l| l.replace(who, "WHO") + "\n").collect::<String>()
    };
    assert_eq!(about("hello"), about("nobody-here"));
    assert!(mobileconfig::profile(&plan, &address("hello@example.com")).is_none());
    assert!(autodiscover::pox(&plan, &address("hello@example.com")).is_err());
    assert!(site(&plan, "example.com").is_none());
}

// ── The endpoint ────────────────────────────────────────────────────────────────────────────────────

const NAMES: [&str; 5] = ["smtp", "submissions", "imaps", "https", "http"];
const POLICY: &str = "version: STSv1\r\nmode: testing\r\nmx: mail.bar.test\r\nmax_age: 604800\r\n";

struct World {
    folder: tempfile::TempDir,
    runtime: tokio::runtime::Runtime,
    server: Arc<Server>,
    plan: Plan,
    ports: Vec<u16>,
}

impl World {
    fn serving() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("secret"), "pass word\n").unwrap();
        let held: Vec<TcpListener> =
            NAMES.iter().map(|_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap()).collect();
        let ports: Vec<u16> = held.iter().map(|l| l.local_addr().unwrap().port()).collect();
        drop(held);
        let listeners: String = NAMES
            .iter()
            .zip(&ports)
            .map(|(name, port)| format!("  {name}: {{ port: {port}, addresses: [127.0.0.1] }}\n"))
            .collect();
        let yaml = format!(
            "version: 1\nprofile: lab\nhost: {{ name: mail.bar.test, addresses: [127.0.0.1] }}\nlisteners:\n{listeners}\
             certificates: {{ self_signed: true }}\ndomains: {{ bar.test: {{ mta_sts: {{ mode: testing }} }}, foo.test: {{}} }}\n\
             accounts:\n  u1@bar.test: {{ password: {{ file: secret }} }}\nlimits: {{ drain: 3s }}\n"
        );
        let compiled = compiler::compile(&Source { name: "test.yaml", text: &yaml }, &Inputs::from_disk(folder.path()));
        let plan = compiled.plan.unwrap_or_else(|| panic!("{:#?}", compiled.diagnostics));
        let state = StateFolder::new(folder.path());
        apply(&state, &plan, folder.path(), &None, None).unwrap();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let server = runtime.block_on(Server::start(state)).unwrap();
        Self { folder, runtime, server, plan, ports }
    }

    fn socket(&self, listener: &str) -> SocketAddr {
        let at = NAMES.iter().position(|name| *name == listener).unwrap();
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.ports[at]))
    }

    /// curl's output for a request to `name`, the status at its end.
    fn curl(&self, arguments: &[&str], name: &str, path: &str) -> String {
        let port = self.socket("https").port();
        let (url, resolve) = (format!("https://{name}:{port}{path}"), format!("*:{port}:127.0.0.1"));
        let mut all = vec!["-sk", "--max-time", "20", "--path-as-is", "--resolve", &resolve, "-w", "%{http_code}"];
        all.extend(arguments);
        all.push(&url);
        judged_by("curl", &all, "")
    }

    /// A connection under TLS with these ALPN protocols.
    fn connect(&self, protocols: &[&str]) -> StreamOwned<ClientConnection, TcpStream> {
        let mut config = ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .unwrap()
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(AcceptAnybody))
            .with_no_client_auth();
        config.alpn_protocols = protocols.iter().map(|p| p.as_bytes().to_vec()).collect();
        let stream = TcpStream::connect(self.socket("https")).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(40))).unwrap();
        let connection = ClientConnection::new(Arc::new(config), "mail.bar.test".try_into().unwrap()).unwrap();
        StreamOwned::new(connection, stream)
    }

    /// What comes back for these octets, until the server closes.
    fn raw(&self, request: &str) -> String {
        let mut stream = self.connect(&["http/1.1"]);
        // The server may close before it has read all.
        let _ = stream.write_all(request.as_bytes());
        until_closed(&mut stream)
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.runtime.block_on(self.server.stop());
    }
}

fn until_closed(stream: &mut impl Read) -> String {
    let (mut all, mut block) = (Vec::new(), [0; 4096]);
    while let Ok(count) = stream.read(&mut block) {
        if count == 0 {
            break;
        }
        all.extend_from_slice(&block[..count]);
    }
    String::from_utf8_lossy(&all).into_owned()
}

#[test]
fn both_versions_of_http_serve_the_same() {
    let world = World::serving();
    for version in ["--http1.1", "--http2"] {
        let get = |name, path| world.curl(&[version], name, path);
        assert_eq!(get("mta-sts.bar.test", "/.well-known/mta-sts.txt"), format!("{POLICY}200"));
        let head = world.curl(&[version, "-I"], "mta-sts.bar.test", "/.well-known/mta-sts.txt").to_ascii_lowercase();
        assert!(
            head.contains(&format!("content-length: {}\r\n", POLICY.len())) && head.ends_with("\r\n\r\n200"),
            "{head}"
        );
        for field in [
            "content-type: text/plain\r\n",
            "strict-transport-security: max-age=",
            "x-content-type-options: nosniff",
            "content-security-policy: default-src 'none'",
            "referrer-policy: no-referrer",
            "cache-control: no-store",
        ] {
            assert!(head.contains(field), "{field}: {head}");
        }
        assert!(!head.contains("\r\nserver:"), "{head}");
        for (name, path, status) in [
            ("mail.bar.test", "/healthz", "ok\n200"),
            ("127.0.0.1", "/healthz", "ok\n200"),
            ("127.0.0.1", "/.well-known/security.txt", "421"),
            ("mail.elsewhere.test", "/healthz", "421"),
            ("mail.bar.test", "/", "404"),
            ("mail.bar.test", "/.well-known/mta-sts.txt", "404"),
            ("mta-sts.foo.test", "/.well-known/mta-sts.txt", "404"),
            ("mta-sts.bar.test", "/mail/config-v1.1.xml", "404"),
            ("mta-sts.bar.test", "/.well-known/security.txt", "200"),
            ("mail.bar.test", "/../../etc/passwd", "404"),
            ("mail.bar.test", "/mail/config-v1.1.xml", "404"),
            ("mail.bar.test", "/mail/config-v1.1.xml?emailaddress=x%40bar.test", "200"),
            ("autoconfig.bar.test", "/mail/config-v1.1.xml?emailaddress=%ff", "200"),
            ("foo.test", "/.well-known/autoconfig/mail/config-v1.1.xml", "200"),
            ("foo.test", "/.well-known/mobileconfig", "400"),
            ("foo.test", "/.well-known/mobileconfig?email=a@elsewhere.test", "404"),
            ("foo.test", "/.well-known/mobileconfig?email=a+b@foo.test", "200"),
            ("autodiscover.bar.test", "/autodiscover/autodiscover.json?Email=a@bar.test&Protocol=EWS", "400"),
            ("autodiscover.bar.test", "/AutoDiscover/AutoDiscover.json/v1.0/a@bar.test?Protocol=Autodiscoverv1", "200"),
        ] {
            let answer = get(name, path);
            assert!(answer.ends_with(status), "{version} {name}{path}: {answer}");
        }
        for method in ["POST", "PUT", "DELETE", "OPTIONS", "TRACE"] {
            let answer = world.curl(&[version, "-i", "-X", method], "bar.test", "/healthz");
            assert!(answer.ends_with("405") && answer.to_ascii_lowercase().contains("allow: get, head"), "{answer}");
        }
        let request = "<Autodiscover><Request><EMailAddress>x@bar.test</EMailAddress></Request></Autodiscover>";
        let answer =
            world.curl(&[version, "-i", "-d", request], "autodiscover.bar.test", "/Autodiscover/Autodiscover.xml");
        assert!(answer.contains("<LoginName>x@bar.test</LoginName>") && answer.ends_with("200"), "{answer}");
        assert!(answer.to_ascii_lowercase().contains("content-type: text/xml"), "{answer}");
        let answer = world.curl(&[version, "-d", "<!DOCTYPE x>"], "bar.test", "/autodiscover/autodiscover.xml");
        assert!(answer.contains("<ErrorCode>600</ErrorCode>"), "{answer}");
    }
}

#[test]
fn the_verification_asks_for_health() {
    let world = World::serving();
    assert_eq!(verify::with_state(&world.plan, world.folder.path()).unwrap(), vec![]);
    // Another certificate is noticed wherever there is TLS.
    assert_eq!(verify::verify(&world.plan, &vec![vec![0]]).len(), NAMES.len() - 1);
}

#[test]
fn in_clear_there_is_the_challenge_and_the_way_to_tls() {
    let world = World::serving();
    world.server.challenges().offer_http("tok-1_A", "tok-1_A.thumb".to_owned()).unwrap();
    let port = world.socket("http").port().to_string();
    let ask = |name: &str, rest: &[&str]| {
        let url = format!("http://127.0.0.1:{port}{}", rest[0]);
        let host = format!("Host: {name}");
        let mut all = vec!["-si", "--max-time", "20", "--path-as-is", "-H", &host, &url];
        all.extend(&rest[1..]);
        judged_by("curl", &all, "").to_ascii_lowercase()
    };
    let answer = ask("whatever.test", &["/.well-known/acme-challenge/tok-1_A"]);
    assert!(answer.starts_with("http/1.1 200") && answer.ends_with("\r\n\r\ntok-1_a.thumb"), "{answer}");
    for path in
        ["/.well-known/acme-challenge/", "/.well-known/acme-challenge/tok-1", "/.well-known/acme-challenge/../x"]
    {
        assert!(ask("bar.test", &[path]).starts_with("http/1.1 404"), "{path}");
    }
    let https = world.socket("https").port();
    let answer = ask("mta-sts.bar.test", &["/.well-known/mta-sts.txt"]);
    assert!(answer.starts_with("http/1.1 301") && !answer.contains("stsv1"), "{answer}");
    assert!(
        answer.contains(&format!("location: https://mta-sts.bar.test:{https}/.well-known/mta-sts.txt\r\n")),
        "{answer}"
    );
    assert!(!answer.contains("strict-transport-security"), "{answer}");
    assert!(ask("elsewhere.test", &["/"]).starts_with("http/1.1 404"));
    assert!(ask("bar.test", &["/", "-X", "POST"]).starts_with("http/1.1 405"));
}

#[test]
fn what_is_too_large_or_malformed_is_refused() {
    let world = World::serving();
    let status = |request: &str| {
        let answer = world.raw(request);
        answer.split(' ').nth(1).unwrap_or_default().to_owned()
    };
    let host = "Host: mail.bar.test\r\nConnection: close\r\n";
    assert_eq!(status(&format!("GET /healthz HTTP/1.1\r\n{host}\r\n")), "200");
    for (fields, wanted) in [
        ("Connection: close\r\n", "400"),
        ("Host: mail.bar.test\r\nHost: bar.test\r\nConnection: close\r\n", "400"),
        ("Host: me@mail.bar.test\r\nConnection: close\r\n", "400"),
        ("Host: elsewhere.test\r\nConnection: close\r\n", "421"),
    ] {
        assert_eq!(status(&format!("GET /healthz HTTP/1.1\r\n{fields}\r\n")), wanted, "{fields}");
    }
    // RFC 9112 §3.2.2: the target's own authority counts.
    assert_eq!(status(&format!("GET https://elsewhere.test/healthz HTTP/1.1\r\n{host}\r\n")), "421");
    let long = "x".repeat(limits::WEB_HEADER_OCTETS_MAX);
    assert!(["414", "431"].contains(&&*status(&format!("GET /{long} HTTP/1.1\r\n{host}\r\n"))));
    assert_eq!(status(&format!("GET / HTTP/1.1\r\n{host}X: {long}\r\n\r\n")), "431");
    let many = "a: b\r\n".repeat(limits::WEB_HEADER_FIELDS_MAX + 1);
    assert_eq!(status(&format!("GET / HTTP/1.1\r\n{host}{many}\r\n")), "431");
    let post = format!("POST /autodiscover/autodiscover.xml HTTP/1.1\r\n{host}");
    let length = limits::WEB_BODY_OCTETS_MAX + 1;
    assert_eq!(status(&format!("{post}Content-Length: {length}\r\n\r\n")), "413");
    let chunk = "y".repeat(1000);
    let chunks: String = (0..=limits::WEB_BODY_OCTETS_MAX / 1000).map(|_| format!("3e8\r\n{chunk}\r\n")).collect();
    assert_eq!(status(&format!("{post}Transfer-Encoding: chunked\r\n\r\n{chunks}0\r\n\r\n")), "413");
    // RFC 9112 §6.3: a length twice is an attempt to smuggle.
    assert_eq!(status(&format!("{post}Content-Length: 1\r\nContent-Length: 2\r\n\r\nab")), "400");
    assert_eq!(status("\u{16}\u{3}\u{1}\r\n\r\n"), "400");
}

#[test]
fn whoever_wastes_our_time_is_left() {
    let world = World::serving();
    let began = Instant::now();
    let within = |what: &str, millis: u64| {
        let took = began.elapsed();
        assert!(took < Duration::from_millis(millis + 3_000), "{what} was kept for {took:?}");
    };
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut silent = TcpStream::connect(world.socket("https")).unwrap();
            silent.set_read_timeout(Some(Duration::from_secs(40))).unwrap();
            until_closed(&mut silent);
            within("a handshake that does not begin", limits::WEB_HANDSHAKE_MILLIS);
        });
        scope.spawn(|| {
            let mut silent = TcpStream::connect(world.socket("http")).unwrap();
            silent.set_read_timeout(Some(Duration::from_secs(40))).unwrap();
            until_closed(&mut silent);
            within("a request in clear that does not begin", limits::WEB_HEADER_MILLIS);
        });
        scope.spawn(|| {
            let mut slow = world.connect(&["http/1.1"]);
            slow.write_all(b"GET /healthz HTTP/1.1\r\nHost: mail.bar.test\r\n").unwrap();
            // An octet now and then keeps no header alive.
            while slow.write_all(b"x").and_then(|()| slow.flush()).is_ok() && began.elapsed().as_secs() < 30 {
                std::thread::sleep(Duration::from_millis(500));
            }
            within("a slow header", limits::WEB_HEADER_MILLIS);
        });
        scope.spawn(|| {
            let mut kept = world.connect(&["http/1.1"]);
            kept.write_all(b"GET /healthz HTTP/1.1\r\nHost: mail.bar.test\r\n\r\n").unwrap();
            assert!(until_closed(&mut kept).contains("200 OK"));
            within("a connection after its request", limits::WEB_HEADER_MILLIS);
        });
        scope.spawn(|| {
            let mut slow = world.connect(&["http/1.1"]);
            let head = "POST /autodiscover/autodiscover.xml HTTP/1.1\r\nHost: bar.test\r\nContent-Length: 100\r\n\r\n";
            slow.write_all(head.as_bytes()).unwrap();
            assert!(until_closed(&mut slow).contains("408"));
            within("a slow body", limits::WEB_REQUEST_MILLIS);
        });
        scope.spawn(|| {
            let mut silent = world.connect(&["h2"]);
            silent.write_all(&opening()).unwrap();
            until_closed(&mut silent);
            within("a connection of HTTP/2 without a request", limits::WEB_IDLE_MILLIS + limits::WEB_FAREWELL_MILLIS);
        });
    });
    // Of those who hold a place nobody does any more.
    assert!(world.curl(&[], "mail.bar.test", "/healthz").ends_with("200"));
}

// ── HTTP/2 ──────────────────────────────────────────────────────────────────────────────────────────

/// RFC 9113 §4.1.
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let mut frame = u32::try_from(payload.len()).unwrap().to_be_bytes()[1..].to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;
const CONTINUATION: u8 = 9;
const END_HEADERS: u8 = 4;
const END_STREAM: u8 = 1;

/// RFC 9113 §3.4: the preface and empty settings.
fn opening() -> Vec<u8> {
    [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(), frame(SETTINGS, 0, 0, &[])].concat()
}

/// `GET /` of our host in HPACK's static table (RFC 7541 appendix A).
fn get() -> Vec<u8> {
    let host = b"mail.bar.test";
    [&[0x82, 0x87, 0x84, 0x41, 13][..], host].concat()
}

/// The error code of the GOAWAY that ends the connection; `None` if it ends without.
fn goaway(stream: &mut impl Read) -> Option<u32> {
    let mut last = None;
    let mut head = [0; 9];
    while stream.read_exact(&mut head).is_ok() {
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
        let mut payload = vec![0; length];
        stream.read_exact(&mut payload).ok()?;
        if head[3] == GOAWAY {
            last = Some(u32::from_be_bytes(payload[4..8].try_into().unwrap()));
        }
    }
    last
}

/// RFC 9113 §7: ENHANCE_YOUR_CALM.
const CALM: u32 = 11;

#[test]
fn http2_abuse_ends_the_connection() {
    let world = World::serving();
    // CVE-2023-44487: requests that are taken back at once.
    let mut stream = world.connect(&["h2"]);
    stream.write_all(&opening()).unwrap();
    let mut burst = Vec::new();
    for n in 0..400u32 {
        burst.extend(frame(HEADERS, END_HEADERS | END_STREAM, 2 * n + 1, &get()));
        burst.extend(frame(RST_STREAM, 0, 2 * n + 1, &8u32.to_be_bytes()));
    }
    let _ = stream.write_all(&burst);
    assert!(matches!(goaway(&mut stream), Some(CALM | 0)), "a burst of resets");
    // CVE-2024-27316: a header that never ends.
    let mut stream = world.connect(&["h2"]);
    stream.write_all(&opening()).unwrap();
    stream.write_all(&frame(HEADERS, END_STREAM, 1, &get())).unwrap();
    let field = [&[0x00, 1, b'x', 0x7f, 0x81, 0x3e][..], &[b'y'; 8_000]].concat();
    for _ in 0..2_000 {
        if stream.write_all(&frame(CONTINUATION, 0, 1, &field)).is_err() {
            break;
        }
    }
    assert!(goaway(&mut stream).is_none_or(|code| code != 0), "an endless header");
    // Others notice nothing.
    assert!(world.curl(&["--http2"], "mail.bar.test", "/healthz").ends_with("200"));
}

#[test]
fn a_connection_of_http2_is_bounded_and_otherwise_fast() {
    let world = World::serving();
    let url = format!("https://127.0.0.1:{}/healthz", world.socket("https").port());
    // Within the bounds every request is answered.
    let streams = limits::WEB_STREAMS_MAX.to_string();
    let said = judged_by("h2load", &["-n", "200", "-c", "4", "-m", &streams, &url], "");
    assert!(said.contains("200 succeeded, 0 failed") && said.contains("200 2xx"), "{said}");
    // Beyond them the connection is ended in order: what was taken is answered, then it says so.
    let mut stream = world.connect(&["h2"]);
    stream.write_all(&opening()).unwrap();
    for n in 0..limits::WEB_REQUESTS_MAX {
        stream.write_all(&frame(HEADERS, END_HEADERS | END_STREAM, 2 * n + 1, &get())).unwrap();
        if n % limits::WEB_STREAMS_MAX == 0 {
            std::thread::sleep(Duration::from_millis(20));
        }
    }
    assert_eq!(goaway(&mut stream), Some(0));
    let said = judged_by("nghttp", &["-nv", "--no-verify-peer", &url], "");
    let streams = format!("[SETTINGS_MAX_CONCURRENT_STREAMS(0x03):{}]", limits::WEB_STREAMS_MAX);
    assert!(said.contains(&streams) && said.contains(":status: 200"), "{said}");
}

#[test]
fn the_handshake_says_which_protocol_is_spoken() {
    let world = World::serving();
    // Without an open challenge nothing is proved by a handshake of RFC 8737.
    let mut stream = world.connect(&["acme-tls/1"]);
    assert!(stream.write_all(b"x").and_then(|()| stream.read_exact(&mut [0])).is_err());
    let proof = rcgen::generate_simple_self_signed(vec!["mail.bar.test".to_owned()]).unwrap();
    let key = rustls::pki_types::PrivatePkcs8KeyDer::from(proof.signing_key.serialize_der()).into();
    let key = CertifiedKey::from_der(vec![proof.cert.der().clone()], key, &provider()).unwrap();
    world.server.challenges().offer_alpn("mail.bar.test", Arc::new(key)).unwrap();
    for (offered, wanted) in [
        (&["h2", "http/1.1"][..], Some(&b"h2"[..])),
        (&["http/1.1"], Some(b"http/1.1")),
        (&["acme-tls/1"], Some(b"acme-tls/1")),
        (&[], None),
    ] {
        let mut stream = world.connect(offered);
        while stream.conn.is_handshaking() {
            stream.conn.complete_io(&mut stream.sock).unwrap();
        }
        assert_eq!(stream.conn.alpn_protocol(), wanted, "{offered:?}");
        let leaf = &stream.conn.peer_certificates().unwrap()[0];
        assert_eq!(leaf == proof.cert.der(), offered == ["acme-tls/1"], "{offered:?}");
    }
    // RFC 7301 §3.2: nothing in common is an error, and not HTTP after all.
    let mut stream = world.connect(&["imap"]);
    assert!(stream.write_all(b"x").and_then(|()| stream.read_exact(&mut [0])).is_err());
    // After the handshake of RFC 8737 nothing is said.
    let mut stream = world.connect(&["acme-tls/1"]);
    let _ = stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: mail.bar.test\r\n\r\n");
    assert_eq!(until_closed(&mut stream), "");
}
