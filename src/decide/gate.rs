//! The gates in the order in which they are checked.

use serde::{Serialize, Serializer};

/// A gate that an entry must pass. An exit is subject to the first two only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Gate {
    /// The intent is readable and unambiguous.
    Readable,
    /// An exit comes from the exit owner or a delegate, and an entry from neither.
    ExitOwnership,
    /// No halt covers the symbol.
    Halt,
    /// There is a policy, and the guardrails permit it.
    Policy,
    /// The policy is in force.
    InForce,
    /// The intent is neither too old nor too far ahead of the clock.
    Freshness,
    /// The symbol is in the policy's universe, and the guardrails permit it.
    Universe,
    /// The policy has a leverage for the symbol, and the requested leverage is usable.
    Leverage,
    /// The intent has a usable size.
    Size,
    /// Leverage, margin and notional are within their limits.
    Limits,
}

impl Gate {
    /// Every gate, in the order in which they are checked. The first gate that fails determines the answer.
    pub const ALL: [Self; 10] = [
        Self::Readable,
        Self::ExitOwnership,
        Self::Halt,
        Self::Policy,
        Self::InForce,
        Self::Freshness,
        Self::Universe,
        Self::Leverage,
        Self::Size,
        Self::Limits,
    ];

    /// Returns the name of the gate.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Readable => "readable",
            Self::ExitOwnership => "exit ownership",
            Self::Halt => "halt",
            Self::Policy => "policy",
            Self::InForce => "in force",
            Self::Freshness => "freshness",
            Self::Universe => "universe",
            Self::Leverage => "leverage",
            Self::Size => "size",
            Self::Limits => "limits",
        }
    }

    /// Returns the position of the gate in the order, from 1.
    #[must_use]
    pub fn number(self) -> usize {
        Self::ALL.iter().take_while(|gate| **gate <= self).count()
    }

    /// Returns the gates that are checked before this one.
    #[must_use]
    pub fn passed_before(self) -> &'static [Self] {
        const ALL: &[Gate] = &Gate::ALL;
        ALL.get(..self.number().saturating_sub(1)).unwrap_or(ALL)
    }
}

impl std::fmt::Display for Gate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}

impl Serialize for Gate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}
