//! `mailctl abuse`: who is kept off by the kernel because of guessed passwords.

use std::net::IpAddr;

use crate::cli::{Failure, Format, Outcome, print, print_json};
use crate::runtime::net::packet_filter::{self, Ban};

#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Keep an address off; of IPv6 its /64.
    Ban {
        address: IpAddr,
        /// For how long.
        #[arg(long, default_value_t = 3600, value_parser = clap::value_parser!(u64).range(1..=31_536_000))]
        seconds: u64,
    },
    /// Who is kept off, and for how long.
    List {
        #[arg(long, value_enum, default_value = "human")]
        format: Format,
    },
    /// Let an address in again. The server itself goes on refusing its logins until its window ends.
    Unban { address: IpAddr },
}

pub fn run(command: &Command) -> Result<Outcome, Failure> {
    match command {
        Command::Ban { address, seconds } => packet_filter::ban(&[Ban { source: *address, seconds: *seconds }])?,
        Command::List { format } => {
            let bans = packet_filter::banned()?;
            match format {
                Format::Json => print_json(&bans)?,
                Format::Human if bans.is_empty() => print("Nobody is kept off."),
                Format::Human => bans.iter().for_each(|ban| print(&format!("{}  {} s", ban.source, ban.seconds))),
            }
        }
        Command::Unban { address } => packet_filter::unban(*address)?,
    }
    Ok(Outcome::Done)
}
