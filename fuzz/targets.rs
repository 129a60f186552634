//! What is attacked: one function a parser, from octets to a behaviour. It panics if an invariant does not hold.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::OnceLock;

use mailctl::artefact::render;
use mailctl::artefact::render::web::autodiscover;
use mailctl::compiler::config::{subset, tree};
use mailctl::compiler::{Inputs, compile, rules, text};
use mailctl::ground::clock::Timestamp;
use mailctl::ground::diagnostic::{Severity, Source, github, human, json, markdown, sarif};
use mailctl::plan::change::diff;
use mailctl::plan::digest::Digest;
use mailctl::plan::document::RecordFormat;
use mailctl::plan::{Plan, codec};
use mailctl::protocol::imap::parse;
use mailctl::protocol::pop3::TlsMode;
use mailctl::protocol::proxy;
use mailctl::protocol::smtp::client::TlsWish;
use mailctl::protocol::smtp::server::Kind as Service;
use mailctl::runtime::server::web::pox;
use mailctl::vocabulary::mail::{Address, Domain};

use crate::{hash, imap, pop3, seeds, smtp};

/// What inputs look like, for the mutations.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Octets,
    Yaml,
}

pub struct Target {
    pub name: &'static str,
    pub kind: Kind,
    pub seeds: fn() -> Vec<Vec<u8>>,
    /// Panics, or gives a hash of what happened without the values.
    pub run: fn(&[u8]) -> u64,
    /// Inputs in `cargo test`, after the seeds: about a second each in a release build.
    pub rounds_short: usize,
}

const fn target(name: &'static str, seeds: fn() -> Vec<Vec<u8>>, run: fn(&[u8]) -> u64, rounds_short: usize) -> Target {
    Target { name, kind: Kind::Octets, seeds, run, rounds_short }
}

pub const TARGETS: [Target; 12] = [
    target("address", seeds::addresses, address, 5_000),
    Target { kind: Kind::Yaml, ..target("compile", seeds::configurations, compiler, 500) },
    target("imap", || seeds::peer_lines("imap"), imap_session, 500),
    target("imap-command", || seeds::peer_lines("imap"), imap_command, 5_000),
    target("mime", seeds::messages, mime, 2_000),
    target("plan", seeds::plans, plan, 300),
    target("pop3", || seeds::peer_lines("pop3"), pop3_session, 500),
    target("pox", seeds::pox_requests, pox_request, 5_000),
    target("proxy", seeds::proxy_headers, proxy_header, 5_000),
    target("smtp", || seeds::peer_lines("smtp"), |input| smtp_session(Service::Smtp, input), 500),
    target("smtp-client", || seeds::peer_lines("smtp-client"), smtp_client, 1_000),
    target("submission", || seeds::peer_lines("smtp"), |input| smtp_session(Service::Submission, input), 500),
];

fn address(input: &[u8]) -> u64 {
    let text = String::from_utf8_lossy(input);
    let address: Result<Address, _> = text.parse();
    if let Ok(address) = &address {
        assert_eq!(address.to_string().parse().as_ref(), Ok(address), "an address survives its spelling");
        assert_eq!(address.canonical().canonical(), address.canonical());
    }
    let domain: Result<Domain, _> = text.parse();
    if let Ok(domain) = &domain {
        assert_eq!(domain.as_str().parse().as_ref(), Ok(domain), "a domain survives its spelling");
        domain.to_unicode();
    }
    let kind = |error: Option<String>| error.map(|e| e.split('`').next().map(str::len));
    let shape = |text: &str| (text.starts_with('"'), text.is_ascii(), text.contains('['));
    hash((
        kind(address.as_ref().err().map(ToString::to_string)),
        kind(domain.as_ref().err().map(ToString::to_string)),
        address.ok().map(|a| shape(&a.to_string())),
        domain.ok().map(|d| (shape(d.as_str()), d.labels())),
    ))
}

/// The files that the seeds name; the one with keys is damaged, so that plans come from seeds without keys.
fn inputs() -> &'static Inputs {
    static INPUTS: OnceLock<Inputs> = OnceLock::new();
    const NOW: Timestamp = Timestamp(1_795_000_000_000);
    INPUTS.get_or_init(|| {
        let secrets = ["/run/secrets/hello", "/run/secrets/anna", "/run/secrets/ben", "secrets/u1"];
        let mut files: BTreeMap<PathBuf, Vec<u8>> = BTreeMap::new();
        files.extend(secrets.map(|name| (PathBuf::from(name), b"secret\n".to_vec())));
        files.insert("tls/good.pem".into(), b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".to_vec());
        Inputs::in_memory(files, NOW)
    })
}

