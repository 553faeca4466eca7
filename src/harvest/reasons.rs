//! The reasons that a harvest reports.

use std::fmt;

use strum::{IntoStaticStr, VariantArray};

/// One harvest reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum HarvestReason {
    /// The ladder proposes to close the position down to three quarters of its largest size.
    #[strum(serialize = "harvest_partial_25")]
    Partial25,
    /// The ladder proposes to close the position down to half of its largest size.
    #[strum(serialize = "harvest_partial_50")]
    Partial50,
    /// The ladder proposes to close the position down to a quarter of its largest size.
    #[strum(serialize = "harvest_partial_75")]
    Partial75,
    /// The profit lock proposes a new stop.
    ProfitLock,
    /// K has reached the threshold, so a full close is proposed.
    KillScoreTriggered,
    /// The regime-flip component of K is greater than 0.
    RegimeFlip,
    /// The volatility component of K is greater than 0.
    SigmaSpike,
    /// The trend strength component of K is greater than 0.
    TsDrop,
    /// The age component of K is greater than 0.
    AgePenalty,
    /// R is unavailable, and therefore so are the ladder and the profit lock.
    RUnavailable,
    /// The stage already taken, or a size, cannot be read, so the ladder is unavailable.
    LadderUnavailable,
    /// The current stop cannot be read, so the profit lock is unavailable.
    ProfitLockUnavailable,
    /// K is unavailable.
    KillScoreUnavailable,
    /// The part to close is below one lot, so no stage is proposed.
    BelowLot,
}

impl HarvestReason {
    /// Every reason, in the order of output.
    pub const ALL: &'static [Self] = Self::VARIANTS;

    /// Returns the stable name of the reason.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// Returns the bit of the reason, which is stable.
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
            Self::BelowLot => 1 << 13,
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
        let members = HarvestReason::ALL.iter().copied();
        members
            .filter(move |reason| self.contains(*reason))
            .map(HarvestReason::as_str)
    }
}

impl fmt::Debug for HarvestReasons {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}
