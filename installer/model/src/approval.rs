//! Who agreed to which plan.

use serde::{Deserialize, Serialize};

use crate::{Digest, Plan};

/// A plan that somebody agreed to. Nothing else can make one, and the engine takes nothing else.
#[derive(Clone, Debug)]
pub struct ApprovedPlan {
    plan: Plan,
    approval: Approval,
}

/// Who agreed to which plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Approval {
    /// Digest of the plan.
    pub plan: Digest,
    /// How it was given.
    pub by: ApprovedBy,
}

/// How an approval was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ApprovedBy {
    /// `--yes`
    YesFlag,
    /// A person at the prompt.
    Prompt,
}

/// The approval is for another plan.
#[derive(Debug, thiserror::Error)]
pub enum PlanMismatch {
    /// The digests differ.
    #[error("the approval is for plan {approved}, this plan is {planned}")]
    Digest {
        /// Digest of the plan at hand.
        planned: Digest,
        /// Digest in the approval.
        approved: Digest,
    },
    /// The plan has no canonical form.
    #[error("the plan cannot be written in canonical form")]
    Canonical(#[source] serde_json::Error),
}

impl ApprovedPlan {
    /// Joins a plan with an approval of just that plan.
    pub fn new(plan: Plan, approval: Approval) -> Result<Self, PlanMismatch> {
        let planned = plan.digest().map_err(PlanMismatch::Canonical)?;
        if approval.plan == planned { Ok(Self { plan, approval }) } else { Err(PlanMismatch::Digest { planned, approved: approval.plan }) }
    }

    /// The plan.
    pub const fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The approval.
    pub const fn approval(&self) -> &Approval {
        &self.approval
    }
}
