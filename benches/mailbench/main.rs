//! A load generator for mail servers: delivers messages of real text and counts what arrives.
//!
//!     mailbench smtp    --address HOST:PORT --to A,B [--from F] [--messages N] [--sessions N] [--octets N]
//!                       [--pipeline] [--tls] [--log FILE] [--first N]
//!     mailbench status  --address HOST:PORT --users A,B --password P [--tls] [--wait N] [--seconds N]
//!     mailbench message --from F --to A [--first N] [--octets N]
//!
//! `smtp` opens its sessions once and shares the messages among them; with `--log` it writes a message's id
//! when, and only when, its `250` has come. `status` adds up the messages of the users' inboxes over IMAP and,
//! with `--wait`, asks until there are so many. `message` prints the message of that number; the others print
//! one JSON object. One thread a session and blocking sockets: the client shall cost little and be easy to
//! believe. Certificates are not verified; this program never sees a real password.

mod connection;
mod text;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use connection::{Connection, Failure, Security};

/// After so many connections in a row that came to nothing, the server counts as gone.
const FAILURES_MAX: u32 = 5;
/// Between two looks at the mailboxes.
const STATUS_PAUSE: Duration = Duration::from_millis(20);

struct Arguments(BTreeMap<String, String>);

impl Arguments {
    /// `--name value` and `--flag`, in any order.
    fn parse(words: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut found = BTreeMap::new();
        let mut words = words.peekable();
        while let Some(word) = words.next() {
            let name = word.strip_prefix("--").ok_or_else(|| format!("`{word}` is no option"))?;
            let value = words.next_if(|next| !next.starts_with("--")).unwrap_or_default();
            found.insert(name.to_owned(), value);
        }
        Ok(Self(found))
    }

    fn text(&self, name: &str) -> Result<&str, String> {
        self.0.get(name).map(String::as_str).ok_or_else(|| format!("--{name} is missing"))
    }

    fn number(&self, name: &str, default: u64) -> Result<u64, String> {
        self.0.get(name).map_or(Ok(default), |v| v.parse().map_err(|_| format!("--{name} wants a number")))
    }

    fn flag(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    fn list(&self, name: &str) -> Result<Vec<String>, String> {
        Ok(self.text(name)?.split(',').map(str::to_owned).collect())
    }

    fn security(&self) -> Security {
        if self.flag("tls") { Security::tls() } else { Security::Clear }
    }
}

fn main() -> ExitCode {
    let mut words = std::env::args().skip(1);
    let command = words.next().unwrap_or_default();
    let result = Arguments::parse(words).and_then(|arguments| match command.as_str() {
        "smtp" => smtp(&arguments),
        "status" => status(&arguments),
        "message" => message(&arguments),
        _ => Err("commands: smtp, status, message".to_owned()),
    });
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(why) => {
            eprintln!("mailbench: {why}");
            ExitCode::from(2)
        }
    }
}

/// What the sessions of one run share.
struct Load {
    address: String,
    security: Security,
    from: String,
    to: Vec<String>,
    octets: usize,
    pipeline: bool,
    /// The number after the last message of this run.
    end: u64,
    next: AtomicU64,
    accepted: AtomicU64,
    log: Option<Mutex<File>>,
    errors: Mutex<BTreeMap<String, u64>>,
}

fn smtp(arguments: &Arguments) -> Result<bool, String> {
    let messages = arguments.number("messages", 1000)?;
    let sessions = arguments.number("sessions", 10)?;
    let first = arguments.number("first", 0)?;
    let log = match arguments.0.get("log") {
        Some(path) => Some(Mutex::new(File::create(path).map_err(|e| format!("{path}: {e}"))?)),
        None => None,
    };
    let load = Load {
        address: arguments.text("address")?.to_owned(),
        security: arguments.security(),
        from: arguments.0.get("from").cloned().unwrap_or_else(|| "sender@client.test".to_owned()),
        to: arguments.list("to")?,
        octets: usize::try_from(arguments.number("octets", 10_240)?).map_err(|e| e.to_string())?,
        pipeline: arguments.flag("pipeline"),
        end: first + messages,
        next: AtomicU64::new(first),
        accepted: AtomicU64::new(0),
        log,
        errors: Mutex::default(),
    };
    let start = Instant::now();
    let mut delays: Vec<f64> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..sessions).map(|_| scope.spawn(|| load.session())).collect();
        threads.into_iter().flat_map(|t| t.join().unwrap_or_default()).collect()
    });
    let seconds = start.elapsed().as_secs_f64();
    delays.sort_by(f64::total_cmp);
    let accepted = load.accepted.load(Ordering::Relaxed);
    let report = serde_json::json!({
        "accepted": accepted,
        "seconds": seconds,
        "accepted_per_second": accepted as f64 / seconds,
        "reply_ms_median": percentile(&delays, 50),
        "reply_ms_99": percentile(&delays, 99),
        "errors": *load.errors.lock().unwrap_or_else(|e| e.into_inner()),
    });
    println!("{report}");
    Ok(accepted == messages)
}

