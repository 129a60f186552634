//! What inputs are made from: the examples, the bad configurations and the transcripts of `tests/`.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use mailctl::plan::{Plan, codec};

/// The repository's folder of that name.
fn root(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// The files of a folder, in the order of their names; nothing if there is no such folder.
pub fn files(folder: &Path) -> Vec<Vec<u8>> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<PathBuf> = entries.filter_map(|e| Some(e.ok()?.path())).filter(|p| p.is_file()).collect();
    paths.sort();
    paths.iter().filter_map(|p| std::fs::read(p).ok()).collect()
}

/// Configurations, good and bad.
pub fn configurations() -> Vec<Vec<u8>> {
    let folders = ["examples", "tests/bad_configs"].map(|folder| files(&root(folder)));
    folders.into_iter().flatten().filter(|bytes| !bytes.starts_with(b"{") && !bytes.starts_with(b"error")).collect()
}

/// A plan with something of everything.
pub fn plans() -> Vec<Vec<u8>> {
    files(&root("tests/golden/plan"))
}

/// What the peer says in the transcripts of a protocol: all lines of each as one input.
pub fn peer_lines(protocol: &str) -> Vec<Vec<u8>> {
    let said = |line: &str| {
        let text = line.strip_prefix('C')?.trim_start_matches(|c: char| c.is_ascii_digit()).strip_prefix(':')?;
        Some(format!("{}\r\n", text.strip_prefix(' ').unwrap_or(text)))
    };
    let transcripts = files(&root("tests/transcripts").join(protocol));
    let spoken = transcripts.iter().map(|t| String::from_utf8_lossy(t).lines().filter_map(said).collect::<String>());
    spoken.filter(|text| !text.is_empty()).map(String::into_bytes).collect()
}

/// Messages: those of the transcripts, and one that nests.
pub fn messages() -> Vec<Vec<u8>> {
    let nested = b"From: A <a@example.org>, g: b@c;\r\nSubject: =?utf-8?q?x?=\r\nContent-Type: multipart/mixed;\r\n boundary=\"b\"\r\n\r\n\
        --b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\neA==\r\n\
        --b\r\nContent-Type: message/rfc822\r\n\r\nSubject: inner\r\nContent-Type: multipart/digest; boundary=c\r\n\r\n\
        --c\r\n\r\nTo: x\r\n\r\nbody\r\n--c--\r\n--b\r\nContent-Disposition: attachment; filename*=utf-8''x\r\n\r\n\xff\xfe\r\n--b--\r\nepilogue";
    let mut messages = vec![nested.to_vec(), b"Subject: x\r\n\r\nbody\r\n".to_vec(), b"\r\n".to_vec(), Vec::new()];
    messages.extend(peer_lines("smtp"));
    messages
}

/// Addresses and domains.
pub fn addresses() -> Vec<Vec<u8>> {
    let texts = [
        "a@example.org",
        "\"a b\\\"\"@Example.ORG",
        "ä@bücher.example",
        "a@[192.0.2.1]",
        "a@[IPv6:2001:db8::1]",
        "a+b@xn--bcher-kva.example",
        "mail.example.org",
        "@",
        "a..b@c",
        "a@b@c",
    ];
    texts.iter().map(|t| t.as_bytes().to_vec()).collect()
}

/// Requests of Outlook, and what an attacker makes of them.
pub fn pox_requests() -> Vec<Vec<u8>> {
    let texts = [
        "<?xml version=\"1.0\"?><Autodiscover xmlns=\"x\"><Request><EMailAddress>a@example.org</EMailAddress>\
         <AcceptableResponseSchema>http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a\
         </AcceptableResponseSchema></Request></Autodiscover>",
        "<!-- c --><a:EMailAddress b='>'>a&#x2b;&amp;b@example.org</a:EMailAddress><![CDATA[<EMailAddress>]]>",
        "<!DOCTYPE x [<!ENTITY y SYSTEM \"file:///etc/passwd\">]><EMailAddress>&y;</EMailAddress>",
    ];
    texts.map(|text| text.as_bytes().to_vec()).to_vec()
}

/// The plan that has something of everything.
pub fn plan_of_everything() -> &'static Plan {
    static PLAN: OnceLock<Plan> = OnceLock::new();
    PLAN.get_or_init(|| {
        let text = include_bytes!("../tests/golden/plan/full.json");
        codec::decode(text).unwrap_or_else(|error| panic!("the plan of the tests: {error}"))
    })
}

/// PROXY headers of both versions.
pub fn proxy_headers() -> Vec<Vec<u8>> {
    const SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";
    let second = |rest: &[u8]| [SIGNATURE, rest].concat();
    vec![
        b"PROXY TCP4 192.0.2.1 198.51.100.1 56324 25\r\n".to_vec(),
        b"PROXY TCP6 2001:db8::1 2001:db8::2 4124 443\r\nEHLO x\r\n".to_vec(),
        b"PROXY UNKNOWN\r\n".to_vec(),
        b"PROXY UNKNOWN ffff:f...f:ffff 65535 65535\r\n".to_vec(),
        second(b"\x20\x00\x00\x00"),
        second(b"\x21\x11\x00\x0c\xc0\x00\x02\x01\xc6\x33\x64\x01\xdc\x04\x00\x19"),
        second(&[&b"\x21\x21\x00\x27"[..], &[0x20; 36], b"\x04\x00\x00"].concat()),
    ]
}
