//! Targets of a model, which replace the targets of the templates.

use std::collections::BTreeMap;

use portcullis::types::{Symbol, Timestamp};
use serde::{Deserialize, Deserializer, de::Error as _};

use crate::{
    json::{self, DocumentError},
    parameter::Parameter,
};

/// The targets that a model computed for one window. They pass through the same clamps as the targets of templates.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Targets {
    #[serde(with = "json::text")]
    pub(crate) window_end: Timestamp,
    #[serde(deserialize_with = "leverages")]
    pub(crate) leverage_by_symbol: BTreeMap<Symbol, f64>,
    #[serde(deserialize_with = "harvest_params")]
    pub(crate) harvest_params: BTreeMap<Parameter, f64>,
    #[serde(deserialize_with = "kill_params")]
    pub(crate) kill_params: BTreeMap<Parameter, f64>,
}

impl Targets {
    /// Returns the end of the window to which the targets belong.
    #[must_use]
    pub const fn window_end(&self) -> Timestamp {
        self.window_end
    }

    /// Parses targets. The objects are required, but each can be empty:
    ///
    /// ```
    /// use portcullis_forge::Targets;
    ///
    /// Targets::from_json(
    ///     r#"{"window_end": "2026-01-05T00:00:00Z", "leverage_by_symbol": {"BTCUSDT": 6.5},
    ///         "harvest_params": {"T1_R": 1.5}, "kill_params": {"trend_min": 0.3}}"#,
    /// )?;
    /// # Ok::<(), portcullis_forge::DocumentError>(())
    /// ```
    ///
    /// # Errors
    /// Returns an error with the path of the field if the text is not JSON, a field is missing, a field or a parameter is unknown,
    /// a key occurs more than once, a number is not finite, or a leverage is not greater than 0.
    pub fn from_json(text: &str) -> Result<Self, DocumentError> {
        json::read("targets", text)
    }

    /// Returns the target of a harvest parameter.
    pub(crate) fn theta(&self, parameter: Parameter) -> Option<f64> {
        let of = |targets: &BTreeMap<Parameter, f64>| targets.get(&parameter).copied();
        of(&self.harvest_params).or_else(|| of(&self.kill_params))
    }
}

fn leverages<'de, D: Deserializer<'de>>(reader: D) -> Result<BTreeMap<Symbol, f64>, D::Error> {
    let targets = numbers(reader)?;
    match targets.iter().find(|(_, leverage)| **leverage <= 0.0) {
        Some((symbol, leverage)) => Err(D::Error::custom(format!(
            "key `{symbol}`: {leverage} must be greater than 0"
        ))),
        None => Ok(targets),
    }
}

fn numbers<'de, K, D>(reader: D) -> Result<BTreeMap<K, f64>, D::Error>
where
    K: std::str::FromStr<Err: std::fmt::Display> + Ord,
    D: Deserializer<'de>,
{
    let numbers: BTreeMap<K, json::Exact> = json::unique(reader)?;
    let plain = |(key, json::Exact(number))| (key, number);
    Ok(numbers.into_iter().map(plain).collect())
}

fn harvest_params<'de, D: Deserializer<'de>>(
    reader: D,
) -> Result<BTreeMap<Parameter, f64>, D::Error> {
    parameters(reader, "harvest_params")
}

fn kill_params<'de, D: Deserializer<'de>>(reader: D) -> Result<BTreeMap<Parameter, f64>, D::Error> {
    parameters(reader, "kill_params")
}

fn parameters<'de, D: Deserializer<'de>>(
    reader: D,
    group: &str,
) -> Result<BTreeMap<Parameter, f64>, D::Error> {
    let targets: BTreeMap<Parameter, f64> = numbers(reader)?;
    match targets.keys().find(|it| it.group() != group) {
        Some(parameter) => Err(D::Error::custom(format!(
            "key `{parameter}`: this parameter is in `{}`",
            parameter.group()
        ))),
        None => Ok(targets),
    }
}
