//! The rules of the publish gate, as an operator writes them.

use portcullis::types::Shown;
use portcullis_sim::simulate::{
    Costs, MarketRule, Settings,
    units::{Money, Rate},
};
use serde::{Deserialize, Deserializer, de::Error as _};
use sha2::{Digest as _, Sha256};
use thiserror::Error;

/// The reason why a text is not a gate file.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum GateRulesError {
    /// The text is not TOML, or a field is missing, unknown or of the wrong type.
    #[error("invalid gate: line {line}: {}", Shown(.reason).whole())]
    Syntax {
        /// The line, counted from 1.
        line: usize,
        /// The fault.
        reason: String,
    },
    /// Values are out of their bounds. All faults are listed.
    #[error("invalid gate: {}", .0.join("; "))]
    Invalid(Vec<String>),
}

/// The bounds within which a looser draft is published. `docs/lifecycle.md` describes the format.
#[derive(Debug, Clone, PartialEq)]
pub struct GateRules {
    pub(crate) sha256: String,
    pub(crate) bounds: Bounds,
    pub(crate) simulation: Option<Simulation>,
}

/// The bounds on answers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Bounds {
    pub(crate) days: u32,
    pub(crate) min_reached: u64,
    pub(crate) max_new_trades: f64,
    pub(crate) notional_ratio: Range,
    pub(crate) max_leverage_rise: f64,
}

/// The settings of the simulation, and the bounds on its result.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Simulation {
    pub(crate) settings: Settings,
    pub(crate) max_drawdown: f64,
    pub(crate) max_drawdown_rise: f64,
}

/// An inclusive range.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Range {
    pub(crate) min: f64,
    pub(crate) max: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    format: u32,
    days: u32,
    min_reached: u64,
    max_new_trades: f64,
    notional_ratio: Range,
    max_leverage_rise: f64,
    simulation: Option<SimulationDocument>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SimulationDocument {
    max_drawdown: f64,
    max_drawdown_rise: f64,
    #[serde(deserialize_with = "money")]
    cash: Money,
    #[serde(default, deserialize_with = "share")]
    taker_fee: Option<Rate>,
    #[serde(default, deserialize_with = "rate")]
    funding_rate: Option<Rate>,
    #[serde(default, deserialize_with = "share")]
    maintenance_margin: Option<Rate>,
    market: Option<MarketDocument>,
    fill_after_gap: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MarketDocument {
    window_sec: u32,
    trend_certain: f64,
}

impl GateRules {
    /// Parses a gate file. A byte order mark at the start is skipped.
    ///
    /// # Errors
    /// Returns [`GateRulesError::Syntax`] if the text is not TOML, lacks a field, or has an unknown field, and
    /// [`GateRulesError::Invalid`] with every value that is out of bounds.
    pub fn from_toml(text: &str) -> Result<Self, GateRulesError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let document: Document = toml::from_str(text).map_err(|error| {
            let start = error.span().map_or(0, |span| span.start);
            let before = text.get(..start).unwrap_or_default();
            GateRulesError::Syntax {
                line: before.matches('\n').count() + 1,
                reason: error.message().to_owned(),
            }
        })?;
        let faults = document.faults();
        if !faults.is_empty() {
            return Err(GateRulesError::Invalid(faults));
        }
        Ok(Self {
            sha256: hex::encode(Sha256::digest(text.as_bytes())),
            bounds: Bounds {
                days: document.days,
                min_reached: document.min_reached,
                max_new_trades: document.max_new_trades,
                notional_ratio: document.notional_ratio,
                max_leverage_rise: document.max_leverage_rise,
            },
            simulation: document.simulation.map(SimulationDocument::into_rules),
        })
    }

    /// Returns the SHA-256 of the text, in lower-case hexadecimal digits.
    #[must_use]
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// Returns true if the rules bound the drawdown of a simulation, which needs candles.
    #[must_use]
    pub const fn needs_candles(&self) -> bool {
        self.simulation.is_some()
    }
}

