//! `mailctl init`: a first file from a few answers, with comments that say what to do next.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::compiler::config::format::Format;
use crate::compiler::config::scalar::written;
use crate::compiler::config::section::listeners::Service;
use crate::compiler::{Inputs, compile};
use crate::ground::clock::Timestamp;
use crate::ground::diagnostic::{Diagnostic, Severity, Source};

/// What a first file is made of. Values are texts as a person typed them, each accepted by [`Answer::check`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answers {
    pub lab: bool,
    pub host: String,
    pub addresses: Vec<String>,
    pub domains: Vec<String>,
    pub account: String,
    pub relay: Option<Relay>,
    /// Chain and key.
    pub certificate: Option<(String, String)>,
}

/// A smart host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relay {
    pub host: String,
    pub port: Option<u16>,
    /// Name to log in with.
    pub user: Option<String>,
}

/// What a text answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    Account,
    Address,
    Domain,
    Host,
    Relay,
}

impl Answer {
    /// Whether `text` is one, in the compiler's words if not.
    ///
    /// # Errors
    /// What is wrong and what to write, as a sentence.
    pub fn check(self, text: &str) -> Result<(), String> {
        let format = match self {
            Self::Account => Format::Address,
            Self::Address => Format::IpAddress,
            Self::Domain | Self::Host | Self::Relay => Format::Domain,
        };
        let text = if self == Self::Relay { Relay::parse(text, None)?.host } else { text.to_owned() };
        format.check(&text).map_err(|(why, fix)| format!("{why} Please {fix}."))
    }
}

impl Relay {
    /// `HOST` or `HOST:PORT`.
    ///
    /// # Errors
    /// A sentence, where the port is none.
    pub fn parse(text: &str, user: Option<String>) -> Result<Self, String> {
        let Some((host, port)) = text.rsplit_once(':') else {
            return Ok(Self { host: text.to_owned(), port: None, user });
        };
        match port.parse::<u16>() {
            Ok(port) if port > 0 => Ok(Self { host: host.to_owned(), port: Some(port), user }),
            _ => {
                Err(format!("`{port}` is not a port. Please write e.g. `smtp.example.net` or `smtp.example.net:587`."))
            }
        }
    }
}

/// A secret that has to be put in place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// As it is written in the file.
    pub path: String,
    pub what: &'static str,
}

/// Rules about files that are named and not there, or not usable yet.
const OF_FILES: [&str; 5] = ["CERT-001", "CERT-002", "CERT-004", "CERT-014", "SEC-002"];

/// Whether a finding only says that a file is to be put in place, or another one in its place.
pub fn is_of_a_file(diagnostic: &Diagnostic) -> bool {
    OF_FILES.contains(&diagnostic.code)
}

impl Answers {
    /// Whether the rules accept the answers so far; for those that are not there yet, blameless ones stand in.
    ///
    /// # Errors
    /// The first error in the rule's words, files apart.
    pub fn judge(&self) -> Result<(), String> {
        let mut whole = self.clone();
        if whole.addresses.is_empty() {
            whole.addresses.push("192.0.2.10".to_owned());
        }
        if whole.domains.is_empty() {
            whole.domains.push("mailctl.example.org".to_owned());
        }
        if let (true, Some(domain)) = (whole.account.is_empty(), whole.domains.first()) {
            whole.account = format!("postmaster@{domain}");
        }
        let text = whole.text();
        let inputs = Inputs::in_memory(BTreeMap::new(), Timestamp(0)).ignoring_secrets();
        let diagnostics = compile(&Source { name: "", text: &text }, &inputs).diagnostics;
        let error = diagnostics.into_iter().find(|d| d.severity == Severity::Error && !is_of_a_file(d));
        match error {
            None => Ok(()),
            Some(error) => Err(format!("{} {} ({})", error.summary, error.detail, error.code)),
        }
    }

    /// The file, in canonical form.
    pub fn text(&self) -> String {
        let mut out = String::from(
            "# A mail server. Every key is explained in docs/language.md and by `mailctl schema`;\n# `mailctl check` says what is wrong \
             with this file, `mailctl config show` what holds where it is silent.\n\nversion: 1\n",
        );
        if self.lab {
            out.push_str("\n# A test: reserved names, loopback addresses and a certificate that nobody trusts are no errors.\nprofile: lab\n");
        }
        let list = |values: &[String]| values.iter().map(|v| written(v)).collect::<Vec<_>>().join(", ");
        let _ = write!(
            out,
            "\n# The name that MX records point to and the certificate is for, and the addresses that the Internet sees.\nhost:\n  \
             name: {}\n  addresses: [{}]\n",
            written(&self.host),
            list(&self.addresses)
        );
        out.push_str(
            "\n# Other servers deliver to smtp (25); people send through submissions (465) and read through imaps (993), and their\n\
             # programs find that out through https (443).\nlisteners:\n",
        );
        for service in [Service::Smtp, Service::Submissions, Service::Imaps, Service::Https] {
            let _ = writeln!(out, "  {}:", service.word());
        }
        self.certificates(&mut out);
        out.push_str("\n# `mailctl dns records` prints the records that these domains need.\ndomains:\n");
        for domain in &self.domains {
            let _ = writeln!(out, "  {}:", written(domain));
        }
        let _ = write!(
            out,
            "\n# The first account of a domain also receives its postmaster@ and abuse@. The password stands in the file that is\n\
             # named, as it is or as `mailctl account hash-password` prints it.\naccounts:\n  {}:\n    password: {{ file: {} }}\n",
            written(&self.account),
            written(&self.password_path())
        );
        self.relay(&mut out);
        out
    }

