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
    /// Check 1: no leverage comes from a literal.
    #[strum(serialize = "P1-leverage")]
    Leverage,
    /// Check 2: no maximum leverage is used as the leverage of a trade.
    #[strum(serialize = "P2-maximum-leverage")]
    MaximumLeverage,
    /// Check 3: no harvest threshold comes from a literal.
    #[strum(serialize = "P3-harvest-threshold")]
    HarvestThreshold,
    /// Check 4: no kill-score parameter comes from a literal.
    #[strum(serialize = "P4-kill-score")]
    KillScore,
    /// Check 5: no symbol list and no selection weight comes from a literal.
    #[strum(serialize = "P5-symbols")]
    Symbols,
    /// Check 6: no size comes from a literal.
    #[strum(serialize = "P6-size")]
    Size,
    /// Check 7: every exit is preceded by an ownership check, and a missing `reduce_only` is never
    /// replaced by a default.
    #[strum(serialize = "P7-exit-ownership")]
    ExitOwnership,
    /// Check 8: every file that emits an entry uses a policy.
    #[strum(serialize = "P8-policy-used")]
    PolicyUsed,
    /// Check 9: code that emits an entry skips it if the policy is absent.
    #[strum(serialize = "P9-absent-policy-skips")]
    AbsentPolicySkips,
    /// Check 10: no failure and no missing value is silently replaced by a default.
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

    /// Returns a short description of the requirement of the check.
    #[must_use]
    pub const fn demands(self) -> &'static str {
        match self {
            Self::Leverage => "no leverage from a literal",
            Self::MaximumLeverage => "no maximum leverage used as the leverage of an order",
            Self::HarvestThreshold => "no harvest threshold from a literal",
            Self::KillScore => "no kill-score parameter from a literal",
            Self::Symbols => "no symbol list or selection weight from a literal",
            Self::Size => "no size from a literal",
            Self::ExitOwnership => "ownership is checked before every exit",
            Self::PolicyUsed => "every decision uses a policy",
            Self::AbsentPolicySkips => "no entry is sent if the policy is absent",
            Self::SilentFallback => "no silent fallback",
        }
    }

    /// Returns the identifier used in settings and reports, `P1-leverage` to `P10-silent-fallback`.
    #[must_use]
    pub fn id(self) -> &'static str {
        self.into()
    }
}
