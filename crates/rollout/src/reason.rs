//! The reasons why a policy of a set decides.

use std::fmt;

use portcullis::{
    decide::SkipCode,
    types::{PolicyHash, Timestamp},
};

use crate::{bps::Bps, bucket::Bucket};

/// The reason why an arm decided a record, or why it did not although it was assigned. Its code is stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ArmReason {
    /// The arm decided: the bucket of the symbol is below its share.
    Assigned(Bucket, Bps),
    /// The arm decided: the position was opened under it.
    Pinned,
    /// The live policy decided: the position was opened under it, and an arm is assigned only when the position is flat.
    LivePinned,
    /// The live policy decided: it is unknown under which policy the position was opened.
    OpeningUnknown,
    /// The live policy decided: the policy under which the position was opened is neither the live one nor that of a
    /// canary of the set. It was replaced, or the arm was promoted or aborted.
    Ended(PolicyHash),
    /// The live policy decided: the kill switch of the set is on.
    Killed,
    /// The live policy decided: the last time of the arm has passed.
    Expired(Timestamp),
    /// The live policy skipped the entry: the live policy cannot be used, so no arm decides.
    LiveUnusable(SkipCode),
    /// The live policy decided: the policy of the arm cannot be used.
    Unusable(SkipCode),
}

impl ArmReason {
    /// Returns the code, for the field `arm_reason` of an answer: `ARM_…`, or the skip code that an entry under the arm
    /// would have, such as `POLICY_STALE`.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Assigned(..) => "ARM_ASSIGNED",
            Self::Pinned => "ARM_PINNED",
            Self::LivePinned => "ARM_AFTER_FLAT",
            Self::OpeningUnknown => "ARM_OPENING_UNKNOWN",
            Self::Ended(_) => "ARM_ENDED",
            Self::Killed => "ARM_KILLED",
            Self::Expired(_) => "ARM_EXPIRED",
            Self::LiveUnusable(_) => "ARM_WITHOUT_LIVE",
            Self::Unusable(reason) => reason.code(),
        }
    }
}

impl fmt::Display for ArmReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Assigned(bucket, bps) => {
                write!(f, "the arm is assigned: bucket {bucket} is below {bps}")
            }
            Self::Pinned => f.write_str("the position was opened under the arm"),
            Self::LivePinned => f.write_str(
                "the position was opened under the live policy; the arm is assigned when the position is flat",
            ),
            Self::OpeningUnknown => {
                f.write_str("it is unknown under which policy the position was opened")
            }
            Self::Ended(hash) => write!(
                f,
                "the position was opened under policy {}, which is neither live nor a canary",
                hash.short()
            ),
            Self::Killed => f.write_str("the kill switch of the policy set is on"),
            Self::Expired(until) => write!(f, "the arm ended at {until}"),
            Self::LiveUnusable(reason) => {
                write!(f, "the live policy cannot be used ({reason}), so no arm decides")
            }
            Self::Unusable(reason) => write!(f, "the policy of the arm cannot be used ({reason})"),
        }
    }
}