    fn certificates(&self, out: &mut String) {
        match &self.certificate {
            Some((chain, key)) => {
                let (chain, key) = (written(chain), written(key));
                let _ = write!(
                    out,
                    "\n# The certificate of the server with the intermediate ones behind it, and its key.\ncertificates:\n  files:\n    \
                     - chain: {chain}\n      key: {key}\n"
                );
            }
            None if self.lab => out.push_str("\n# Programs warn of it, which is right outside a test.\ncertificates:\n  self_signed: true\n"),
            None => out.push_str(
                "\n# The server asks Let's Encrypt for its certificate and renews it; it proves its name on port 443. With files:\n\
                 # certificates:\n#   files:\n#     - chain: fullchain.pem\n#       key: privkey.pem\n\
                 certificates:\n  acme: {}\n",
            ),
        }
    }

    fn relay(&self, out: &mut String) {
        let Some(relay) = &self.relay else { return };
        let _ = write!(
            out,
            "\n# Mail to other servers leaves through this one.\nrelay:\n  default:\n    host: {}\n",
            written(&relay.host)
        );
        if let Some(port) = relay.port {
            let _ = writeln!(out, "    port: {port}");
        }
        if let Some(user) = &relay.user {
            let _ = write!(out, "    user: {}\n    password: {{ file: {RELAY_PASSWORD} }}\n", written(user));
        }
    }

    fn password_path(&self) -> String {
        format!("secrets/{}", self.account.replace('/', "_"))
    }

    /// The secrets that the file refers to.
    pub fn wanted(&self) -> Vec<Wanted> {
        let account = Wanted { path: self.password_path(), what: "the password of the account" };
        let user = self.relay.as_ref().and_then(|r| r.user.as_ref());
        let relay = user.map(|_| Wanted { path: RELAY_PASSWORD.to_owned(), what: "the password at the relay" });
        std::iter::once(account).chain(relay).collect()
    }
}

const RELAY_PASSWORD: &str = "secrets/relay";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compiler::edit::format::format;

    fn answers() -> Answers {
        Answers {
            host: "mail.example.org".to_owned(),
            addresses: vec!["192.0.2.10".to_owned(), "2001:db8::10".to_owned()],
            domains: vec!["example.org".to_owned(), "bücher.example.org".to_owned()],
            account: "hello@example.org".to_owned(),
            ..Answers::default()
        }
    }

    /// Errors of the compiled text, with every file that it wants.
    fn errors(answers: &Answers) -> Vec<String> {
        let files = answers.wanted().into_iter().map(|w| (w.path.into(), b"x".to_vec())).collect();
        let text = answers.text();
        let compiled =
            compile(&Source { name: "x", text: &text }, &Inputs::in_memory(files, Timestamp(1_795_000_000_000)));
        compiled
            .diagnostics
            .iter()
            .filter(|d| d.severity == Severity::Error)
            .map(|d| format!("{} {}\n{text}", d.code, d.detail))
            .collect()
    }

    #[test]
    fn what_is_written_compiles_and_is_canonical() {
        let relay = Relay::parse("smtp.provider.net:587", Some("me: and # you".to_owned())).unwrap();
        let lab = Answers { lab: true, host: "mail.bar.test".to_owned(), ..answers() };
        for answers in [answers(), Answers { relay: Some(relay), ..answers() }, lab] {
            assert_eq!(errors(&answers), Vec::<String>::new());
            assert_eq!(format(&answers.text()).unwrap(), answers.text());
        }
        let files = Answers { certificate: Some(("a b.pem".to_owned(), "key.pem".to_owned())), ..answers() };
        assert_eq!(format(&files.text()).unwrap(), files.text());
        assert!(!errors(&files).is_empty());
        assert_eq!(files.judge(), Ok(()), "files may come later");
    }

    #[test]
    fn the_rules_judge_what_is_there_so_far() {
        let with = |change: fn(&mut Answers)| {
            let mut answers = Answers { host: "mail.example.org".to_owned(), ..Answers::default() };
            change(&mut answers);
            answers.judge()
        };
        assert_eq!(with(|_| {}), Ok(()));
        assert!(with(|a| a.host = "mail".to_owned()).unwrap_err().contains("(ID-"));
        assert!(with(|a| a.addresses = vec!["10.0.0.1".to_owned()]).unwrap_err().contains("(NET-"));
        let account = with(|a| {
            a.domains = vec!["example.org".to_owned()];
            a.account = "a@example.net".to_owned();
        });
        assert!(account.unwrap_err().contains("(ACC-"));
    }

    #[test]
    fn answers_are_judged_in_the_compilers_words() {
        assert_eq!(Answer::Address.check("192.0.2.10"), Ok(()));
        assert!(Answer::Address.check("192.0.2.300").unwrap_err().starts_with("`192.0.2.300` is not an IP address."));
        assert!(Answer::Account.check("hello").is_err());
        assert!(Answer::Host.check("a..b").is_err());
        assert_eq!(Answer::Relay.check("smtp.example.net:587"), Ok(()));
        assert!(Answer::Relay.check("smtp.example.net:0").is_err());
        assert!(Answer::Relay.check("smtp..net").is_err());
    }
}
