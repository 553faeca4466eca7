//! Order sides and position sides.

use serde::Serialize;
use strum::{Display, EnumString, IntoStaticStr};

/// The side of an order.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Display, EnumString, IntoStaticStr,
)]
#[serde(rename_all = "UPPERCASE")]
#[strum(serialize_all = "UPPERCASE")]
pub enum Side {
    /// A buy order. It opens or adds to a long position, or closes a short one.
    Buy,
    /// A sell order. It opens or adds to a short position, or closes a long one.
    Sell,
}

impl Side {
    /// Returns `BUY` or `SELL`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// The direction of a position.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Display, EnumString, IntoStaticStr,
)]
#[serde(rename_all = "UPPERCASE")]
#[strum(serialize_all = "UPPERCASE")]
pub enum PositionSide {
    /// A long position, which gains when the price rises.
    Long,
    /// A short position, which gains when the price falls.
    Short,
}

impl PositionSide {
    /// Returns `LONG` or `SHORT`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// Returns +1 for a long position and −1 for a short one.
    #[must_use]
    pub const fn sign(self) -> f64 {
        match self {
            Self::Long => 1.0,
            Self::Short => -1.0,
        }
    }
}
