//! The plan's packet filter in this machine's kernel: loaded, compared, and taken back unless somebody says that the
//! machine is still reached.
//!
//! | room | what |
//! | --- | --- |
//! | [`kernel`] | loads a form, keeps what was there before, compares what is there with what should be |
//! | [`pending`] | the automatic return: a process of its own that no terminal can take down |
//! | [`probe`] | connects, and says what answers |
//!
//! Invariants: a load is one transaction a family; what is not ours is never changed. While a load waits to be confirmed
//! there is no second one. The process that returns runs before the load begins, so that nothing can come between.
//!
//! Known limits: only `nftables`, `iptables` and `docker` are loaded from here. The programs of ufw and firewalld keep
//! state of their own and have nothing to return to; their script is for the operator to run. Rules live in the kernel:
//! what loads them at boot is the system's (`docs/firewall.md`).

pub mod kernel;
pub mod pending;
pub mod probe;

use std::path::PathBuf;

use crate::artefact::render::firewall::Form;
use crate::plan::Plan;
use crate::runtime::net::packet_filter::FilterError;

/// Why a packet filter is not as it should be.
#[derive(Debug, thiserror::Error)]
pub enum FirewallError {
    #[error("{path}: {error}")]
    File { path: PathBuf, error: std::io::Error },
    #[error(transparent)]
    Filter(#[from] FilterError),
    #[error("`firewall.backend: none` says that somebody else keeps the rules")]
    NobodyHere,
    #[error("nothing waits to be confirmed: the rules were confirmed, or have gone back to the former ones")]
    NothingPending,
    #[error("a load still waits: `mailctl firewall confirm`, or wait for its return")]
    Pending,
    #[error("the process that would bring the former rules back did not start, so nothing was loaded: {0}")]
    NoReturn(String),
    #[error(
        "{0} keeps its rules in files of its own, with nothing to return to: look at `mailctl firewall render` and run \
         it with sh"
    )]
    NotFromHere(&'static str),
}

/// The form that the plan asks for and that can be loaded from here.
///
/// # Errors
/// [`FirewallError::NobodyHere`], [`FirewallError::NotFromHere`]
pub fn loadable(plan: &Plan) -> Result<Form, FirewallError> {
    match Form::of(plan.packet_filter.backend) {
        None => Err(FirewallError::NobodyHere),
        Some(Form::Firewalld) => Err(FirewallError::NotFromHere("firewalld")),
        Some(Form::Ufw) => Err(FirewallError::NotFromHere("ufw")),
        Some(form) => Ok(form),
    }
}
