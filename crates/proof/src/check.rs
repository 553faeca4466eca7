//! The ten checks.

use serde::{Serialize, Serializer};

/// One of the ten checks of a source tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Check {
    /// 1: no leverage from a literal.
    Leverage,
    /// 2: no maximum leverage used as a decision.
    MaximumLeverage,
    /// 3: no harvest threshold from a literal.
    HarvestThreshold,
    /// 4: no kill-score parameter from a literal.
    KillScore,
    /// 5: no symbol list and no selection weight from a literal.
    Symbols,
    /// 6: no size from a literal.
    Size,
    /// 7: every exit is preceded by an ownership check, and a missing `reduce_only` is never replaced by a default.
    ExitOwnership,
    /// 8: every file that emits an entry uses a policy.
    PolicyUsed,
    /// 9: an absent policy skips.
    AbsentPolicySkips,
    /// 10: no silent fallback.
    SilentFallback,
}

impl Check {
    /// All checks, ordered by number.
    pub const ALL: [Self; 10] = [
        Self::Leverage,
        Self::MaximumLeverage,
        Self::HarvestThreshold,
        Self::KillScore,
        Self::Symbols,
        Self::Size,
        Self::ExitOwnership,
        Self::PolicyUsed,
        Self::AbsentPolicySkips,
        Self::SilentFallback,
    ];

    /// Returns the number of the check, from 1 to 10.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Leverage => 1,
            Self::MaximumLeverage => 2,
            Self::HarvestThreshold => 3,
            Self::KillScore => 4,
            Self::Symbols => 5,
            Self::Size => 6,
            Self::ExitOwnership => 7,
            Self::PolicyUsed => 8,
            Self::AbsentPolicySkips => 9,
            Self::SilentFallback => 10,
        }
    }

    /// Returns a short description of the requirement.
    #[must_use]
    pub const fn demands(self) -> &'static str {
        match self {
            Self::Leverage => "no leverage from a literal",
            Self::MaximumLeverage => "no maximum leverage used as a decision",
            Self::HarvestThreshold => "no harvest threshold from a literal",
            Self::KillScore => "no kill-score parameter from a literal",
            Self::Symbols => "no symbol list or selection weight from a literal",
            Self::Size => "no size from a literal",
            Self::ExitOwnership => "every exit has an owner",
            Self::PolicyUsed => "every decision uses a policy",
            Self::AbsentPolicySkips => "an absent policy skips",
            Self::SilentFallback => "no silent fallback",
        }
    }

    /// Returns the identifier used in settings and reports, `P1-leverage` to `P10-silent-fallback`.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Leverage => "P1-leverage",
            Self::MaximumLeverage => "P2-maximum-leverage",
            Self::HarvestThreshold => "P3-harvest-threshold",
            Self::KillScore => "P4-kill-score",
            Self::Symbols => "P5-symbols",
            Self::Size => "P6-size",
            Self::ExitOwnership => "P7-exit-ownership",
            Self::PolicyUsed => "P8-policy-used",
            Self::AbsentPolicySkips => "P9-absent-policy-skips",
            Self::SilentFallback => "P10-silent-fallback",
        }
    }
}

impl Serialize for Check {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.id())
    }
}