impl Document {
    /// Returns all values that are out of their bounds.
    fn faults(&self) -> Vec<String> {
        let is_share = |value: f64| (0.0..=1.0).contains(&value);
        let is_size = |value: f64| value >= 0.0 && value.is_finite();
        let Range { min, max } = self.notional_ratio;
        let mut checks = vec![
            (self.format == 1, "format", f64::from(self.format), "1"),
            (self.days > 0, "days", f64::from(self.days), "at least 1"),
            (self.min_reached > 0, "min_reached", 0.0, "at least 1"),
            (
                is_share(self.max_new_trades),
                "max_new_trades",
                self.max_new_trades,
                "from 0 to 1",
            ),
            (
                is_size(min),
                "notional_ratio.min",
                min,
                "finite and at least 0",
            ),
            (
                is_size(max) && max >= min,
                "notional_ratio.max",
                max,
                "finite and at least `min`",
            ),
            (
                is_size(self.max_leverage_rise),
                "max_leverage_rise",
                self.max_leverage_rise,
                "finite and at least 0",
            ),
        ];
        if let Some(simulation) = &self.simulation {
            let (drawdown, rise) = (simulation.max_drawdown, simulation.max_drawdown_rise);
            checks.push((
                is_size(drawdown),
                "simulation.max_drawdown",
                drawdown,
                "finite and at least 0",
            ));
            checks.push((
                is_size(rise),
                "simulation.max_drawdown_rise",
                rise,
                "finite and at least 0",
            ));
            if let Some(market) = &simulation.market {
                let (window, certain) = (market.window_sec, market.trend_certain);
                checks.push((
                    window > 0,
                    "simulation.market.window_sec",
                    f64::from(window),
                    "at least 1",
                ));
                checks.push((
                    certain > 0.0 && certain.is_finite(),
                    "simulation.market.trend_certain",
                    certain,
                    "finite and greater than 0",
                ));
            }
        }
        let faults = checks.into_iter().filter(|(holds, ..)| !holds);
        faults
            .map(|(_, path, value, bound)| format!("`{path}` is {value}, but must be {bound}"))
            .collect()
    }
}

impl SimulationDocument {
    fn into_rules(self) -> Simulation {
        let market = self.market.map(|market| MarketRule {
            window_sec: market.window_sec,
            trend_certain: market.trend_certain,
        });
        Simulation {
            settings: Settings {
                cash: self.cash,
                costs: Costs {
                    taker_fee: self.taker_fee,
                    funding_rate: self.funding_rate,
                    maintenance_margin: self.maintenance_margin,
                },
                market,
                fill_after_gap: self.fill_after_gap,
                sizes: Default::default(),
            },
            max_drawdown: self.max_drawdown,
            max_drawdown_rise: self.max_drawdown_rise,
        }
    }
}

/// Reads the text of a number, so that a decimal number is read exactly.
fn text<'de, D: Deserializer<'de>>(reader: D) -> Result<String, D::Error> {
    let value = toml::Value::deserialize(reader)?;
    let integer = value.as_integer().map(|number| number.to_string());
    let number = integer.or_else(|| value.as_float().map(|number| number.to_string()));
    let kind = value.type_str();
    number.ok_or_else(|| D::Error::custom(format_args!("a {kind} is not a number")))
}

fn money<'de, D: Deserializer<'de>>(reader: D) -> Result<Money, D::Error> {
    Money::parse(&text(reader)?).map_err(D::Error::custom)
}

fn rate<'de, D: Deserializer<'de>>(reader: D) -> Result<Option<Rate>, D::Error> {
    Rate::parse(&text(reader)?)
        .map(Some)
        .map_err(D::Error::custom)
}

fn share<'de, D: Deserializer<'de>>(reader: D) -> Result<Option<Rate>, D::Error> {
    match rate(reader)? {
        Some(share) if share.is_negative() => {
            Err(D::Error::custom("negative; use a share such as 0.0004"))
        }
        share => Ok(share),
    }
}
