//! The state that one run of the forge passes to the next one.

use std::collections::BTreeMap;

use portcullis::types::{Symbol, Timestamp};
use serde::{Deserialize, Deserializer, Serialize};

use crate::json::{self, DocumentError, Format};

/// The state after a run: the numbers before rounding, and the regimes with their pending changes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    pub(crate) format: Format,
    /// The end of the last window; `None` before the first run.
    #[serde(with = "optional_time")]
    pub(crate) window_end: Option<Timestamp>,
    pub(crate) market: Option<RegimeState>,
    #[serde(deserialize_with = "json::unique")]
    pub(crate) symbols: BTreeMap<Symbol, RegimeState>,
    /// The leverages before rounding.
    #[serde(deserialize_with = "leverages")]
    pub(crate) leverage: BTreeMap<Symbol, f64>,
    /// The validity before rounding, in seconds.
    #[serde(deserialize_with = "json::exact_or_null")]
    pub(crate) validity_sec: Option<f64>,
}

/// The regime of a symbol or of the market.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegimeState {
    /// The name of the regime.
    pub regime: String,
    /// The end of the window in which the regime was entered.
    #[serde(with = "json::text")]
    pub since: Timestamp,
    /// A change of the regime that is not confirmed yet.
    pub pending: Option<Pending>,
}

/// A change of the regime that is not confirmed yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pending {
    /// The name of the next regime.
    pub regime: String,
    /// The number of consecutive windows in which the thresholds of the next regime were reached.
    pub windows: u32,
}

impl State {
    /// Creates the state before the first run.
    #[must_use]
    pub const fn empty() -> Self {
        Self {
            format: Format,
            window_end: None,
            market: None,
            symbols: BTreeMap::new(),
            leverage: BTreeMap::new(),
            validity_sec: None,
        }
    }

    /// Parses a state that [`Self::to_json`] has written.
    ///
    /// # Errors
    /// Returns an error with the path of the field if the text is not JSON, has another format, a field is missing or
    /// unknown, a key occurs more than once, or a number is not finite.
    pub fn from_json(text: &str) -> Result<Self, DocumentError> {
        json::read("state", text)
    }

    /// Returns the state as JSON. [`Self::from_json`] returns an equal state, with the same bits.
    #[must_use]
    pub fn to_json(&self) -> String {
        json::write(self)
    }

    /// Returns the regime of the market; `None` before the first run.
    #[must_use]
    pub const fn market(&self) -> Option<&RegimeState> {
        self.market.as_ref()
    }

    /// Returns the regime of a symbol.
    #[must_use]
    pub fn regime(&self, symbol: &Symbol) -> Option<&RegimeState> {
        self.symbols.get(symbol)
    }

    /// Returns the leverage of a symbol before rounding.
    #[must_use]
    pub fn leverage(&self, symbol: &Symbol) -> Option<f64> {
        self.leverage.get(symbol).copied()
    }
}

fn leverages<'de, D: Deserializer<'de>>(reader: D) -> Result<BTreeMap<Symbol, f64>, D::Error> {
    let numbers: BTreeMap<Symbol, json::Exact> = json::unique(reader)?;
    let plain = |(symbol, json::Exact(number))| (symbol, number);
    Ok(numbers.into_iter().map(plain).collect())
}

/// Reads and writes an optional time as text.
mod optional_time {
    use serde::{Deserializer, Serialize, Serializer};

    use super::{Deserialize, Timestamp, json};

    #[derive(Deserialize)]
    struct Time(#[serde(with = "json::text")] Timestamp);

    pub(super) fn serialize<S: Serializer>(
        time: &Option<Timestamp>,
        writer: S,
    ) -> Result<S::Ok, S::Error> {
        time.map(|it| it.to_string()).serialize(writer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        reader: D,
    ) -> Result<Option<Timestamp>, D::Error> {
        Option::<Time>::deserialize(reader).map(|it| it.map(|Time(time)| time))
    }
}
