//! Plays transcripts against a session, without sockets.
//!
//! A transcript is read line by line:
//!
//! ```text
//! # a comment; also behind two spaces at the end of any other line
//! @listener submission      settings of the world, before the first S or C line
//! @tls                      TLS stands: before the first line implicit TLS, later after STARTTLS
//! @tls 1.2                  the same without channel binding
//! @timeout  @shutdown  @notify     what the driver may say
//! @closed                   the session has asked for the connection to be closed
//! @starttls                 the session has asked for a handshake
//! @anything else            goes to the world
//! S: exact line             what the server says, without CRLF
//! S~ 250 2.1.0              SMTP: a whole reply, code and enhanced code compared;
//!                           others: the line begins with these words
//! C: line                   what the client says; CRLF is added
//! R: octets\r\n\x00         the same without CRLF, with escapes
//! ```
//!
//! C and R lines that follow each other are one write (pipelining). Before the client speaks again, and
//! at the end, all that the server said must have been expected.

use std::fs;
use std::path::Path;

use mailctl::protocol::{Outputs, Request, Session, Splice, TlsFacts};

/// What stands around a session of one protocol: accounts, messages, and the answers.
pub trait World: Sized {
    type Session: Session;
    /// Replies are `250-text` lines (SMTP): `S~` takes a whole reply.
    const NUMERIC_REPLIES: bool;

    /// `settings` are the directives before the first line, name and argument.
    fn new(settings: &[(&str, &str)]) -> Result<(Self, Self::Session), String>;

    fn answer(&mut self, ask: <Self::Session as Session>::Ask) -> Result<<Self::Session as Session>::Answer, String>;

    /// Message octets, as `Outputs::body` brings them.
    fn body(&mut self, octets: &[u8]) -> Result<(), String>;

    /// The octets that a splice stands for, without dot-stuffing.
    fn content(&mut self, _splice: &Splice) -> Vec<u8> {
        Vec::new()
    }

    /// A directive that the harness does not know, after the first line.
    fn directive(&mut self, name: &str, argument: &str) -> Result<(), String>;
}

/// How the client's octets are cut.
#[derive(Debug, Clone, Copy)]
enum Cut {
    Bytes,
    /// Pieces of pseudo-random length, from this seed.
    Random(u64),
    Whole,
}

const CUTS: [Cut; 5] = [Cut::Whole, Cut::Bytes, Cut::Random(1), Cut::Random(2), Cut::Random(3)];

/// Plays every `.txt` file of `tests/transcripts/FOLDER`; fails if there are fewer than `at_least`.
pub fn play_folder<W: World>(folder: &str, at_least: usize) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/transcripts").join(folder);
    let mut files: Vec<_> = fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "txt"));
    files.sort();
    let mut failures = Vec::new();
    for file in &files {
        let text = fs::read_to_string(file).unwrap();
        let name = format!("{folder}/{}", file.file_name().unwrap().to_string_lossy());
        for cut in CUTS {
            if let Err(failure) = play::<W>(&text, cut) {
                failures.push(format!("{name}:{failure}   (cut: {cut:?})"));
                break;
            }
        }
    }
    assert!(files.len() >= at_least, "only {} transcripts in {}", files.len(), path.display());
    assert!(failures.is_empty(), "{} of {} failed\n{}", failures.len(), files.len(), failures.join("\n"));
}

/// Plays one transcript; the failure begins with the line number.
fn play<W: World>(text: &str, cut: Cut) -> Result<(), String> {
    let lines: Vec<(usize, &str)> = text
        .lines()
        .enumerate()
        .map(|(index, line)| (index + 1, without_comment(line)))
        .filter(|(_, line)| !line.trim().is_empty())
        .collect();
    let first = lines.iter().position(|(_, line)| !line.starts_with('@')).ok_or("0: no S or C line")?;
    let (settings, script) = lines.split_at(first);
    let settings: Vec<_> = settings.iter().map(|(_, line)| directive(line)).collect();
    let (world, session) = W::new(&settings).map_err(|why| format!("1: {why}"))?;
    let mut player = Player { world, session, said: Vec::new(), pending: Vec::new(), state: Link::Open, cut };
    for (name, argument) in &settings {
        if *name == "tls" {
            player.tls(argument).map_err(|why| format!("1: {why}"))?;
        }
    }
    player.with(|session, out| session.open(out)).map_err(|why| format!("1: {why}"))?;
    let mut index = 0;
    while let Some(&(number, line)) = script.get(index) {
        let mut octets = Vec::new();
        while let Some(more) = script.get(index).and_then(|(_, line)| from_client(line)) {
            octets.extend(more);
            index += 1;
        }
        let played = if octets.is_empty() {
            index += 1;
            player.play_line(line)
        } else {
            player.nothing_unexpected().and_then(|()| player.client_says(octets))
        };
        played.map_err(|why| format!("{number}: {why}"))?;
    }
    player.nothing_unexpected().map_err(|why| format!("end: {why}"))
}

