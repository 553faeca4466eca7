//! The intents for every engine, and the expected answer to each, computed directly.

use std::collections::BTreeSet;

use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};

/// Number of intents. With fewer distinct rows, the branch predictor would learn the answers.
const ASKS: usize = 200_000;
const SEED: u64 = 1;
const SYMBOLS: u32 = 44;
const LISTED: u32 = 40;

/// The largest notional, in cents.
pub(crate) const CENTS_MAX: i32 = 900_000;

/// One requested entry. Its numbers are integers, so that every engine can represent them exactly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Ask {
    symbol: u32,
    pub(crate) buys: bool,
    pub(crate) leverage: i32,
    /// The notional, in cents.
    pub(crate) cents: i32,
}

impl Ask {
    pub(crate) fn symbol(&self) -> String {
        name(self.symbol)
    }

    pub(crate) fn dollars(&self) -> f64 {
        f64::from(self.cents) / 100.0
    }

    fn is_listed(&self) -> bool {
        self.symbol < LISTED
    }

    fn is_sized(&self) -> bool {
        self.cents > 0 && self.cents <= CENTS_MAX
    }
}

/// The part of the gate that an engine can express.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Whole,
    SymbolAndSize,
    Size,
}

impl Part {
    /// Returns true if this part of the gate permits the intent.
    pub(crate) fn is_open(self, ask: &Ask) -> bool {
        match self {
            Self::Whole => {
                ask.is_listed() && ask.leverage <= leverage(ask.symbol) && ask.is_sized()
            }
            Self::SymbolAndSize => ask.is_listed() && ask.is_sized(),
            Self::Size => ask.is_sized(),
        }
    }

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Whole => "symbol, leverage, size",
            Self::SymbolAndSize => "symbol, size",
            Self::Size => "size",
        }
    }
}

/// Returns the symbols of the universe with their leverages.
pub(crate) fn universe() -> impl Iterator<Item = (String, i32)> {
    (0..LISTED).map(|symbol| (name(symbol), leverage(symbol)))
}

/// Returns the intents, all of them distinct.
pub(crate) fn asks() -> Vec<Ask> {
    let mut rng = StdRng::seed_from_u64(SEED);
    let mut seen = BTreeSet::new();
    let mut asks = Vec::with_capacity(ASKS);
    while asks.len() < ASKS {
        let ask = Ask {
            symbol: rng.random_range(0..SYMBOLS),
            buys: rng.random(),
            leverage: rng.random_range(1..=50),
            cents: match rng.random_range(0..50) {
                0 => 0,
                _ => rng.random_range(1..=1_000_000),
            },
        };
        if seen.insert(ask) {
            asks.push(ask);
        }
    }
    asks
}

fn name(symbol: u32) -> String {
    format!("COIN{symbol}USDT")
}

/// Returns the leverage of a symbol, from 3 to 42 within the universe.
fn leverage(symbol: u32) -> i32 {
    i32::try_from(symbol).map_or(0, |symbol| symbol + 3)
}
