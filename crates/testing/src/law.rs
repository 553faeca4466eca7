//! Names and numbers of the laws.

use std::fmt;

/// A law that can be checked from outside the decider.
///
/// L8 (unforgeable) is enforced by the compiler, and L9 (nothing lost) is a property of tapes; neither is checked here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Law {
    /// L1: an entry is a `SKIP` if the policy is absent, unreadable, invalid, forged, expired or not yet valid.
    NoPolicyNoTrade,
    /// L2: every number in an answer is the value of an input field or is computed from input fields.
    NoNumberWithoutASource,
    /// L3: every question has exactly one well-formed answer, for any text and any number in its
    /// inputs.
    Total,
    /// L4: an input that is absent, not finite, unreadable or in contradiction with another input
    /// fails every check that needs it.
    UnknownInputsFail,
    /// L5: only the gates for readability and exit ownership can deny an exit; a missing harvest input disables only
    /// the parts that need it.
    ExitsAreNeverBlocked,
    /// L6: the same question has the same answer.
    Deterministic,
    /// L7: a stricter policy or stricter guardrails never turn a `SKIP` into a `TRADE`, and never raise `not_after`; a
    /// lower leverage never raises the leverage, size or notional of a trade; more profit never lowers the proposed
    /// stage.
    Monotone,
}

impl Law {
    /// All laws, in the order of their numbers.
    pub const ALL: [Self; 7] = [
        Self::NoPolicyNoTrade,
        Self::NoNumberWithoutASource,
        Self::Total,
        Self::UnknownInputsFail,
        Self::ExitsAreNeverBlocked,
        Self::Deterministic,
        Self::Monotone,
    ];

    /// Returns the number of the law, for example `L1`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::NoPolicyNoTrade => "L1",
            Self::NoNumberWithoutASource => "L2",
            Self::Total => "L3",
            Self::UnknownInputsFail => "L4",
            Self::ExitsAreNeverBlocked => "L5",
            Self::Deterministic => "L6",
            Self::Monotone => "L7",
        }
    }

    /// Returns the name of the law in lower case, without its number.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NoPolicyNoTrade => "no policy, no trade",
            Self::NoNumberWithoutASource => "no number without a source",
            Self::Total => "total",
            Self::UnknownInputsFail => "a gate fails on an unknown input",
            Self::ExitsAreNeverBlocked => "exits are never blocked",
            Self::Deterministic => "deterministic",
            Self::Monotone => "monotone",
        }
    }
}

impl fmt::Display for Law {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.code(), self.name())
    }
}
