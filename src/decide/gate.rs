//! The one ordered list of gates.

use serde::{Serialize, Serializer};

/// A gate that an entry must pass. An exit passes the first two and no other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Gate {
    /// The intent is readable and says one thing.
    Readable,
    /// An exit comes from one who owns exits, an entry from one who does not.
    ExitOwnership,
    /// No halt covers the symbol.
    Halt,
    /// There is a policy, and the guardrails permit it.
    Policy,
    /// The policy is in force.
    InForce,
    /// The intent is fresh.
    Freshness,
    /// The symbol is in the policy's universe, and permitted.
    Universe,
    /// There is a leverage.
    Leverage,
    /// There is a size.
    Size,
    /// Leverage, margin and notional are within their limits.
    Limits,
}

impl Gate {
    /// Every gate, in the order in which they are asked; the first that fails answers.
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

    /// Its name.
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

    /// Its place in the order, from 1.
    #[must_use]
    pub fn number(self) -> usize {
        Self::ALL.iter().take_while(|gate| **gate <= self).count()
    }

    /// The gates that were passed before this one was asked.
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
