//! The reasons that a harvest reports.

use std::fmt;

/// One harvest reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HarvestReason {
    /// The ladder proposes a quarter.
    Partial25,
    /// The ladder proposes half.
    Partial50,
    /// The ladder proposes three quarters.
    Partial75,
    /// The profit lock proposes a stop.
    ProfitLock,
    /// K has reached the threshold.
    KillScoreTriggered,
    /// The regime-flip component of K is greater than 0.
    RegimeFlip,
    /// The volatility component of K is greater than 0.
    SigmaSpike,
    /// The trend component of K is greater than 0.
    TsDrop,
    /// The age component of K is greater than 0.
    AgePenalty,
    /// R is unavailable, and therefore the ladder and the profit lock too.
    RUnavailable,
    /// The stage already taken cannot be read, so the ladder is unavailable.
    LadderUnavailable,
    /// The current stop cannot be read, so the profit lock is unavailable.
    ProfitLockUnavailable,
    /// K is unavailable.
    KillScoreUnavailable,
}

impl HarvestReason {
    /// Every reason, in the order of output.
    pub const ALL: [Self; 13] = [
        Self::Partial25,
        Self::Partial50,
        Self::Partial75,
        Self::ProfitLock,
        Self::KillScoreTriggered,
        Self::RegimeFlip,
        Self::SigmaSpike,
        Self::TsDrop,
        Self::AgePenalty,
        Self::RUnavailable,
        Self::LadderUnavailable,
        Self::ProfitLockUnavailable,
        Self::KillScoreUnavailable,
    ];

    /// Returns the stable name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Partial25 => "harvest_partial_25",
            Self::Partial50 => "harvest_partial_50",
            Self::Partial75 => "harvest_partial_75",
            Self::ProfitLock => "profit_lock",
            Self::KillScoreTriggered => "kill_score_triggered",
            Self::RegimeFlip => "regime_flip",
            Self::SigmaSpike => "sigma_spike",
            Self::TsDrop => "ts_drop",
            Self::AgePenalty => "age_penalty",
            Self::RUnavailable => "r_unavailable",
            Self::LadderUnavailable => "ladder_unavailable",
            Self::ProfitLockUnavailable => "profit_lock_unavailable",
            Self::KillScoreUnavailable => "kill_score_unavailable",
        }
    }

    /// Returns the stable bit.
    #[must_use]
    pub const fn bit(self) -> u16 {
        match self {
            Self::Partial25 => 1,
            Self::Partial50 => 1 << 1,
            Self::Partial75 => 1 << 2,
            Self::ProfitLock => 1 << 3,
            Self::KillScoreTriggered => 1 << 4,
            Self::RegimeFlip => 1 << 5,
            Self::SigmaSpike => 1 << 6,
            Self::TsDrop => 1 << 7,
            Self::AgePenalty => 1 << 8,
            Self::RUnavailable => 1 << 9,
            Self::LadderUnavailable => 1 << 10,
            Self::ProfitLockUnavailable => 1 << 11,
            Self::KillScoreUnavailable => 1 << 12,
        }
    }
}

/// The set of reasons of one harvest.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct HarvestReasons(u16);

impl HarvestReasons {
    pub(super) const NONE: Self = Self(0);

    pub(crate) const fn from_bits(bits: u16) -> Self {
        Self(bits)
    }

    pub(super) const fn with(self, reason: HarvestReason, holds: bool) -> Self {
        if holds {
            Self(self.0 | reason.bit())
        } else {
            self
        }
    }

    /// Returns the set as the sum of the bits of its members.
    #[must_use]
    pub const fn bits(self) -> u16 {
        self.0
    }

    /// Returns true if the reason is in the set.
    #[must_use]
    pub const fn contains(self, reason: HarvestReason) -> bool {
        self.0 & reason.bit() != 0
    }

    /// Returns true if the set is empty.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Returns the names of the members, in the order of [`HarvestReason::ALL`].
    pub fn iter(self) -> impl Iterator<Item = &'static str> {
        HarvestReason::ALL
            .into_iter()
            .filter(move |reason| self.contains(*reason))
            .map(HarvestReason::as_str)
    }
}

impl fmt::Debug for HarvestReasons {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}
