//! The ten checks.

use serde::Serialize;
use strum::{EnumString, IntoStaticStr, VariantArray};

/// One of the ten checks of a source tree.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    EnumString,
    IntoStaticStr,
    Serialize,
    VariantArray,
)]
#[serde(into = "&'static str")]
pub enum Check {
    /// 1: no leverage from a literal.
    #[strum(serialize = "P1-leverage")]
    Leverage,
    /// 2: no maximum leverage used as a decision.
    #[strum(serialize = "P2-maximum-leverage")]
    MaximumLeverage,
    /// 3: no harvest threshold from a literal.
    #[strum(serialize = "P3-harvest-threshold")]
    HarvestThreshold,
    /// 4: no kill-score parameter from a literal.
    #[strum(serialize = "P4-kill-score")]
    KillScore,
    /// 5: no symbol list and no selection weight from a literal.
    #[strum(serialize = "P5-symbols")]
    Symbols,
    /// 6: no size from a literal.
    #[strum(serialize = "P6-size")]
    Size,
    /// 7: every exit is preceded by an ownership check, and a missing `reduce_only` is never replaced by a default.
    #[strum(serialize = "P7-exit-ownership")]
    ExitOwnership,
    /// 8: every file that emits an entry uses a policy.
    #[strum(serialize = "P8-policy-used")]
    PolicyUsed,
    /// 9: an absent policy skips.
    #[strum(serialize = "P9-absent-policy-skips")]
    AbsentPolicySkips,
    /// 10: no silent fallback.
    #[strum(serialize = "P10-silent-fallback")]
    SilentFallback,
}

impl Check {
    /// All checks, ordered by number.
    pub const ALL: &'static [Self] = Self::VARIANTS;

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
    pub fn id(self) -> &'static str {
        self.into()
    }
}
