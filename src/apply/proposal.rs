//! A plan file as `mailctl plan --out` writes it: the plan, its digest, and what it was reviewed against.

use serde::{Deserialize, Serialize};

use crate::plan::digest::Digest;
use crate::plan::{Plan, codec};

/// Version of this file's form.
const FORMAT: u32 = 1;

/// A reviewed plan on its way to `apply`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proposal {
    pub proposal: u32,
    /// What was active when this was made; `null` in a fresh state folder.
    pub base: Option<Digest>,
    pub digest: Digest,
    pub plan: serde_json::Value,
}

/// Why a file is no plan.
#[derive(Debug, thiserror::Error)]
pub enum ProposalError {
    #[error("not a plan file: {0}")]
    Json(#[from] serde_json::Error),
    #[error("the plan does not have the digest that the file states; it was changed after the review")]
    Digest,
    #[error("a plan file of form {0}; this program reads form {FORMAT}")]
    Format(u32),
    #[error(transparent)]
    Plan(#[from] codec::PlanError),
}

impl Proposal {
    /// # Errors
    /// Only if the plan cannot be written as JSON.
    pub fn new(plan: &Plan, base: Option<Digest>) -> Result<Self, ProposalError> {
        let bytes = codec::encode(plan);
        Ok(Self { proposal: FORMAT, base, digest: Digest::of(&bytes), plan: serde_json::from_slice(&bytes)? })
    }

    /// Reads a plan file: a proposal, or a bare plan (which states no base).
    ///
    /// # Errors
    /// [`ProposalError`].
    pub fn read(bytes: &[u8]) -> Result<(Plan, super::ReviewedAgainst), ProposalError> {
        let value: serde_json::Value = serde_json::from_slice(bytes)?;
        if value.get("proposal").is_none() {
            return Ok((codec::decode(bytes)?, None));
        }
        let proposal: Self = serde_json::from_value(value)?;
        if proposal.proposal != FORMAT {
            return Err(ProposalError::Format(proposal.proposal));
        }
        let plan = codec::decode(&serde_json::to_vec(&proposal.plan)?)?;
        if Digest::of_plan(&plan) != proposal.digest {
            return Err(ProposalError::Digest);
        }
        Ok((plan, Some(proposal.base)))
    }
}
