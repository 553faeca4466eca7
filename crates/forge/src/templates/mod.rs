//! Templates: the rules from which a policy is derived, as an operator writes them.

mod area;
mod check;
mod document;
mod fault;
mod regime;

use std::collections::{BTreeMap, BTreeSet};

use portcullis::types::Symbol;
use sha2::{Digest, Sha256};

pub(crate) use area::{Area, Measure, Point};
pub(crate) use document::{LeverageRule, Steps, Universe};
pub use fault::TemplatesError;
pub(crate) use regime::Regime;

use crate::features::CandleRule;
use document::Document;
use fault::Faults;

/// The checked content of a templates file. `docs/forge.md` describes the format.
#[derive(Debug, Clone, PartialEq)]
pub struct Templates {
    pub(crate) sha256: String,
    pub(crate) market: Option<String>,
    pub(crate) venue: Option<String>,
    pub(crate) max_feature_age_sec: u32,
    pub(crate) harvest_grace_sec: u32,
    pub(crate) integer_leverage: bool,
    pub(crate) candles: Option<CandleRule>,
    pub(crate) universe: Universe,
    pub(crate) permitted: BTreeSet<Symbol>,
    pub(crate) steps: Steps,
    pub(crate) regimes: BTreeMap<String, Regime>,
}

impl Templates {
    /// Parses a templates file. A byte order mark at the start is skipped.
    ///
    /// # Errors
    /// Returns an error if the text is not TOML, lacks a field, or has an unknown field; otherwise all values out of
    /// bounds, limits that only some regimes state, thresholds that overlap or leave a gap, and regimes that cannot be
    /// reached.
    pub fn from_toml(text: &str) -> Result<Self, TemplatesError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let document: Document = toml::from_str(text).map_err(|error| {
            let start = error.span().map_or(0, |span| span.start);
            let before = text.get(..start).unwrap_or_default();
            TemplatesError::Syntax {
                line: before.matches('\n').count() + 1,
                reason: error.message().to_owned(),
            }
        })?;
        let mut faults = Faults::new();
        check::check(&document, &mut faults);
        let regimes = regimes(&document, &mut faults);
        faults.into_result()?;
        let symbols = document.universe.permitted_symbols.iter();
        Ok(Self {
            sha256: hex::encode(Sha256::digest(text.as_bytes())),
            market: document.market,
            venue: document.venue,
            max_feature_age_sec: document.max_feature_age_sec,
            harvest_grace_sec: document.harvest_grace_sec,
            integer_leverage: document.integer_leverage,
            candles: document.candles.map(|it| CandleRule {
                returns: it.returns,
                trend_certain: it.trend_certain,
            }),
            permitted: symbols.filter_map(|name| Symbol::new(name).ok()).collect(),
            universe: document.universe,
            steps: document.steps,
            regimes,
        })
    }

    /// Returns the SHA-256 of the text, in lower-case hexadecimal digits.
    #[must_use]
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// Returns the names of the regimes, sorted.
    pub fn regimes(&self) -> impl Iterator<Item = &str> {
        self.regimes.keys().map(String::as_str)
    }

    /// Returns the parameters of features that are computed from candles, if the templates state them.
    #[must_use]
    pub const fn candle_rule(&self) -> Option<&CandleRule> {
        self.candles.as_ref()
    }

    /// Returns the symbols that can be in the universe, sorted.
    pub fn permitted_symbols(&self) -> impl Iterator<Item = Symbol> {
        self.permitted.iter().copied()
    }

    /// Returns the largest age of features, in seconds.
    #[must_use]
    pub const fn max_feature_age_sec(&self) -> u32 {
        self.max_feature_age_sec
    }

    /// Returns the time after the expiry of a policy during which θ may be used, in seconds.
    #[must_use]
    pub const fn harvest_grace_sec(&self) -> u32 {
        self.harvest_grace_sec
    }

    /// Returns the shortest validity of a regime, in seconds.
    #[must_use]
    pub fn shortest_validity_sec(&self) -> u32 {
        let validities = self.regimes.values().map(|regime| regime.validity_sec);
        validities.min().unwrap_or_default()
    }
}

/// Builds the regimes and checks their thresholds and harvest parameters.
fn regimes(document: &Document, faults: &mut Faults) -> BTreeMap<String, Regime> {
    let sigma_floor = document.universe.sigma_floor;
    let mut has_thresholds = true;
    let regimes: BTreeMap<String, Regime> = document
        .regimes
        .iter()
        .map(|(name, regime)| {
            for (measure, bounds) in &regime.when {
                let path = format!("regimes.{name}.when.{measure}");
                let found = bounds.faults(&path);
                has_thresholds &= found.is_empty();
                found.iter().for_each(|fault| faults.push(fault));
            }
            let theta = regime.harvest_params.iter().chain(&regime.kill_params);
            let regime = Regime {
                confirm: regime.confirm,
                validity_sec: regime.validity_sec,
                enter: Area::entered(&regime.when, sigma_floor),
                keep: Area::kept(&regime.when, sigma_floor),
                leverage: regime.leverage,
                theta: theta.map(|(name, value)| (*name, *value)).collect(),
                limits: regime.limits.clone(),
            };
            check::check_theta(name, &regime, faults);
            (name.clone(), regime)
        })
        .collect();
    if has_thresholds {
        let areas = regimes
            .iter()
            .map(|(name, it)| (name.as_str(), (&it.enter, &it.keep)));
        let found = area::check(&areas.collect(), sigma_floor);
        found.iter().for_each(|fault| faults.push(fault));
    }
    regimes
}
