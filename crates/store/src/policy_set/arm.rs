//! The policies of arms.

use portcullis::{
    policy::Policy,
    types::{PolicyHash, Timestamp},
};
use portcullis_rollout::{Arm, Measured, Progress, Schedule};

use super::ArmResults;

/// The policy of an arm, and the state of its rollout.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredArm {
    pub(crate) policy: Policy,
    pub(crate) since: Timestamp,
    pub(crate) closed_before: u64,
    pub(crate) schedule: Option<Schedule>,
}

/// A policy that the guardrails permit, with its hash, for an arm ([`Publication::arm_policy`](crate::Publication::arm_policy)).
#[derive(Debug, Clone, PartialEq)]
pub struct ArmPolicy(pub(crate) Policy);

/// An arm to start.
#[derive(Debug, Clone)]
pub struct ArmStart {
    /// The arm. It has the hash of the policy.
    pub arm: Arm,
    /// The policy of the arm.
    pub policy: ArmPolicy,
    /// The schedule by which an updater raises, promotes or aborts the arm.
    pub schedule: Option<Schedule>,
}

impl ArmPolicy {
    /// Returns the policy.
    #[must_use]
    pub const fn policy(&self) -> &Policy {
        &self.0
    }

    /// Returns the hash of the policy, which is also that of the arm.
    #[must_use]
    pub const fn hash(&self) -> PolicyHash {
        self.0.hash()
    }
}

impl StoredArm {
    pub(crate) fn new(start: &ArmStart, since: Timestamp) -> Self {
        Self {
            policy: start.policy.0.clone(),
            since,
            closed_before: 0,
            schedule: start.schedule.clone(),
        }
    }

    /// Returns the policy.
    #[must_use]
    pub const fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Returns the time of the last start or raise.
    #[must_use]
    pub const fn since(&self) -> Timestamp {
        self.since
    }

    /// Returns the number of trades that had been closed when the arm was raised last.
    #[must_use]
    pub const fn closed_before(&self) -> u64 {
        self.closed_before
    }

    /// Combines the results of the arm with its progress at the current share.
    #[must_use]
    pub const fn measured(&self, results: &ArmResults) -> Measured {
        Measured {
            progress: Progress {
                since: self.since,
                closed_trades: results.closed_trades.saturating_sub(self.closed_before),
            },
            compared: results.compared,
            agreed: results.agreed,
            drawdown: results.drawdown,
        }
    }

    /// Returns the schedule by which an updater raises, promotes or aborts the arm.
    #[must_use]
    pub const fn schedule(&self) -> Option<&Schedule> {
        self.schedule.as_ref()
    }
}