fn compiler(input: &[u8]) -> u64 {
    const NAME: &str = "mailserver.yaml";
    let compilation = match text(input) {
        Ok(text) => {
            if let Some(fast) = subset::read(text) {
                assert_eq!(tree::read_events(text, 0).root, Some(fast), "both readers make one tree");
            }
            compile(&Source { name: NAME, text }, inputs())
        }
        Err(bad) => bad.into_compilation(NAME),
    };
    let (sources, diagnostics) = (&compilation.sources, &compilation.diagnostics);
    let errors = diagnostics.iter().any(|d| d.severity == Severity::Error);
    assert_eq!(compilation.plan.is_none(), errors, "a plan if and only if there is no error");
    human(sources, diagnostics, true);
    json(sources, diagnostics);
    sarif(sources, diagnostics, &rules::help());
    github(sources, diagnostics);
    markdown(sources, diagnostics);
    for diagnostic in diagnostics {
        assert!(!diagnostic.detail.contains("bug in mailctl"), "{}", diagnostic.detail);
        for label in diagnostic.primary.iter().chain(&diagnostic.related) {
            assert!(label.span.start <= label.span.end && label.span.end <= sources.end(), "{label:?}");
        }
    }
    if let Some(plan) = &compilation.plan {
        survives(plan);
    }
    let mut codes: Vec<_> = diagnostics.iter().map(|d| (d.code, d.severity)).collect();
    codes.sort_unstable();
    codes.dedup();
    hash((codes, errors))
}

const FORMATS: [RecordFormat; 9] = [
    RecordFormat::Dnscontrol,
    RecordFormat::Json,
    RecordFormat::Markdown,
    RecordFormat::Nsupdate,
    RecordFormat::Octodns,
    RecordFormat::Terraform,
    RecordFormat::TerraformCloudflare,
    RecordFormat::TerraformRoute53,
    RecordFormat::Zone,
];

fn lines(rendered: render::dns::Rendered) -> usize {
    match rendered {
        render::dns::Rendered::One(text) => text.lines().count(),
        render::dns::Rendered::Zones(files) => files.values().map(|text| text.lines().count()).sum(),
    }
}

/// A plan has one spelling, and everything that follows from it can be made.
fn survives(plan: &Plan) -> u64 {
    let octets = codec::encode(plan);
    let again = codec::decode(&octets).expect("what was encoded is a plan");
    assert_eq!(&again, plan);
    assert_eq!(Digest::of_plan(&again), Digest::of(&octets));
    let records = render::dns::records(plan, &Default::default());
    let changes = diff(None, plan);
    let texts = [
        render::compose::compose(plan),
        render::dns::table(&records, &render::dns::requests(plan)),
        render::firewall::nftables(plan),
        render::flowchart::mermaid(plan),
        render::ports::table(plan),
        render::review::human(None, plan, &changes, true),
        render::unit::unit(plan),
    ];
    let forms: Vec<usize> =
        FORMATS.into_iter().map(|format| lines(render::dns::render(format, plan, &records))).collect();
    hash((changes.len(), records.len(), forms, texts.map(|text| text.lines().count())))
}

fn plan(input: &[u8]) -> u64 {
    match codec::decode(input) {
        Ok(plan) => survives(&plan),
        // The first words say which kind of mistake it is; what follows quotes the input.
        Err(error) => hash(error.to_string().split(['`', ',']).next().map(str::len)),
    }
}

fn imap_session(input: &[u8]) -> u64 {
    let whole = imap::play(input, &[usize::MAX]);
    assert_eq!(imap::play(input, &[1 + input.len() % 40, 7, 1]), whole, "any cut gives the same conversation");
    let asked: Vec<&str> = whole.questions.iter().map(|q| q.split([' ', '(']).next().unwrap_or_default()).collect();
    hash((words(&whole.wire), asked, whole.closed, whole.body.len()))
}

/// The first words of each line that we sent, numbers apart.
fn words(wire: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(wire);
    let mut found: Vec<String> = text
        .lines()
        .map(|line| line.split([' ', '-']).skip(usize::from(line.starts_with("a "))).take(2).collect::<String>())
        .map(|line| line.chars().filter(|c| !c.is_ascii_digit()).take(24).collect())
        .collect();
    // Which, not how often nor in which order: the pool is for what is new.
    found.sort_unstable();
    found.dedup();
    found
}

