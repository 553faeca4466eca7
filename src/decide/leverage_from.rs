//! The origin of the leverage of a trade.

use crate::{provenance::Source, types::Symbol};

/// The origin of a trade's leverage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LeverageFrom {
    /// The policy: its leverage for the symbol.
    Policy,
    /// The intent, which requested a lower leverage.
    Intent,
    /// The open position, whose leverage is lower than that of the policy and of the intent. Only
    /// [`Engine::decide_add`](super::Engine::decide_add) has this origin.
    Position,
}

impl LeverageFrom {
    pub(super) const fn source(self, symbol: Symbol) -> Source {
        match self {
            Self::Policy => Source::PolicyLeverage(symbol),
            Self::Intent => Source::Intent("leverage"),
            Self::Position => Source::Position("leverage"),
        }
    }
}
