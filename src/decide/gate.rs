//! The gates in the order in which they are checked.

use serde::Serialize;
use strum::{Display, IntoStaticStr, VariantArray};

/// A gate that an entry must pass. An exit is subject to the first two only.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Display,
    IntoStaticStr,
    VariantArray,
)]
#[serde(into = "&'static str")]
#[strum(serialize_all = "lowercase")]
pub enum Gate {
    /// The intent is readable and unambiguous.
    Readable,
    /// An exit comes from the exit owner or a delegate, and an entry from neither.
    #[strum(serialize = "exit ownership")]
    ExitOwnership,
    /// No halt covers the symbol.
    Halt,
    /// There is a policy, and the guardrails permit it.
    Policy,
    /// The policy is in force.
    #[strum(serialize = "in force")]
    InForce,
    /// The intent is neither too old nor too far ahead of the clock.
    Freshness,
    /// The symbol is in the policy's universe, and the guardrails permit it.
    Universe,
    /// The policy has a leverage for the symbol, and the requested leverage is usable.
    Leverage,
    /// The intent has a usable size.
    Size,
    /// Leverage, margin, notional, price deviation and stop distance are within their limits.
    Limits,
}

impl Gate {
    /// Every gate, in the order in which they are checked. The first gate that fails determines the answer.
    pub const ALL: &'static [Self] = Self::VARIANTS;

    /// Returns the name of the gate.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// Returns the position of the gate in the order, counted from 1.
    #[must_use]
    pub fn number(self) -> usize {
        Self::ALL.iter().take_while(|gate| **gate <= self).count()
    }

    /// Returns the gates that are checked before this one.
    #[must_use]
    pub fn passed_before(self) -> &'static [Self] {
        let before = self.number().saturating_sub(1);
        Self::ALL.get(..before).unwrap_or(Self::ALL)
    }
}
