//! `mailctl init`: a first configuration from a few answers.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use crate::cli::context::Context;
use crate::cli::rewrite::line;
use crate::cli::{Failure, Outcome, print};
use crate::compiler::edit::draft::{Answer, Answers, Relay, is_of_a_file};
use crate::compiler::{self, Compilation, Inputs};
use crate::ground::diagnostic::{self, Severity, Source};
use crate::ground::file;

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The name of the machine: what MX records point to.
    #[arg(long, value_name = "NAME")]
    host: Option<String>,
    /// A public address of the machine; may be given several times.
    #[arg(long, value_name = "IP")]
    address: Vec<String>,
    /// A mail domain; may be given several times [default: the parent of the host's name].
    #[arg(long, value_name = "NAME")]
    domain: Vec<String>,
    /// The first account.
    #[arg(long, value_name = "USER@DOMAIN")]
    account: Option<String>,
    /// A smart host for mail to other servers.
    #[arg(long, value_name = "HOST[:PORT]")]
    relay: Option<String>,
    /// The name to log in with at the relay.
    #[arg(long, value_name = "NAME", requires = "relay")]
    relay_user: Option<String>,
    /// PEM file: the server's certificate, then the intermediate ones.
    #[arg(long, value_name = "FILE", requires = "certificate_key")]
    certificate_chain: Option<String>,
    /// PEM file: its private key.
    #[arg(long, value_name = "FILE", requires = "certificate_chain")]
    certificate_key: Option<String>,
    #[arg(long, value_enum, default_value = "production")]
    profile: Profile,
    /// Where to write; `-` is standard output [default: what --config says].
    #[arg(long, value_name = "FILE|-")]
    output: Option<PathBuf>,
    /// Overwrite a file that is there.
    #[arg(long)]
    force: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Profile {
    Lab,
    Production,
}

