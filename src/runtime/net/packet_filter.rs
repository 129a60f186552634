//! The kernel's packet filter, through the programs that come with it: `nft`, `iptables-save`, `sh`.
//!
//! Blocking; a program that hangs is ended. Everything that goes in was rendered by us, and what comes out is bounded.
//! Whoever calls needs `CAP_NET_ADMIN`, and is told so.
//!
//! Known limits: the abuse set holds [`ABUSE_SET_MAX`](crate::ground::limits::ABUSE_SET_MAX) addresses; the kernel
//! refuses more until some have expired.

use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv6Addr};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::artefact::render::firewall::nftables::{ABUSE_SETS, TABLE};
use crate::ground::limits::{FILTER_OUTPUT_OCTETS_MAX, FILTER_PATIENCE};

/// Why the kernel's filter was neither read nor changed.
#[derive(Debug, thiserror::Error)]
pub enum FilterError {
    #[error("`{program}`: {error}")]
    Failed { program: String, error: io::Error },
    #[error("`{program}` did not end within {} seconds", FILTER_PATIENCE.as_secs())]
    Hung { program: String },
    #[error("`{0}` is not installed")]
    Missing(String),
    #[error(
        "the kernel has no abuse set: load the rules of a plan with `firewall.abuse_set: true` (`mailctl firewall apply`)"
    )]
    NoSet,
    #[error("`{0}` may not change the packet filter: run this as root, or with CAP_NET_ADMIN")]
    NotPermitted(String),
    #[error("`{program}` refuses: {said}")]
    Refused { program: String, said: String },
    #[error("`{program}` says what nobody understands: {said}")]
    Unreadable { program: String, said: String },
}

/// Runs a program with `input`; gives what it printed.
///
/// # Errors
/// [`FilterError`], also if it ended with another status than 0.
pub fn run(program: &str, arguments: &[&str], input: &str) -> Result<String, FilterError> {
    let name = || program.to_owned();
    let failed = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => FilterError::Missing(name()),
        _ => FilterError::Failed { program: name(), error },
    };
    let mut command = Command::new(program);
    command.args(arguments).env("LC_ALL", "C").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(failed)?;
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let (ended, out, said) = std::thread::scope(|scope| {
        let write = scope.spawn(move || stdin.map(|mut to| to.write_all(input.as_bytes())));
        let out = scope.spawn(move || bounded(stdout));
        let said = scope.spawn(move || bounded(stderr));
        let ended = wait(&mut child);
        // A program that refuses its first line does not read the rest.
        let _ = write.join();
        (ended, out.join().unwrap_or_default(), said.join().unwrap_or_default())
    });
    let Some(succeeded) = ended.map_err(failed)? else { return Err(FilterError::Hung { program: name() }) };
    if succeeded {
        return Ok(out);
    }
    let denied = ["Operation not permitted", "you must be root", "Permission denied", "need to be root"];
    if denied.iter().any(|text| said.contains(text)) {
        return Err(FilterError::NotPermitted(name()));
    }
    let said = said.lines().filter(|l| !l.trim().is_empty()).take(5).collect::<Vec<_>>().join("; ");
    Err(FilterError::Refused { program: name(), said })
}

/// Whether it succeeded; `None` if it had to be ended.
fn wait(child: &mut Child) -> io::Result<Option<bool>> {
    const PAUSE: Duration = Duration::from_millis(5);
    let begin = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status.success()));
        }
        if begin.elapsed() > FILTER_PATIENCE {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        std::thread::sleep(PAUSE);
    }
}

fn bounded(from: Option<impl Read>) -> String {
    let mut octets = Vec::new();
    if let Some(mut from) = from {
        let _ = from.by_ref().take(FILTER_OUTPUT_OCTETS_MAX).read_to_end(&mut octets);
        // So that it can end.
        let _ = io::copy(&mut from, &mut io::sink());
    }
    String::from_utf8_lossy(&octets).into_owned()
}

/// An address that may not reach the listeners for a while. Of IPv6 the whole /64 is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Ban {
    pub source: IpAddr,
    pub seconds: u64,
}

/// Puts addresses into the abuse set; those that are in it stay for the new time.
///
/// # Errors
/// [`FilterError`]; the kernel then has none of them.
pub fn ban(bans: &[Ban]) -> Result<(), FilterError> {
    run("nft", &["-f", "-"], &ban_script(bans)).map(|_| ()).map_err(without_set)
}

fn without_set(error: FilterError) -> FilterError {
    match error {
        FilterError::Refused { said, .. } if said.contains("No such file or directory") => FilterError::NoSet,
        other => other,
    }
}

