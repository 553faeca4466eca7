//! Orders that are not filled.

use super::units::AmountOverflow;

/// The reason why an order was not filled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RejectReason {
    /// The symbol has no candles.
    NoCandles,
    /// No candle begins after the decision.
    NoLaterCandle,
    /// The order was decided more than one candle length before the first candle.
    BeforeCandles,
    /// There is a gap before the next candle, which begins later than one candle length after the entry's decision.
    Gap,
    /// The symbol of the entry already has a position.
    AlreadyOpen,
    /// The margin and the fee of the entry together exceed the cash.
    NoCash,
    /// The fill price of the entry is at or beyond its stop.
    BeyondStop,
    /// The fill price of the entry is at or beyond its target.
    BeyondTarget,
    /// The entry, rounded down to whole lots, is below a minimum size, or 0.
    BelowMin,
    /// The symbol of the exit has no position.
    NoPosition,
    /// The side of the exit would increase the position.
    OtherSide,
    /// The exit has no usable quantity: it has only a size in USD, or the quantity is unreadable.
    NoQuantity,
    /// The quantity of the exit is below one lot.
    BelowLot,
    /// The exit rests until a trigger. Only the stop and the target of a position are simulated.
    Resting,
}

impl RejectReason {
    /// Returns the name in reports and JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NoCandles => "no_candles",
            Self::NoLaterCandle => "no_later_candle",
            Self::BeforeCandles => "before_candles",
            Self::Gap => "gap",
            Self::AlreadyOpen => "already_open",
            Self::NoCash => "no_cash",
            Self::BeyondStop => "beyond_stop",
            Self::BeyondTarget => "beyond_target",
            Self::BelowMin => "below_min",
            Self::NoPosition => "no_position",
            Self::OtherSide => "other_side",
            Self::NoQuantity => "quantity_unsaid",
            Self::BelowLot => "below_lot",
            Self::Resting => "resting_exit",
        }
    }
}

/// An error of filling an order.
pub(super) enum OrderError {
    /// The order is not filled. The simulation continues.
    Rejected(RejectReason),
    /// An amount is out of range. The simulation ends.
    Overflow(AmountOverflow),
}

impl From<AmountOverflow> for OrderError {
    fn from(error: AmountOverflow) -> Self {
        Self::Overflow(error)
    }
}
