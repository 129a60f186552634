//! What `plan` and `check` look at besides the file: the plan that is active, and with `--online` what DNS says.

use std::net::{SocketAddr, UdpSocket};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// RFC 1035 §4.1.1, RCODE.
const SERVER_FAILURE: u8 = 2;
const NAME_ERROR: u8 = 3;

/// A name server on loopback that answers every question with one code, and counts them.
struct NameServer {
    address: SocketAddr,
    asked: Arc<AtomicUsize>,
}

impl NameServer {
    fn answering(code: u8) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = socket.local_addr().unwrap();
        let asked = Arc::new(AtomicUsize::new(0));
        let count = asked.clone();
        std::thread::spawn(move || {
            let mut datagram = [0; 4096];
            while let Ok((octets, peer)) = socket.recv_from(&mut datagram) {
                count.fetch_add(1, Ordering::Relaxed);
                // The question comes back as it came, with QR, RA and the code set; without EDNS (RFC 6891 §7).
                let question = datagram[12..octets].iter().position(|o| *o == 0).unwrap() + 12 + 5;
                datagram[2] |= 0x80;
                datagram[3] = 0x80 | code;
                datagram[10..12].fill(0);
                socket.send_to(&datagram[..question], peer).unwrap();
            }
        });
        Self { address, asked }
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }
}

fn yaml(resolver: SocketAddr, more: &str) -> String {
    format!(
        "version: 1\nprofile: lab\nhost: {{ name: mail.bar.test, addresses: [127.0.0.1] }}\nlisteners:\n  \
         smtp: {{ port: 49135, addresses: [127.0.0.1] }}\ncertificates: {{ self_signed: true }}\n\
         domains: {{ bar.test: {{}} }}\naccounts:\n  u1@bar.test: {{ password: {{ file: secret }} }}\n\
         dns: {{ resolver: [\"{resolver}\"] }}\n{more}"
    )
}

/// Exit code, standard output and standard error.
fn run(folder: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_mailctl"))
        .args(["--config", "mailserver.yaml", "--state", "state"])
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap();
    let text = |octets: Vec<u8>| String::from_utf8(octets).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

fn desk(yaml: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("secret"), "pass word\n").unwrap();
    std::fs::write(folder.path().join("mailserver.yaml"), yaml).unwrap();
    folder
}

#[test]
fn dns_is_asked_only_when_told_to() {
    let server = NameServer::answering(NAME_ERROR);
    let folder = desk(&yaml(server.address, ""));
    for command in ["check", "plan"] {
        assert_eq!(run(folder.path(), &[command]).0, Some(0));
    }
    assert_eq!(server.asked(), 0, "a compilation asks nobody");
    for command in ["check", "plan"] {
        let before = server.asked();
        let (code, out, err) = run(folder.path(), &[command, "--online"]);
        assert_eq!(code, Some(0), "{out}{err}");
        assert!(!err.contains("had no answer"), "no such name is an answer: {err}");
        assert!(server.asked() > before, "{command}");
    }
}

#[test]
fn a_failed_question_is_no_finding() {
    let server = NameServer::answering(SERVER_FAILURE);
    let folder = desk(&yaml(server.address, ""));
    let (code, offline, _) = run(folder.path(), &["check"]);
    assert_eq!(code, Some(0));
    let (code, online, err) = run(folder.path(), &["check", "--online"]);
    assert_eq!((code, online), (Some(0), offline));
    assert!(err.contains("had no answer") && server.asked() > 0, "{err}");
}

#[test]
fn nothing_is_asked_about_a_file_with_errors() {
    let server = NameServer::answering(NAME_ERROR);
    let folder = desk(&yaml(server.address, "nonsense: 1\n"));
    assert_eq!(run(folder.path(), &["check", "--online"]).0, Some(1));
    assert_eq!(server.asked(), 0);
}

#[test]
fn the_active_plan_is_what_a_change_is_judged_by() {
    let server = NameServer::answering(NAME_ERROR);
    let folder = desk(&yaml(server.address, ""));
    let moved = yaml(server.address, "storage: { embedded: { path: elsewhere }, deletion: destroy }\n");
    std::fs::write(folder.path().join("mailserver.yaml"), &moved).unwrap();
    let (_, out, _) = run(folder.path(), &["check"]);
    assert!(!out.contains("OPS-009"), "nothing is active: {out}");
    std::fs::write(folder.path().join("mailserver.yaml"), yaml(server.address, "")).unwrap();
    assert_eq!(run(folder.path(), &["apply"]).0, Some(0));
    std::fs::write(folder.path().join("mailserver.yaml"), &moved).unwrap();
    let (code, out, _) = run(folder.path(), &["check"]);
    assert_eq!(code, Some(0), "{out}");
    assert!(out.contains("OPS-009"), "{out}");
    let renamed = moved.replace("u1@", "u2@");
    std::fs::write(folder.path().join("mailserver.yaml"), renamed).unwrap();
    for command in ["plan", "apply"] {
        let (code, out, err) = run(folder.path(), &[command]);
        assert_eq!(code, Some(1), "{command}: {out}");
        assert!(err.contains("ACC-010"), "{command}: {err}");
    }
}
