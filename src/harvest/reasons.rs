//! Why a harvest says what it says.

use std::fmt;

/// One reason.
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
    /// K's first component is above 0.
    RegimeFlip,
    /// K's second component is above 0.
    SigmaSpike,
    /// K's third component is above 0.
    TsDrop,
    /// K's fourth component is above 0.
    AgePenalty,
    /// There is no R, and with it neither ladder nor lock.
    RUnavailable,
    /// What was already taken cannot be read.
    LadderUnavailable,
    /// The current stop cannot be read.
    ProfitLockUnavailable,
    /// There is no K.
    KillScoreUnavailable,
}

impl HarvestReason {
    /// All of them, in the order in which they are told.
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

    /// Its stable name.
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

    /// Its stable bit.
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

/// The reasons of one harvest: a set.
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

    /// The set as the sum of its members' bits.
    #[must_use]
    pub const fn bits(self) -> u16 {
        self.0
    }

    /// Whether a reason is in the set.
    #[must_use]
    pub const fn contains(self, reason: HarvestReason) -> bool {
        self.0 & reason.bit() != 0
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The names of the members, always in the same order.
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