fn without_comment(line: &str) -> &str {
    if line.starts_with('#') {
        return "";
    }
    line.split_once("  #").map_or(line, |(line, _)| line.trim_end())
}

fn directive(line: &str) -> (&str, &str) {
    let line = line.strip_prefix('@').unwrap_or(line);
    line.split_once(' ').unwrap_or((line, ""))
}

fn from_client(line: &str) -> Option<Vec<u8>> {
    if let Some(text) = line.strip_prefix("C:") {
        let mut octets = text.strip_prefix(' ').unwrap_or(text).as_bytes().to_vec();
        octets.extend(b"\r\n");
        return Some(octets);
    }
    line.strip_prefix("R: ").map(unescape)
}

/// `\r`, `\n`, `\t`, `\\`, `\xHH`, and `\{N}` which repeats the octet before it so that it is there N times.
pub fn unescape(text: &str) -> Vec<u8> {
    let mut octets = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((&octet, tail)) = rest.split_first() {
        rest = tail;
        if octet != b'\\' {
            octets.push(octet);
            continue;
        }
        let (&kind, tail) = rest.split_first().expect("an escape is complete");
        rest = tail;
        match kind {
            b'r' => octets.push(b'\r'),
            b'n' => octets.push(b'\n'),
            b't' => octets.push(b'\t'),
            b'x' => {
                let (hex, tail) = rest.split_at(2);
                octets.push(u8::from_str_radix(std::str::from_utf8(hex).unwrap(), 16).unwrap());
                rest = tail;
            }
            b'{' => {
                let end = rest.iter().position(|&b| b == b'}').expect("a count ends with }");
                let count: usize = std::str::from_utf8(&rest[..end]).unwrap().parse().unwrap();
                let last = *octets.last().expect("something to repeat");
                octets.extend(std::iter::repeat_n(last, count - 1));
                rest = &rest[end + 1..];
            }
            other => octets.push(other),
        }
    }
    octets
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Link {
    Closed,
    Handshake,
    Open,
}

struct Player<W: World> {
    world: W,
    session: W::Session,
    /// What the server said and no S line has taken yet.
    said: Vec<u8>,
    /// What the client said and the session has not consumed.
    pending: Vec<u8>,
    state: Link,
    cut: Cut,
}

type Out<W> = Outputs<<<W as World>::Session as Session>::Ask>;

impl<W: World> Player<W> {
    fn play_line(&mut self, line: &str) -> Result<(), String> {
        if let Some(expected) = line.strip_prefix("S:") {
            let expected = expected.strip_prefix(' ').unwrap_or(expected);
            let line = self.next_line()?;
            return if line == expected { Ok(()) } else { Err(format!("expected `{expected}`, got `{line}`")) };
        }
        if let Some(expected) = line.strip_prefix("S~ ") {
            return self.expect_like(expected);
        }
        let (name, argument) = directive(line);
        match name {
            _ if !line.starts_with('@') => Err(format!("not a transcript line: `{line}`")),
            "closed" if self.state == Link::Closed => Ok(()),
            "closed" => Err("the session is open".to_owned()),
            "starttls" if self.state == Link::Handshake => Ok(()),
            "starttls" => Err("no handshake was asked for".to_owned()),
            "tls" if self.state != Link::Handshake => Err("TLS comes before the first line or after STARTTLS".into()),
            "tls" => self.tls(argument),
            "timeout" => self.with(|session, out| session.timed_out(out)),
            "shutdown" => self.with(|session, out| session.shut_down(out)),
            "notify" => self.with(|session, out| session.notified(out)),
            _ => self.world.directive(name, argument),
        }
    }

    fn expect_like(&mut self, expected: &str) -> Result<(), String> {
        let first = self.next_line()?;
        let mut line = first.clone();
        if W::NUMERIC_REPLIES {
            while line.as_bytes().get(3) == Some(&b'-') {
                line = self.next_line()?;
            }
        }
        // `250-2.1.0 text` and `250 2.1.0 text` read the same.
        let words = if W::NUMERIC_REPLIES { first.replacen('-', " ", 1) } else { first.clone() };
        let fits = words == expected || words.strip_prefix(expected).is_some_and(|rest| rest.starts_with(' '));
        if fits { Ok(()) } else { Err(format!("expected something like `{expected}`, got `{first}`")) }
    }

    fn next_line(&mut self) -> Result<String, String> {
        let end = self.said.windows(2).position(|pair| pair == b"\r\n").ok_or_else(|| {
            let rest = String::from_utf8_lossy(&self.said);
            if rest.is_empty() { "the server says nothing".to_owned() } else { format!("only `{rest}`") }
        })?;
        let line = String::from_utf8_lossy(&self.said[..end]).into_owned();
        self.said.drain(..end + 2);
        Ok(line)
    }

    fn nothing_unexpected(&self) -> Result<(), String> {
        let said = String::from_utf8_lossy(&self.said);
        if said.is_empty() { Ok(()) } else { Err(format!("nobody expected `{}`", said.trim_end())) }
    }

    fn tls(&mut self, version: &str) -> Result<(), String> {
        let facts = TlsFacts {
            version: format!("TLSv{}", if version.is_empty() { "1.3" } else { version }),
            cipher: "TLS13_AES_256_GCM_SHA384".to_owned(),
            exporter: (version != "1.2").then_some([7; 32]),
        };
        self.state = Link::Open;
        self.with(|session, out| session.tls_established(facts, out))
    }

    fn client_says(&mut self, octets: Vec<u8>) -> Result<(), String> {
        let mut seed = match self.cut {
            Cut::Random(seed) => seed,
            Cut::Bytes | Cut::Whole => 0,
        };
        let mut rest = octets.as_slice();
        while !rest.is_empty() {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let size = match self.cut {
                Cut::Bytes => 1,
                Cut::Random(_) => 1 + (seed >> 33) as usize % 40,
                Cut::Whole => rest.len(),
            };
            let (piece, tail) = rest.split_at(size.min(rest.len()));
            rest = tail;
            if self.state == Link::Closed {
                return Ok(());
            }
            self.pending.extend_from_slice(piece);
            self.pump()?;
        }
        Ok(())
    }

    /// Feeds what is pending, as a driver does.
    fn pump(&mut self) -> Result<(), String> {
        while self.state == Link::Open && !self.pending.is_empty() {
            let pending = std::mem::take(&mut self.pending);
            let mut consumed = 0;
            self.with(|session, out| consumed = session.feed(&pending, out))?;
            if self.state == Link::Open {
                self.pending = pending[consumed..].to_vec();
            }
            if consumed == 0 && !self.pending.is_empty() && self.pending == pending {
                return Ok(());
            }
        }
        // What was sent in clear behind STARTTLS is thrown away (RFC 3207 §6).
        if self.state == Link::Handshake {
            self.pending.clear();
        }
        Ok(())
    }

    /// One call of the session, and everything that follows from it until it wants input again.
    fn with(&mut self, call: impl FnOnce(&mut W::Session, &mut Out<W>)) -> Result<(), String> {
        let mut out = Out::<W>::default();
        call(&mut self.session, &mut out);
        loop {
            self.world.body(&out.body)?;
            self.write(&out);
            match out.request.take() {
                None => return Ok(()),
                Some(Request::Close) => {
                    self.state = Link::Closed;
                    return Ok(());
                }
                Some(Request::StartTls) => {
                    self.state = Link::Handshake;
                    return Ok(());
                }
                Some(Request::Ask(ask)) => {
                    let answer = self.world.answer(ask)?;
                    out = Outputs::default();
                    self.session.answer(answer, &mut out);
                }
            }
        }
    }

    fn write(&mut self, out: &Out<W>) {
        let mut written = 0;
        for splice in &out.wire.splices {
            self.said.extend_from_slice(&out.wire.bytes[written..splice.at]);
            written = splice.at;
            let content = self.world.content(splice);
            if splice.dot_stuffed {
                self.said.extend(stuffed(&content));
            } else {
                self.said.extend(content);
            }
        }
        self.said.extend_from_slice(&out.wire.bytes[written..]);
    }
}

/// RFC 5321 §4.5.2, and the CRLF that a content without one gets.
fn stuffed(content: &[u8]) -> Vec<u8> {
    let mut octets = Vec::new();
    for line in content.split_inclusive(|&b| b == b'\n') {
        if line.starts_with(b".") {
            octets.push(b'.');
        }
        octets.extend_from_slice(line);
    }
    if !octets.ends_with(b"\r\n") {
        octets.extend(b"\r\n");
    }
    octets
}
