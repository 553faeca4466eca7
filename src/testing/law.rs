//! The laws, by name.

use std::fmt;

/// A law that a decider can be held to from outside.
///
/// L8, unforgeable, is the compiler's to hold; L9, nothing lost, is about tapes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Law {
    /// L1: absent, unreadable, invalid, forged, stale or not yet valid: every entry is a `SKIP`.
    NoPolicyNoTrade,
    /// L2: every number of an answer was held by an input, or worked out from those that were.
    NoNumberWithoutASource,
    /// L3: whatever the texts and numbers, there is an answer, and it is one.
    Total,
    /// L4: an input that is absent, not finite, unreadable or contradicted fails what it feeds.
    UnknownIsNotYes,
    /// L5: nothing but ownership stands before an exit; a missing input of a harvest silences one part of it.
    ClosedIsNotTrapped,
    /// L6: the same arguments, the same answer.
    Deterministic,
    /// L7: tightening never turns a `SKIP` into a `TRADE`; more profit never lowers the stage proposed.
    Monotone,
}

impl Law {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::NoPolicyNoTrade,
        Self::NoNumberWithoutASource,
        Self::Total,
        Self::UnknownIsNotYes,
        Self::ClosedIsNotTrapped,
        Self::Deterministic,
        Self::Monotone,
    ];

    /// Its number: `L1`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::NoPolicyNoTrade => "L1",
            Self::NoNumberWithoutASource => "L2",
            Self::Total => "L3",
            Self::UnknownIsNotYes => "L4",
            Self::ClosedIsNotTrapped => "L5",
            Self::Deterministic => "L6",
            Self::Monotone => "L7",
        }
    }

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NoPolicyNoTrade => "no policy, no trade",
            Self::NoNumberWithoutASource => "no number without a source",
            Self::Total => "total",
            Self::UnknownIsNotYes => "unknown is not yes",
            Self::ClosedIsNotTrapped => "closed is not trapped",
            Self::Deterministic => "deterministic",
            Self::Monotone => "monotone",
        }
    }
}

impl fmt::Display for Law {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.code(), self.name())
    }
}