fn percentile(sorted: &[f64], percent: usize) -> f64 {
    let rank = (sorted.len() * percent / 100).min(sorted.len().saturating_sub(1));
    sorted.get(rank).copied().unwrap_or(0.0)
}

impl Load {
    /// Sends messages until there are none left or the server is gone. Gives the time of each in milliseconds.
    fn session(&self) -> Vec<f64> {
        let (mut delays, mut failures) = (Vec::new(), 0);
        while failures < FAILURES_MAX && self.next.load(Ordering::Relaxed) < self.end {
            let before = delays.len();
            match self.connection(&mut delays) {
                Ok(()) => break,
                Err(failure) => {
                    failures = if delays.len() > before { 0 } else { failures + 1 };
                    let mut errors = self.errors.lock().unwrap_or_else(|e| e.into_inner());
                    *errors.entry(failure.to_string()).or_default() += 1;
                }
            }
        }
        delays
    }

    fn connection(&self, delays: &mut Vec<f64>) -> Result<(), Failure> {
        let mut c = Connection::open(&self.address, &self.security)?;
        c.reply(220)?;
        c.send(b"EHLO client.test\r\n")?;
        c.reply(250)?;
        loop {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            if number >= self.end {
                break;
            }
            let start = Instant::now();
            self.deliver(&mut c, number)?;
            delays.push(start.elapsed().as_secs_f64() * 1000.0);
            self.accepted.fetch_add(1, Ordering::Relaxed);
            if let Some(log) = &self.log {
                let mut file = log.lock().unwrap_or_else(|e| e.into_inner());
                writeln!(file, "{}", text::message_id(number))?;
            }
        }
        c.send(b"QUIT\r\n")?;
        c.reply(221)
    }

    fn deliver(&self, c: &mut Connection, number: u64) -> Result<(), Failure> {
        let recipients = self.to.len() as u64;
        let to = &self.to[usize::try_from(number % recipients).unwrap_or(0)];
        let commands = [
            (format!("MAIL FROM:<{}>\r\n", self.from), 250),
            (format!("RCPT TO:<{to}>\r\n"), 250),
            ("DATA\r\n".to_owned(), 354),
        ];
        if self.pipeline {
            c.send(commands.iter().map(|(line, _)| line.as_str()).collect::<String>().as_bytes())?;
            commands.iter().try_for_each(|(_, code)| c.reply(*code))?;
        } else {
            for (line, code) in &commands {
                c.send(line.as_bytes())?;
                c.reply(*code)?;
            }
        }
        let mut data = text::stuffed(&text::message(number, self.octets, &self.from, to));
        data.extend_from_slice(b".\r\n");
        c.send(&data)?;
        c.reply(250)
    }
}

fn status(arguments: &Arguments) -> Result<bool, String> {
    let (address, security) = (arguments.text("address")?, arguments.security());
    let (wanted, seconds) = (arguments.number("wait", 0)?, arguments.number("seconds", 120)?);
    let password = arguments.text("password")?;
    let start = Instant::now();
    let mut inboxes = Vec::new();
    for user in arguments.list("users")? {
        let inbox = Connection::open(address, &security).and_then(|mut c| c.log_in(&user, password).map(|()| c));
        inboxes.push(inbox.map_err(|e| format!("{user}: {e}"))?);
    }
    loop {
        let mut messages = 0;
        for inbox in &mut inboxes {
            messages += inbox.messages().map_err(|e| e.to_string())?;
        }
        let waited = start.elapsed();
        if messages >= wanted || waited > Duration::from_secs(seconds) {
            println!("{}", serde_json::json!({ "messages": messages, "seconds": waited.as_secs_f64() }));
            return Ok(messages >= wanted);
        }
        std::thread::sleep(STATUS_PAUSE);
    }
}

fn message(arguments: &Arguments) -> Result<bool, String> {
    let octets = usize::try_from(arguments.number("octets", 10_240)?).map_err(|e| e.to_string())?;
    let bytes = text::message(arguments.number("first", 0)?, octets, arguments.text("from")?, arguments.text("to")?);
    std::io::stdout().write_all(&bytes).map_err(|e| e.to_string())?;
    Ok(true)
}