pub fn run(context: &Context, arguments: &Arguments) -> Result<Outcome, Failure> {
    let output = arguments.output.clone().unwrap_or_else(|| context.config.clone());
    let to_stdout = output.as_os_str() == "-";
    if !to_stdout && !arguments.force && std::fs::symlink_metadata(&output).is_ok() {
        return Err(Failure(format!("{}: is there already; --force overwrites it", output.display())));
    }
    let answers = answers(arguments)?;
    let text = answers.text();
    let name = output.display().to_string();
    let folder = output.parent().filter(|p| !to_stdout && !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let base = std::path::absolute(folder)?;
    let source = Source { name: &name, text: &text };
    let Compilation { diagnostics, sources, .. } = compiler::compile(&source, &Inputs::from_disk(base));
    // Files may come later; everything else would be wrong from the start.
    let (files, wrong): (Vec<_>, Vec<_>) =
        diagnostics.into_iter().filter(|d| d.severity == Severity::Error).partition(is_of_a_file);
    if !wrong.is_empty() {
        eprint!("{}", diagnostic::human(&sources, &wrong, crate::cli::context::colour()));
        return Err(Failure("with these answers the file would not compile; nothing was written".to_owned()));
    }
    if to_stdout {
        print(&text);
    } else if arguments.force && output.exists() {
        file::rewrite(&output, text.as_bytes()).map_err(|error| Failure(format!("{name}: {error}")))?;
    } else {
        file::create(&output, text.as_bytes(), 0o644).map_err(|error| Failure(format!("{name}: {error}")))?;
    }
    next_steps(&name, to_stdout, &answers, &files.iter().map(|d| d.detail.as_str()).collect::<Vec<_>>());
    Ok(Outcome::Done)
}

fn next_steps(name: &str, to_stdout: bool, answers: &Answers, missing: &[&str]) {
    if !to_stdout {
        eprintln!("{name}: written");
    }
    for wanted in answers.wanted() {
        eprintln!("put {} into {} (chmod 600)", wanted.what, wanted.path);
    }
    for detail in missing {
        eprintln!("not yet: {detail}");
    }
    let config = if to_stdout { String::new() } else { format!(" --config {name}") };
    eprintln!("then: mailctl{config} check");
}

/// What the flags say, and for the rest what a person at the terminal says.
fn answers(arguments: &Arguments) -> Result<Answers, Failure> {
    let terminal = std::io::stdin().is_terminal();
    let mut answers = Answers { lab: arguments.profile == Profile::Lab, ..Answers::default() };
    let question = Question {
        flag: "--host",
        text: "Name of this machine, e.g. mail.example.org",
        kind: Answer::Host,
        several: false,
    };
    let given: Vec<String> = arguments.host.iter().cloned().collect();
    question.answer(&mut answers, &given, terminal, None, |a, words| a.host = words.concat())?;
    let question = Question {
        flag: "--address",
        text: "Public addresses, separated by spaces",
        kind: Answer::Address,
        several: true,
    };
    question.answer(&mut answers, &arguments.address, terminal, None, |a, words| a.addresses = words)?;
    let parent = answers.host.split_once('.').map(|(_, parent)| parent.to_owned()).filter(|p| p.contains('.'));
    let question =
        Question { flag: "--domain", text: "Mail domains, separated by spaces", kind: Answer::Domain, several: true };
    question.answer(&mut answers, &arguments.domain, terminal, parent, |a, words| a.domains = words)?;
    let first = answers.domains.first().map(|d| format!("postmaster@{d}"));
    let question = Question { flag: "--account", text: "First account", kind: Answer::Account, several: false };
    let given: Vec<String> = arguments.account.iter().cloned().collect();
    question.answer(&mut answers, &given, terminal, first, |a, words| a.account = words.concat())?;
    // Who gives the necessary flags has said what there is to say.
    let asking = terminal && (arguments.host.is_none() || arguments.address.is_empty() || arguments.account.is_none());
    answers.relay = relay(arguments, asking)?;
    answers.certificate = certificate(arguments, asking)?;
    Ok(answers)
}

/// A question that has to be answered.
struct Question {
    flag: &'static str,
    text: &'static str,
    kind: Answer,
    several: bool,
}

impl Question {
    /// Puts the answer in its place: the flag's, a person's, or the default.
    fn answer(
        &self,
        answers: &mut Answers,
        given: &[String],
        terminal: bool,
        default: Option<String>,
        place: impl Fn(&mut Answers, Vec<String>),
    ) -> Result<(), Failure> {
        let with = |words: &[String]| {
            let mut next = answers.clone();
            place(&mut next, words.to_vec());
            next
        };
        let words = if !given.is_empty() {
            // The rules see flags together, when all are there.
            given
                .iter()
                .try_for_each(|w| self.kind.check(w))
                .map_err(|why| Failure(format!("{}: {why}", self.flag)))?;
            given.to_vec()
        } else if terminal {
            let check = |text: &str| {
                let words = self.words(text);
                if words.is_empty() {
                    return Err("An answer is needed.".to_owned());
                }
                words.iter().try_for_each(|w| self.kind.check(w))?;
                with(&words).judge()
            };
            self.words(&ask(self.text, default.as_deref(), check)?)
        } else {
            vec![default.ok_or_else(|| unasked(self.flag))?]
        };
        *answers = with(&words);
        Ok(())
    }

    fn words(&self, text: &str) -> Vec<String> {
        let separators: &[char] = if self.several { &[' ', ','] } else { &[] };
        text.split(separators).filter(|w| !w.is_empty()).map(str::to_owned).collect()
    }
}

fn relay(arguments: &Arguments, asking: bool) -> Result<Option<Relay>, Failure> {
    let question = "Smart host for mail to other servers, HOST[:PORT] (empty: none, deliver directly)";
    let given = match &arguments.relay {
        Some(relay) => relay.clone(),
        None if asking => {
            ask(question, Some(""), |text| if text.is_empty() { Ok(()) } else { Answer::Relay.check(text) })?
        }
        None => return Ok(None),
    };
    if given.is_empty() {
        return Ok(None);
    }
    Answer::Relay.check(&given).map_err(|why| Failure(format!("--relay: {why}")))?;
    let user = match &arguments.relay_user {
        None if asking && arguments.relay.is_none() => {
            Some(ask("Name to log in with there (empty: none)", Some(""), |_| Ok(()))?).filter(|u| !u.is_empty())
        }
        user => user.clone(),
    };
    Relay::parse(&given, user).map(Some).map_err(Failure)
}

fn certificate(arguments: &Arguments, asking: bool) -> Result<Option<(String, String)>, Failure> {
    if let (Some(chain), Some(key)) = (&arguments.certificate_chain, &arguments.certificate_key) {
        return Ok(Some((chain.clone(), key.clone())));
    }
    if !asking || arguments.profile == Profile::Lab {
        return Ok(None);
    }
    let question = "Certificate chain, a PEM file (empty: from Let's Encrypt, by ACME)";
    let chain = ask(question, Some(""), |_| Ok(()))?;
    if chain.is_empty() {
        return Ok(None);
    }
    let needed = |text: &str| if text.is_empty() { Err("A certificate needs its key.".to_owned()) } else { Ok(()) };
    Ok(Some((chain, ask("Its private key, a PEM file", None, needed)?)))
}

fn unasked(flag: &str) -> Failure {
    Failure(format!("{flag} is needed, because nobody can be asked here; `mailctl init --help` lists the flags"))
}

/// Asks until the answer is one.
fn ask(question: &str, default: Option<&str>, check: impl Fn(&str) -> Result<(), String>) -> Result<String, Failure> {
    let hint = default.filter(|d| !d.is_empty()).map_or_else(String::new, |d| format!(" [{d}]"));
    loop {
        let Some(mut answer) = line(&format!("{question}{hint}: "))? else {
            return Err(Failure("the answers ended too early; nothing was written".to_owned()));
        };
        if answer.is_empty() {
            answer = default.unwrap_or_default().to_owned();
        }
        match check(&answer) {
            Ok(()) => return Ok(answer),
            Err(why) => eprintln!("  {why}"),
        }
    }
}