/// The text for [`ban`], to stand behind the ruleset too.
pub fn ban_script(bans: &[Ban]) -> String {
    let mut script = String::new();
    for Ban { source, seconds } in bans {
        let (set, source) = element(*source);
        // Adding what is there keeps the old time, and deleting what is not there is an error.
        for verb in ["add", "delete", "add"] {
            let timeout = if verb == "delete" { String::new() } else { format!(" timeout {}s", (*seconds).max(1)) };
            script.push_str(&format!("{verb} element {} {} {set} {{ {source}{timeout} }}\n", TABLE.0, TABLE.1));
        }
    }
    script
}

/// Takes an address out of the set.
///
/// # Errors
/// [`FilterError`]
pub fn unban(source: IpAddr) -> Result<(), FilterError> {
    let (set, source) = element(source);
    // Added first, so that it is no error if it was not there.
    let of = |verb: &str| format!("{verb} element {} {} {set} {{ {source} }}\n", TABLE.0, TABLE.1);
    run("nft", &["-f", "-"], &(of("add") + &of("delete"))).map(|_| ()).map_err(without_set)
}

/// Who is in the set, and for how many seconds yet. Empty if there is no set.
///
/// # Errors
/// [`FilterError`]
pub fn banned() -> Result<Vec<Ban>, FilterError> {
    let mut bans = Vec::new();
    for set in [ABUSE_SETS.0, ABUSE_SETS.1] {
        match run("nft", &["-j", "list", "set", TABLE.0, TABLE.1, set], "") {
            Ok(listed) => bans.extend(elements(&listed)?),
            Err(FilterError::Refused { said, .. }) if said.contains("No such file") => {}
            Err(error) => return Err(error),
        }
    }
    Ok(bans)
}

/// The set of an address, and the address that stands for it there.
fn element(source: IpAddr) -> (&'static str, IpAddr) {
    const FIRST_HALF: u128 = !0 << 64;
    match source.to_canonical() {
        IpAddr::V4(v4) => (ABUSE_SETS.0, v4.into()),
        IpAddr::V6(v6) => (ABUSE_SETS.1, Ipv6Addr::from(u128::from(v6) & FIRST_HALF).into()),
    }
}

fn elements(listed: &str) -> Result<Vec<Ban>, FilterError> {
    let unreadable = || FilterError::Unreadable { program: "nft".to_owned(), said: listed.chars().take(200).collect() };
    let json: serde_json::Value = serde_json::from_str(listed).map_err(|_| unreadable())?;
    let objects = json["nftables"].as_array().ok_or_else(unreadable)?;
    let sets = objects.iter().filter_map(|object| object["set"]["elem"].as_array());
    let ban = |element: &serde_json::Value| {
        let element = &element["elem"];
        let source = element["val"].as_str().and_then(|text| text.parse().ok()).ok_or_else(unreadable)?;
        Ok(Ban { source, seconds: element["expires"].as_u64().unwrap_or_default() })
    };
    sets.flatten().map(ban).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_speaks_and_refuses() {
        assert_eq!(run("cat", &[], "text").unwrap(), "text");
        assert!(matches!(run("mailctl-is-no-such-program", &[], ""), Err(FilterError::Missing(_))));
        let refused = run("sh", &["-c", "echo why >&2; exit 3"], "a long text that nobody reads").unwrap_err();
        assert_eq!(refused.to_string(), "`sh` refuses: why");
        let denied = run("sh", &["-c", "echo 'netlink: Operation not permitted' >&2; exit 1"], "").unwrap_err();
        assert!(denied.to_string().contains("run this as root"), "{denied}");
    }

    #[test]
    fn of_ipv6_a_network_is_banned() {
        let ban = |text: &str| Ban { source: text.parse().unwrap(), seconds: 60 };
        let script = ban_script(&[ban("192.0.2.1"), ban("2001:db8::7:8:9:a"), ban("::ffff:192.0.2.2")]);
        assert!(script.contains("add element inet mailctl abuse4 { 192.0.2.1 timeout 60s }\n"), "{script}");
        assert!(script.contains("delete element inet mailctl abuse6 { 2001:db8:: }\n"), "{script}");
        assert!(script.contains("abuse4 { 192.0.2.2 "), "{script}");
    }

    #[test]
    fn what_nft_lists_is_read() {
        let listed = r#"{"nftables": [{"metainfo": {"version": "1.0.6"}}, {"set": {"family": "inet", "name": "abuse4",
            "elem": [{"elem": {"val": "192.0.2.1", "timeout": 900, "expires": 891}}]}}]}"#;
        assert_eq!(elements(listed).unwrap(), [Ban { source: "192.0.2.1".parse().unwrap(), seconds: 891 }]);
        assert!(elements("{}").is_err() && elements("no").is_err());
    }
}
