//! Features from candles.

use portcullis::types::{Symbol, Timestamp};
use portcullis_forge::{Candles, Features, Templates};
use portcullis_sim::simulate::candles::Series;

use super::error::SourceError;

/// The candles of one symbol, oldest first.
#[derive(Debug, Clone)]
pub(super) struct SymbolCandles {
    pub(super) symbol: Symbol,
    pub(super) candles: Vec<PlainCandle>,
}

/// A candle with its prices and its volume as numbers. A missing volume is NaN, so that the features are missing.
#[derive(Debug, Clone, Copy)]
pub(super) struct PlainCandle {
    pub(super) start: Timestamp,
    pub(super) end: Timestamp,
    pub(super) high: f64,
    pub(super) low: f64,
    pub(super) close: f64,
    pub(super) volume: f64,
}

/// Computes the features from candle files.
pub(super) fn features(
    series: &[Series],
    templates: &Templates,
    now: Timestamp,
) -> Result<Features, SourceError> {
    let plain = |series: &Series| SymbolCandles {
        symbol: series.symbol,
        candles: series
            .candles
            .iter()
            .map(|candle| PlainCandle {
                start: candle.start,
                end: candle.end,
                high: candle.high.to_f64(),
                low: candle.low.to_f64(),
                close: candle.close.to_f64(),
                volume: candle.volume.unwrap_or(f64::NAN),
            })
            .collect(),
    };
    let candles: Vec<SymbolCandles> = series.iter().map(plain).collect();
    features_of(&candles, templates, now)
}

/// Computes the features of the window that ends with the latest candle that has ended at `now`.
pub(super) fn features_of(
    symbols: &[SymbolCandles],
    templates: &Templates,
    now: Timestamp,
) -> Result<Features, SourceError> {
    let rule = templates.candle_rule().ok_or(SourceError::NoCandleRule)?;
    let ended: Vec<(Symbol, &[PlainCandle])> = symbols
        .iter()
        .map(|it| (it.symbol, without_gap(before(&it.candles, now))))
        .collect();
    let ends = ended.iter().filter_map(|(_, candles)| candles.last());
    let window_end = ends.map(|candle| candle.end).max();
    let window_end = window_end.ok_or(SourceError::Nothing(now))?;
    let column = |candles: &[PlainCandle], of: fn(&PlainCandle) -> f64| -> Vec<f64> {
        candles.iter().map(of).collect()
    };
    let columns: Vec<_> = ended
        .iter()
        .filter_map(|(symbol, candles)| Some((*symbol, candles, candles.last()?.end)))
        .map(|(symbol, candles, end)| {
            let highs = column(candles, |it| it.high);
            let lows = column(candles, |it| it.low);
            let closes = column(candles, |it| it.close);
            (
                symbol,
                end,
                highs,
                lows,
                closes,
                column(candles, |it| it.volume),
            )
        })
        .collect();
    let candles: Vec<Candles<'_>> = columns
        .iter()
        .map(|(symbol, end, highs, lows, closes, volumes)| Candles {
            symbol: *symbol,
            end: *end,
            highs,
            lows,
            closes,
            volumes,
        })
        .collect();
    Ok(Features::from_candles(window_end, rule, &candles)?)
}

/// Returns the candles that have ended at `now`.
fn before(candles: &[PlainCandle], now: Timestamp) -> &[PlainCandle] {
    let count = candles.partition_point(|candle| candle.end <= now);
    candles.get(..count).unwrap_or_default()
}

/// Returns the candles after the last gap.
fn without_gap(candles: &[PlainCandle]) -> &[PlainCandle] {
    let mut pairs = candles.iter().zip(candles.iter().skip(1));
    let gap = pairs.rposition(|(one, next)| one.end != next.start);
    candles
        .get(gap.map_or(0, |at| at + 1)..)
        .unwrap_or_default()
}
