//! The market state, computed from closing prices.
//!
//! It is computed over the last n returns, where n is the number of candles that fit into the configured window
//! ([`Market::from_returns`] contains the formulas). There is no market state until the window is full. A gap empties
//! the window.

use std::collections::VecDeque;

use portcullis::{
    harvest::Market,
    types::{SignedDuration, Timestamp},
};
use serde::Serialize;

/// The parameters of the market state.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct MarketRule {
    /// The length of the window in seconds.
    pub window_sec: u32,
    /// The trend strength at which `p_trend` is 1.
    pub trend_certain: f64,
}

/// The window of returns of one symbol.
#[derive(Debug, Clone)]
pub(super) struct Window {
    rule: MarketRule,
    /// The number of returns in a full window.
    returns_max: usize,
    returns: VecDeque<f64>,
    /// The previous close and the end of its candle.
    last: Option<(f64, Timestamp)>,
}

impl Window {
    /// Creates an empty window for candles of this length.
    pub(super) fn new(rule: MarketRule, interval: SignedDuration) -> Self {
        let window = i64::from(rule.window_sec).saturating_mul(1_000_000);
        let returns_max = window.checked_div(interval.as_micros()).unwrap_or_default();
        Self {
            rule,
            returns_max: usize::try_from(returns_max).unwrap_or_default(),
            returns: VecDeque::new(),
            last: None,
        }
    }

    /// Adds a finished candle. If there is a gap before it, the window is emptied first.
    pub(super) fn push(&mut self, start: Timestamp, end: Timestamp, close: f64) {
        match self.last {
            Some((before, ended)) if ended == start => {
                if self.returns.len() == self.returns_max {
                    self.returns.pop_front();
                }
                self.returns.push_back(close / before - 1.0);
            }
            Some(_) | None => self.returns.clear(),
        }
        self.last = Some((close, end));
    }

    /// Returns the current market state; `None` if the window is not full.
    pub(super) fn state(&self) -> Option<Market> {
        let (_, as_of) = self.last?;
        if self.returns.len() < self.returns_max {
            return None;
        }
        Market::from_returns(self.returns.iter().copied(), self.rule.trend_certain, as_of)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: MarketRule = MarketRule {
        window_sec: 240,
        trend_certain: 0.8,
    };

    fn minute(n: i64) -> Timestamp {
        Timestamp::from_millis(n * 60_000).unwrap()
    }

    fn window(closes: &[f64]) -> Window {
        let mut window = Window::new(RULE, minute(1).since(minute(0)));
        for (close, n) in closes.iter().zip(0..) {
            window.push(minute(n), minute(n + 1), *close);
        }
        window
    }

    #[test]
    fn state_of_four_returns() {
        // The returns are 0.1, -0.1, 0.1, 0.1: mean 0.05, deviations 0.05, -0.15, 0.05, 0.05, sum
        // of squares 0.03.
        let closes = [100.0, 110.0, 99.0, 108.9, 119.79];
        let state = window(&closes).state().unwrap();
        let close_to = |found: Option<f64>, expected: f64| {
            let found = found.unwrap();
            assert!(
                (found - expected).abs() < 1e-12,
                "{found}, expected {expected}"
            );
        };
        close_to(state.sigma, 0.03_f64.sqrt());
        close_to(state.ts, 0.2 / 0.03_f64.sqrt());
        assert_eq!(state.p_trend, Some(1.0));
        assert_eq!(state.p_chop, Some(0.0));
        assert_eq!(state.as_of, Some(minute(5)));
    }

    #[test]
    fn the_window_slides_with_each_candle() {
        let closes = [7.0, 90.0, 100.0, 110.0, 99.0, 108.9, 119.79];
        let slid = window(&closes).state().unwrap();
        let alone = window(&closes[2..]).state().unwrap();
        assert_eq!((slid.sigma, slid.ts), (alone.sigma, alone.ts));
    }

    #[test]
    fn a_weak_fall_has_a_part_of_the_trend_strength() {
        // The returns are -0.1, 0.1, -0.1, 0.05: sum -0.05.
        let state = window(&[100.0, 90.0, 99.0, 89.1, 93.555]).state().unwrap();
        let mean = -0.05 / 4.0;
        let squares = [-0.1, 0.1, -0.1, 0.05].map(|r: f64| (r - mean) * (r - mean));
        let ts = 0.05 / squares.iter().sum::<f64>().sqrt();
        let near = |found: Option<f64>, expected: f64| (found.unwrap() - expected).abs() < 1e-12;
        assert!(near(state.ts, ts), "{state:?}");
        assert!(near(state.p_trend, ts / 0.8) && near(state.p_chop, 1.0 - ts / 0.8));
        assert_eq!(state.p_mr, Some(0.0));
    }

    #[test]
    fn a_window_of_one_return_has_no_state() {
        let mut window = Window::new(
            MarketRule {
                window_sec: 119,
                ..RULE
            },
            minute(1).since(minute(0)),
        );
        for n in 0..5 {
            window.push(minute(n), minute(n + 1), 100.0);
            assert_eq!(window.state(), None);
        }
    }

    #[test]
    fn no_state_before_the_window_is_full_or_after_a_gap() {
        let mut window = window(&[100.0, 101.0, 102.0, 101.0]);
        assert_eq!(window.state(), None);
        window.push(minute(4), minute(5), 100.0);
        assert!(window.state().is_some());
        window.push(minute(9), minute(10), 100.0);
        assert_eq!(window.state(), None);
        for n in 10..14 {
            window.push(minute(n), minute(n + 1), 100.0);
        }
        let still = window.state().unwrap();
        assert_eq!(
            (still.sigma, still.ts, still.p_trend),
            (Some(0.0), Some(0.0), Some(0.0))
        );
    }
}
