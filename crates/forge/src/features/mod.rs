//! Features: the measured state of each symbol at the end of a window.

mod candles;

use std::collections::BTreeMap;

use portcullis::types::{Symbol, Timestamp};
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};

pub use candles::{CandleRule, Candles};

use crate::json::{self, DocumentError};

/// The name of the document in errors.
const DOCUMENT: &str = "features";

/// The features of all symbols at the end of one window.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Features {
    #[serde(with = "json::text")]
    window_end: Timestamp,
    #[serde(deserialize_with = "json::unique")]
    symbols: BTreeMap<Symbol, SymbolFeatures>,
}

/// The features of one symbol. A feature that is `None` is missing; such a symbol cannot be in the universe.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SymbolFeatures {
    /// The volatility of one window; at least 0.
    #[serde(default, deserialize_with = "not_negative")]
    pub(crate) sigma: Option<f64>,
    /// The trend strength; at least 0.
    #[serde(default, deserialize_with = "not_negative")]
    pub(crate) ts: Option<f64>,
    /// The probability of a sideways market; from 0 to 1.
    #[serde(default, deserialize_with = "share")]
    pub(crate) p_chop: Option<f64>,
    /// The difference between ask and bid as a share of the price; at least 0.
    #[serde(default, deserialize_with = "not_negative")]
    pub(crate) spread: Option<f64>,
    /// The traded volume of one window, in USD; at least 0.
    #[serde(default, deserialize_with = "not_negative")]
    pub(crate) volume: Option<f64>,
    /// The number of last candles that close at the price of the candle before them. It is optional: without it, only
    /// a `sigma` below its floor shows a constant price.
    #[serde(default)]
    pub(crate) flat: Option<u32>,
}

impl Features {
    /// Parses features:
    ///
    /// ```
    /// use portcullis_forge::Features;
    ///
    /// let features = Features::from_json(
    ///     r#"{"window_end": "2026-01-05T00:00:00Z", "symbols": {
    ///         "BTCUSDT": {"sigma": 0.02, "ts": 0.4, "p_chop": 0.5, "spread": 0.0002, "volume": 90000000}
    ///     }}"#,
    /// )?;
    /// assert_eq!(features.symbols().count(), 1);
    /// # Ok::<(), portcullis_forge::DocumentError>(())
    /// ```
    ///
    /// # Errors
    /// Returns an error with the path of the field if the text is not JSON, a field is unknown or a key occurs more
    /// than once (also in another case), or a number is NaN, infinite, negative or above its bound.
    pub fn from_json(text: &str) -> Result<Self, DocumentError> {
        json::read(DOCUMENT, text)
    }

    /// Returns the features as JSON; [`Self::from_json`] returns equal features.
    #[must_use]
    pub fn to_json(&self) -> String {
        json::write(self)
    }

    /// Returns the end of the window.
    #[must_use]
    pub const fn window_end(&self) -> Timestamp {
        self.window_end
    }

    /// Returns the symbols, sorted.
    pub fn symbols(&self) -> impl ExactSizeIterator<Item = Symbol> {
        self.symbols.keys().copied()
    }

    /// Returns true if there is no symbol, or if all features of all symbols are missing.
    pub(crate) fn is_empty(&self) -> bool {
        let mut named = self.symbols.values().flat_map(SymbolFeatures::named);
        named.all(|(_, value)| value.is_none())
    }

    /// Returns the features of a symbol.
    pub(crate) fn of(&self, symbol: &Symbol) -> Option<&SymbolFeatures> {
        self.symbols.get(symbol)
    }
}

impl SymbolFeatures {
    /// The features of a symbol that could not be measured.
    const MISSING: Self = Self {
        sigma: None,
        ts: None,
        p_chop: None,
        spread: None,
        volume: None,
        flat: None,
    };

    /// Returns the required features with their names.
    pub(crate) const fn named(&self) -> [(&'static str, Option<f64>); 5] {
        [
            ("sigma", self.sigma),
            ("ts", self.ts),
            ("p_chop", self.p_chop),
            ("spread", self.spread),
            ("volume", self.volume),
        ]
    }
}

fn bounded<'de, D: Deserializer<'de>>(
    reader: D,
    highest: f64,
    bound: &str,
) -> Result<Option<f64>, D::Error> {
    let value = json::exact_or_null(reader)?;
    match value {
        Some(value) if !(0.0..=highest).contains(&value) => {
            Err(D::Error::custom(format!("{value} must be {bound}")))
        }
        Some(_) | None => Ok(value),
    }
}

fn not_negative<'de, D: Deserializer<'de>>(reader: D) -> Result<Option<f64>, D::Error> {
    bounded(reader, f64::MAX, "at least 0")
}

fn share<'de, D: Deserializer<'de>>(reader: D) -> Result<Option<f64>, D::Error> {
    bounded(reader, 1.0, "from 0 to 1")
}
