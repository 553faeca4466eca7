//! The candle type.

use portcullis::types::Timestamp;

use super::error::{CANDLES_MAX, CandleFault};
use crate::simulate::units::Price;

/// The columns with prices.
pub(super) const PRICES: [&str; 4] = ["open", "high", "low", "close"];

/// The prices of one candle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candle {
    /// The start of the candle; its end is not stored.
    pub start: Timestamp,
    /// The opening price in USD per unit.
    pub open: Price,
    /// The highest price in USD per unit.
    pub high: Price,
    /// The lowest price in USD per unit.
    pub low: Price,
    /// The closing price in USD per unit.
    pub close: Price,
}

/// Appends a candle if it begins later than the previous one.
pub(super) fn push(
    candles: &mut Vec<(Candle, u64)>,
    candle: Candle,
    line: u64,
) -> Result<(), CandleFault> {
    match candles.last() {
        Some((before, _)) if candle.start <= before.start => Err(CandleFault::NotLater {
            start: candle.start,
            before: before.start,
        }),
        _ if candles.len() >= CANDLES_MAX => Err(CandleFault::TooMany),
        _ => {
            candles.push((candle, line));
            Ok(())
        }
    }
}

/// Builds a candle if `low <= open <= high` and `low <= close <= high`.
pub(super) fn candle(
    start: Timestamp,
    [open, high, low, close]: [Price; 4],
) -> Result<Candle, CandleFault> {
    let candle = Candle {
        start,
        open,
        high,
        low,
        close,
    };
    match candle {
        _ if low > high => Err(CandleFault::Contradiction("`low` is above `high`")),
        _ if open > high || open < low => Err(CandleFault::Contradiction(
            "`open` is not between `low` and `high`",
        )),
        _ if close > high || close < low => Err(CandleFault::Contradiction(
            "`close` is not between `low` and `high`",
        )),
        candle => Ok(candle),
    }
}

/// Parses the time of a candle: epoch milliseconds if `is_millis` is true, otherwise ISO-8601 or
/// epoch seconds.
pub(super) fn time(text: &str, is_millis: bool) -> Result<Timestamp, CandleFault> {
    let wrong = |column, expected| CandleFault::Time {
        column,
        value: text.to_owned(),
        expected,
    };
    if is_millis {
        return Timestamp::parse_epoch_millis(text)
            .map_err(|_| wrong("open_time", "expected epoch milliseconds"));
    }
    let time = Timestamp::parse_seconds_or_iso(text);
    time.map(|(at, _)| at).map_err(|_| {
        let expected =
            "expected ISO-8601 or epoch seconds; put epoch milliseconds into a column `open_time`";
        wrong("timestamp", expected)
    })
}
