//! The answer under a policy set.

use portcullis::{
    Decision,
    answer::Answer,
    types::{PolicyHash, Timestamp},
};

use crate::reason::ArmReason;

/// The decision of one intent under a policy set.
#[derive(Debug)]
#[must_use]
pub struct Decided<'a> {
    decision: Decision<'a>,
    now: Timestamp,
    arm: Option<PolicyHash>,
    reason: Option<ArmReason>,
}

impl<'a> Decided<'a> {
    pub(crate) const fn live(
        decision: Decision<'a>,
        now: Timestamp,
        reason: Option<ArmReason>,
    ) -> Self {
        Self {
            decision,
            now,
            arm: None,
            reason,
        }
    }

    pub(crate) const fn by_arm(
        decision: Decision<'a>,
        now: Timestamp,
        arm: PolicyHash,
        reason: ArmReason,
    ) -> Self {
        Self {
            decision,
            now,
            arm: Some(arm),
            reason: Some(reason),
        }
    }

    /// Returns the decision.
    pub const fn decision(&self) -> &Decision<'a> {
        &self.decision
    }

    /// Returns the decision.
    pub fn into_decision(self) -> Decision<'a> {
        self.decision
    }

    /// Returns the hash of the arm that decided; `None` if the live policy decided, or no policy was needed.
    #[must_use]
    pub const fn arm(&self) -> Option<PolicyHash> {
        self.arm
    }

    /// Returns the reason why an arm decided, or why the live policy decided although the set assigns an arm. Returns
    /// `None` if no arm is concerned. A reason can be present only for an entry.
    #[must_use]
    pub const fn arm_reason(&self) -> Option<ArmReason> {
        self.reason
    }

    /// Returns the answer row. `n` and `id` are those of [`Answer::to`].
    #[must_use]
    pub fn answer(&self, n: u64, id: Option<&'a str>) -> Answer<'a> {
        Answer::decision(&self.decision).to(n, id, Some(self.now))
    }

    /// Appends the answer row as JSON, with the code of the arm reason as its last field `arm_reason`, if there is one.
    pub fn write_json(&self, n: u64, id: Option<&'a str>, to: &mut Vec<u8>) {
        self.answer(n, id).write_json(to);
        if let (Some(reason), Some(b'}')) = (self.reason, to.last()) {
            to.pop();
            to.extend_from_slice(b",\"arm_reason\":\"");
            to.extend_from_slice(reason.code().as_bytes());
            to.extend_from_slice(b"\"}");
        }
    }
}
