//! `mailctl quickstart`: from nothing to a running server on loopback, tested from outside.
//!
//! It goes the way everybody goes: writes a configuration, compiles it, shows the plan, applies it,
//! serves it. Then it is its own first client ([`tour`]).

mod tour;

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::time::Instant;

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use tokio::signal::unix::{SignalKind, signal};

use super::serve::start_logging;
use crate::apply::apply;
use crate::artefact::render::review;
use crate::cli::context::{Context, colour_out};
use crate::cli::{Failure, Outcome, print};
use crate::ground::file;
use crate::plan::change;
use crate::runtime::server::Server;

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// End after the self-test.
    #[arg(long)]
    once: bool,
}

const USER: &str = "me@quickstart.test";
const HOST: &str = "mail.quickstart.test";

/// Listener names with the port that is tried first.
const LISTENERS: [(&str, u16); 8] = [
    ("smtp", 40025),
    ("submission", 40587),
    ("submissions", 40465),
    ("imap", 40143),
    ("imaps", 40993),
    ("pop3", 40110),
    ("pop3s", 40995),
    ("https", 40443),
];

/// The ports that were free, in the order of [`LISTENERS`].
pub(super) struct Ports([u16; LISTENERS.len()]);

impl Ports {
    fn of(&self, listener: &str) -> u16 {
        LISTENERS.iter().zip(self.0).find(|((name, _), _)| *name == listener).map_or(0, |(_, port)| port)
    }

    fn socket(&self, listener: &str) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.of(listener)))
    }
}

pub fn run(arguments: &Arguments, state: Option<PathBuf>) -> Result<Outcome, Failure> {
    let (folder, temporary) = match state {
        Some(folder) => (std::path::absolute(folder)?, false),
        None => (std::env::temp_dir().join(format!("mailctl-quickstart-{}", std::process::id())), true),
    };
    let outcome = tour_of(&folder, arguments.once);
    if temporary {
        let _ = fs::remove_dir_all(&folder);
    } else {
        print(&format!("kept in {}", folder.display()));
    }
    outcome
}

fn tour_of(folder: &Path, once: bool) -> Result<Outcome, Failure> {
    let begun = Instant::now();
    file::private_folder(&folder.join("secrets"))?;
    let password = password(&folder.join("secrets/me"))?;
    let ports = free_ports()?;
    let config = folder.join("quickstart.yaml");
    let yaml = yaml(&ports);
    file::replace(&config, yaml.as_bytes(), 0o600)?;
    print(&format!("1. The whole configuration, {}:\n\n{}", config.display(), indented(&yaml)));

    let context = Context::new(config, Some(folder.to_owned()));
    let plan = context.compile(true)?;
    let former = context.state.active()?.map(|_| context.state.active_plan()).transpose()?.map(|(_, plan)| plan);
    let changes = change::diff(former.as_ref(), &plan);
    print(&format!(
        "2. The plan (mailctl plan):\n\n{}",
        indented(&review::human(former.as_ref(), &plan, &changes, colour_out()))
    ));
    let applied = apply(&context.state, &plan, &context.base(), &None, None)?;
    print(&format!("3. Applied: generation {}, {}\n", applied.activation.generation, applied.activation.digest));

    start_logging(&plan);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let started = Instant::now();
        let server = Server::start(context.state.clone()).await?;
        print(&format!("4. Serving after {} ms. Now the server's first client:\n", started.elapsed().as_millis()));
        let tested = {
            let (state, plan, password) = (context.state.clone(), plan.clone(), password.clone());
            let tour =
                tokio::task::spawn_blocking(move || tour::take(&state, &plan, &ports, &password).map(|()| ports));
            tour.await.map_err(|error| Failure(error.to_string()))?
        };
        let result = match tested {
            Err(failure) => Err(failure),
            Ok(ports) => {
                print(&format!(
                    "\nAll of it in {:.1} s.\n\n{}",
                    begun.elapsed().as_secs_f64(),
                    tour::invitations(folder, &ports, &password)
                ));
                if !once {
                    print("Serving until Ctrl-C.");
                    tokio::select! {
                        _ = interrupt.recv() => {}
                        _ = terminate.recv() => {}
                    }
                }
                Ok(Outcome::Done)
            }
        };
        server.stop().await;
        result
    })
}

/// The ports of [`LISTENERS`], or free ones where they are taken.
fn free_ports() -> Result<Ports, Failure> {
    let mut ports = [0; LISTENERS.len()];
    // All are held until all are chosen, so that none is chosen twice.
    let mut held = Vec::new();
    for ((name, wanted), chosen) in LISTENERS.iter().zip(ports.iter_mut()) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, *wanted));
        let listener = match listener {
            Ok(listener) => listener,
            Err(error) => {
                let other = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
                print(&format!("Port {wanted} for {name} is taken ({error}); using {}.", other.local_addr()?.port()));
                other
            }
        };
        *chosen = listener.local_addr()?.port();
        held.push(listener);
    }
    Ok(Ports(ports))
}

/// A random password, kept if there already is one.
fn password(path: &Path) -> Result<String, Failure> {
    if let Ok(kept) = fs::read_to_string(path)
        && !kept.trim().is_empty()
    {
        return Ok(kept.trim().to_owned());
    }
    let mut octets = [0; 18];
    SystemRandom::new().fill(&mut octets).map_err(|_| Failure("no randomness from the system".into()))?;
    let password = BASE64_URL_SAFE_NO_PAD.encode(octets);
    file::replace(path, password.as_bytes(), 0o600)?;
    Ok(password)
}

fn yaml(ports: &Ports) -> String {
    let mut listeners = String::new();
    for (name, _) in LISTENERS {
        listeners.push_str(&format!(
            "  {:<12} {{ port: {}, addresses: [127.0.0.1] }}\n",
            format!("{name}:"),
            ports.of(name)
        ));
    }
    format!(
        "version: 1
profile: lab                  # loopback addresses and a self-signed certificate are fine here
host: {{ name: {HOST}, addresses: [127.0.0.1] }}
listeners:
{listeners}certificates: {{ self_signed: true }}
domains: {{ quickstart.test: {{}} }}
accounts:
  {USER}: {{ password: {{ file: secrets/me }} }}
logging: {{ level: warn }}
"
    )
}

fn indented(text: &str) -> String {
    text.lines().map(|line| if line.is_empty() { "\n".to_owned() } else { format!("   {line}\n") }).collect()
}
