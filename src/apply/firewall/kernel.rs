//! What is in the kernel: loaded whole, kept for a return, compared with what the plan wants.
//!
//! To compare, the plan's rules are loaded into a network namespace that exists for a moment, and both are listed by the
//! kernel's own programs: no parser of ours stands between.

use std::collections::BTreeMap;

use super::FirewallError;
use crate::artefact::render::firewall::{self, Form};
use crate::plan::Plan;
use crate::runtime::net::packet_filter::{self, ban_script, run};

/// Replaces whatever was there; its abuse set keeps who was in it.
const NFTABLES_ABSENT: &str = "table inet mailctl\ndelete table inet mailctl\n";
/// The rules of the table, without counters and without what sets hold.
const NFTABLES_LIST: &str = "nft -s -t list table inet mailctl";
/// What is ours in both families, with `#` before each family's name.
const IPTABLES_LIST: &str = "for program in iptables ip6tables; do\n\
    echo \"# $program\"\n$program-save -t filter | grep MAILCTL || :\ndone";
const IPTABLES_ABSENT: &str = "for program in iptables ip6tables; do\n\
    for hook in 'INPUT -j MAILCTL-IN' 'OUTPUT -j MAILCTL-OUT' 'DOCKER-USER -j MAILCTL-FWD'; do\n\
        $program -w -D $hook 2>/dev/null || :\n\
        chain=${hook##* }\n\
        $program -w -F \"$chain\" 2>/dev/null || :\n\
        $program -w -X \"$chain\" 2>/dev/null || :\n\
    done\ndone\n";

/// What was there before a load, in the form that brings it back.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Former {
    /// `nft` or `sh`.
    program: String,
    text: String,
}

/// Loads the plan's rules.
///
/// # Errors
/// [`FirewallError::Filter`]; the kernel then has what it had before.
pub fn load(plan: &Plan, form: Form) -> Result<(), FirewallError> {
    let text = firewall::render(plan, form);
    if form != Form::Nftables {
        let before = former(form)?;
        return run("sh", &["-s"], &text).map(drop).map_err(|error| {
            // One family may have been loaded. What cannot be brought back either is the same trouble.
            let _ = restore(&before);
            error.into()
        });
    }
    let kept = if plan.packet_filter.abuse_set { packet_filter::banned()? } else { Vec::new() };
    run("nft", &["-f", "-"], &(text + &ban_script(&kept)))?;
    Ok(())
}

/// Takes everything of ours out of the kernel.
///
/// # Errors
/// [`FirewallError::Filter`]
pub fn unload(form: Form) -> Result<(), FirewallError> {
    restore(&absent(form))
}

fn absent(form: Form) -> Former {
    match form {
        Form::Nftables => Former { program: "nft".to_owned(), text: NFTABLES_ABSENT.to_owned() },
        _ => Former { program: "sh".to_owned(), text: IPTABLES_ABSENT.to_owned() },
    }
}

/// What is in the kernel now.
///
/// # Errors
/// [`FirewallError::Filter`]
pub fn former(form: Form) -> Result<Former, FirewallError> {
    let listed = listed(form)?;
    let mut former = absent(form);
    if form == Form::Nftables {
        former.text.push_str(&listed);
        if !listed.is_empty() {
            former.text.push_str(&ban_script(&packet_filter::banned()?));
        }
        return Ok(former);
    }
    let mut program = "iptables";
    let (mut rules, mut hooks) = (String::new(), String::new());
    let mut script = String::new();
    for line in listed.lines().chain(["# end"]) {
        if let Some(next) = line.strip_prefix("# ") {
            if !rules.is_empty() {
                let restore =
                    format!("{program}-restore -w --noflush <<'RULES'\n*filter\n{rules}COMMIT\nRULES\n{hooks}");
                script.push_str(&restore);
            }
            (rules, hooks) = (String::new(), String::new());
            program = if next == "ip6tables" { "ip6tables" } else { "iptables" };
        } else if let Some(hook) = line.strip_prefix("-A ").filter(|l| !l.starts_with("MAILCTL")) {
            let (chain, rule) = hook.split_once(' ').unwrap_or((hook, ""));
            hooks.push_str(&format!("{program} -w -I {chain} 1 {rule}\n"));
        } else {
            rules.push_str(&format!("{line}\n"));
        }
    }
    former.text = format!("set -eu\n{}{script}", former.text);
    Ok(former)
}

/// Brings back what [`former`] found.
///
/// # Errors
/// [`FirewallError::Filter`]
pub fn restore(former: &Former) -> Result<(), FirewallError> {
    let arguments: &[&str] = if former.program == "nft" { &["-f", "-"] } else { &["-s"] };
    run(&former.program, arguments, &former.text)?;
    Ok(())
}

/// How the kernel stands to the plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    AsPlanned,
    /// As [`differences`] has them.
    Differs(Vec<String>),
    /// Nothing of ours is there.
    NotLoaded,
}

/// Whether the kernel has the plan's rules.
///
/// # Errors
/// [`FirewallError::Filter`], e.g. for who may not look.
pub fn standing(plan: &Plan, form: Form) -> Result<Standing, FirewallError> {
    if listed(form)?.lines().all(|line| line.starts_with('#')) {
        return Ok(Standing::NotLoaded);
    }
    let differences = differences(plan, form)?;
    Ok(if differences.is_empty() { Standing::AsPlanned } else { Standing::Differs(differences) })
}

/// Lines of the kernel that the plan does not have (`-`), and the other way round (`+`). Empty: all is as planned.
///
/// # Errors
/// [`FirewallError::Filter`]
pub fn differences(plan: &Plan, form: Form) -> Result<Vec<String>, FirewallError> {
    let (found, wanted) = (listed(form)?, wanted(plan, form)?);
    let mut count: BTreeMap<&str, i32> = BTreeMap::new();
    found.lines().for_each(|line| *count.entry(line.trim()).or_default() -= 1);
    wanted.lines().for_each(|line| *count.entry(line.trim()).or_default() += 1);
    let surplus = |sign: &'static str, of: i32| {
        let lines = count.iter().filter(move |(_, n)| n.signum() == of);
        lines.map(move |(line, _)| format!("{sign} {line}"))
    };
    let mut differences: Vec<String> = surplus("-", -1).chain(surplus("+", 1)).collect();
    if differences.is_empty() && found != wanted {
        differences.push("- the same lines in another order".to_owned());
    }
    Ok(differences)
}

/// What is ours in the kernel, as its programs print it. Empty if nothing is.
fn listed(form: Form) -> Result<String, FirewallError> {
    use packet_filter::FilterError::Refused;
    match form {
        Form::Nftables => match run("sh", &["-c", NFTABLES_LIST], "") {
            Ok(text) => Ok(text),
            Err(Refused { said, .. }) if said.contains("No such file or directory") => Ok(String::new()),
            Err(error) => Err(error.into()),
        },
        _ => Ok(run("sh", &["-c", IPTABLES_LIST], "")?),
    }
}

/// The same of the plan's rules, from a network namespace of their own.
fn wanted(plan: &Plan, form: Form) -> Result<String, FirewallError> {
    let (load, list) = match form {
        Form::Nftables => ("nft -f -", NFTABLES_LIST),
        _ => ("sh -s", IPTABLES_LIST),
    };
    let script = format!("{load} >&2 && {list}");
    Ok(run("unshare", &["-n", "sh", "-c", &script], &firewall::render(plan, form))?)
}
