//! The candle type.

use portcullis::types::Timestamp;

use super::error::CandleFault;
use crate::simulate::units::Price;

/// The prices and the volume of one candle.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Candle {
    /// The start of the candle.
    pub start: Timestamp,
    /// The end of the candle, which is later than its start and not later than the start of the next candle.
    pub end: Timestamp,
    /// The opening price in USD per unit.
    pub open: Price,
    /// The highest price in USD per unit.
    pub high: Price,
    /// The lowest price in USD per unit.
    pub low: Price,
    /// The closing price in USD per unit.
    pub close: Price,
    /// The traded quantity in units of the symbol; `None` if the file does not state it as a number.
    pub volume: Option<f64>,
}

/// The open, high, low and close of one candle, with `low <= open <= high` and `low <= close <= high`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Prices([Price; 4]);

impl Prices {
    /// Checks the prices of one candle.
    pub(super) fn new(prices: [Price; 4]) -> Result<Self, CandleFault> {
        let [open, high, low, close] = prices;
        if low > high {
            Err(CandleFault::Contradiction("`low` is above `high`"))
        } else if open > high || open < low {
            Err(CandleFault::Contradiction(
                "`open` is not between `low` and `high`",
            ))
        } else if close > high || close < low {
            Err(CandleFault::Contradiction(
                "`close` is not between `low` and `high`",
            ))
        } else {
            Ok(Self(prices))
        }
    }

    /// Returns the candle with these prices.
    pub(super) const fn candle(
        self,
        volume: Option<f64>,
        start: Timestamp,
        end: Timestamp,
    ) -> Candle {
        let Self([open, high, low, close]) = self;
        Candle {
            start,
            end,
            open,
            high,
            low,
            close,
            volume,
        }
    }
}