fn imap_command(input: &[u8]) -> u64 {
    let append = parse::append(input, 5).map(|a| a.is_ok());
    match parse::command(input) {
        Ok(tagged) => {
            let debug = format!("{:?}", tagged.command);
            let shape: String =
                debug.chars().filter(|c| c.is_ascii_uppercase() || "([{".contains(*c)).take(60).collect();
            hash((shape, append))
        }
        Err(unreadable) => hash((unreadable.tag.is_some(), format!("{:?}", unreadable.why), append)),
    }
}

fn mime(input: &[u8]) -> u64 {
    let whole = imap::scan_message(input, usize::MAX);
    assert_eq!(imap::scan_message(input, 1 + input.len() % 50), whole, "any cut gives the same parts");
    let kinds: Vec<String> = whole.parts.iter().take(20).map(|p| format!("{:?}", p.kind)).collect();
    hash(kinds)
}

fn pop3_session(input: &[u8]) -> u64 {
    let whole = pop3::play(TlsMode::Implicit, input, &[usize::MAX]);
    assert_eq!(pop3::play(TlsMode::Implicit, input, &[1 + input.len() % 40, 7]), whole, "any cut gives the same");
    let clear = pop3::play(TlsMode::Starttls, input, &[usize::MAX]);
    assert!(clear.logins == 0 && clear.removed.is_none(), "no login before TLS");
    hash((codes(&whole.wire, 2), whole.splices.len(), whole.removed, whole.closed))
}

/// A header is read the same whatever follows it, and what is asked for is bounded.
fn proxy_header(input: &[u8]) -> u64 {
    let whole = proxy::read(input);
    for end in 0..input.len().min(600) {
        if let (Ok(proxy::Progress::Needs(more)), Ok(proxy::Progress::Complete(_))) =
            (proxy::read(&input[..end]), &whole)
        {
            assert!(more > 0 && end + more <= input.len(), "asks for more than the header has");
        }
    }
    hash(format!("{whole:?}").chars().filter(|c| !c.is_ascii_digit() && *c != '.').take(40).collect::<String>())
}

fn pox_request(input: &[u8]) -> u64 {
    let read = pox::request(input);
    if let Ok(address) = &read {
        let text = String::from_utf8_lossy(input);
        assert!(!text.contains("<!DOCTYPE"), "no document type gets by");
        assert_eq!(address.to_string().parse::<Address>().as_ref(), Ok(address));
        // What a stranger wrote stands in an answer as text only.
        let answer = autodiscover::pox(seeds::plan_of_everything(), &Address { domain: ours(), ..address.clone() });
        let answer = answer.unwrap_or_default();
        assert_eq!(answer.matches("<LoginName>").count(), answer.matches("<Protocol>").count());
    }
    hash(
        format!("{read:?}")
            .chars()
            .filter(|c| !c.is_ascii_alphanumeric() || c.is_ascii_uppercase())
            .take(40)
            .collect::<String>(),
    )
}

fn ours() -> Domain {
    "example.org".parse().unwrap_or_else(|_| unreachable!("a domain"))
}

/// The first octets of each line that we sent.
fn codes(wire: &[u8], length: usize) -> Vec<&[u8]> {
    let mut found: Vec<&[u8]> = wire.split(|b| *b == b'\n').map(|line| &line[..length.min(line.len())]).collect();
    found.truncate(16);
    found
}

fn smtp_session(service: Service, input: &[u8]) -> u64 {
    let whole = smtp::play_server(service, input, &[usize::MAX]);
    assert_eq!(smtp::play_server(service, input, &[1 + input.len() % 40, 7, 1]), whole, "any cut gives the same");
    hash((codes(&whole.wire, 9), whole.stored.len(), whole.closed))
}

fn smtp_client(input: &[u8]) -> u64 {
    let mut behaviour = Vec::new();
    for wish in [TlsWish::Never, TlsWish::Opportunistic] {
        let whole = smtp::play_client(wish, input, &[usize::MAX]);
        assert_eq!(smtp::play_client(wish, input, &[1 + input.len() % 40, 7]), whole, "any cut gives the same");
        let (wire, asked) = whole;
        let verbs: Vec<Vec<u8>> = codes(&wire, 4).into_iter().map(<[u8]>::to_vec).collect();
        behaviour.push((verbs, asked.len()));
    }
    hash(behaviour)
}
