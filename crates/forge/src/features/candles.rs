//! Features computed from candles.

use std::collections::BTreeMap;

use portcullis::{
    harvest::Market,
    types::{Symbol, Timestamp},
};

use super::{DOCUMENT, Features, SymbolFeatures};
use crate::json::DocumentError;

/// The parameters of features from candles.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CandleRule {
    /// The number of returns in a window; at least 2.
    pub returns: usize,
    /// The trend strength at which the probability of a trend is 1; finite and greater than 0.
    pub trend_certain: f64,
}

/// The last candles of one symbol without gaps, oldest first. All slices have the same length, which is the number of
/// returns of the window plus 1. More candles are permitted; only the last ones are used.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Candles<'a> {
    /// The symbol.
    pub symbol: Symbol,
    /// The end of the last candle.
    pub end: Timestamp,
    /// The highest prices, in USD.
    pub highs: &'a [f64],
    /// The lowest prices, in USD.
    pub lows: &'a [f64],
    /// The last prices, in USD.
    pub closes: &'a [f64],
    /// The traded quantities, in units of the symbol.
    pub volumes: &'a [f64],
}

impl Features {
    /// Computes the features of all symbols for the window that ends at `window_end`. With n returns
    /// `r = close / previous close − 1`:
    ///
    /// - `sigma`, `ts` and `p_chop`: see [`Market::from_returns`];
    /// - `spread`: `2·√max(0, mean((cᵢ/mᵢ − 1)·(cᵢ/mᵢ₊₁ − 1)))` with the closes c and the middles m = (high + low) / 2,
    ///   the estimate of Abdi and Ranaldo (Review of Financial Studies 30, 2017) with relative differences in place of
    ///   logarithms;
    /// - `volume`: the sum of volume · close over the window;
    /// - `flat`: the number of last returns that are 0.
    ///
    /// All features of a symbol are missing if its last candle does not end at `window_end`, if it has too few candles,
    /// if a price is not finite and greater than 0, if a volume is not finite and at least 0, or if a close is not
    /// between low and high.
    ///
    /// # Errors
    /// Returns an error if a parameter of the rule is out of its bounds, or if a symbol occurs more than once.
    pub fn from_candles(
        window_end: Timestamp,
        rule: &CandleRule,
        candles: &[Candles<'_>],
    ) -> Result<Self, DocumentError> {
        let fault = |path: &str, reason: String| Err(DocumentError::new(DOCUMENT, path, reason));
        if rule.returns < 2 {
            let reason = format!("{} must be at least 2", rule.returns);
            return fault("rule.returns", reason);
        }
        if !(rule.trend_certain > 0.0 && rule.trend_certain.is_finite()) {
            let reason = format!("{} must be finite and greater than 0", rule.trend_certain);
            return fault("rule.trend_certain", reason);
        }
        let mut symbols = BTreeMap::new();
        for it in candles {
            let features = (it.end == window_end).then(|| it.features(rule)).flatten();
            if symbols
                .insert(it.symbol, features.unwrap_or(SymbolFeatures::MISSING))
                .is_some()
            {
                let path = format!("symbols.{}", it.symbol);
                return fault(
                    &path,
                    "this symbol occurs more than once; keep one".to_owned(),
                );
            }
        }
        Ok(Self {
            window_end,
            symbols,
        })
    }
}

impl Candles<'_> {
    fn features(&self, rule: &CandleRule) -> Option<SymbolFeatures> {
        let count = rule.returns.checked_add(1)?;
        let last = |numbers: &[f64]| {
            let start = numbers.len().checked_sub(count)?;
            numbers.get(start..).map(<[f64]>::to_vec)
        };
        let (highs, lows) = (last(self.highs)?, last(self.lows)?);
        let (closes, volumes) = (last(self.closes)?, last(self.volumes)?);
        let is_price = |price: &f64| *price > 0.0 && price.is_finite();
        let is_volume = |volume: &f64| *volume >= 0.0 && volume.is_finite();
        let is_sound = lows.iter().all(is_price)
            && highs.iter().all(is_price)
            && volumes.iter().all(is_volume)
            && (closes.iter().zip(&lows).zip(&highs))
                .all(|((close, low), high)| low <= close && close <= high);
        if !is_sound {
            return None;
        }
        let returns: Vec<f64> = closes
            .iter()
            .zip(closes.iter().skip(1))
            .map(|(before, close)| close / before - 1.0)
            .collect();
        let market = Market::from_returns(returns.iter().copied(), rule.trend_certain, self.end)?;
        let in_window = closes.iter().zip(&volumes).skip(1);
        let flat = returns.iter().rev().take_while(|it| **it == 0.0).count();
        let finite = |value: f64| value.is_finite().then_some(value);
        Some(SymbolFeatures {
            sigma: market.sigma.and_then(finite),
            ts: market.ts.and_then(finite),
            p_chop: market.p_chop.and_then(finite),
            spread: finite(spread(&highs, &lows, &closes)?),
            volume: finite(in_window.map(|(close, volume)| close * volume).sum()),
            flat: u32::try_from(flat).ok(),
        })
    }
}

/// Estimates the spread as a share of the price.
fn spread(highs: &[f64], lows: &[f64], closes: &[f64]) -> Option<f64> {
    let middles: Vec<f64> = highs
        .iter()
        .zip(lows)
        .map(|(high, low)| low + (high - low) / 2.0)
        .collect();
    let products: Vec<f64> = closes
        .iter()
        .zip(middles.iter().zip(middles.iter().skip(1)))
        .map(|(close, (middle, next))| (close / middle - 1.0) * (close / next - 1.0))
        .collect();
    let count = f64::from(u32::try_from(products.len()).ok()?);
    let mean = products.iter().sum::<f64>() / count;
    Some(2.0 * mean.max(0.0).sqrt())
}
