//! The document of a draft.

use std::collections::BTreeMap;

use num_traits::ToPrimitive;
use portcullis::{
    Policy,
    policy::InvalidPolicyError,
    types::{Symbol, Timestamp},
};
use serde::Serialize;
use serde_json::Number;

use crate::{input::Input, settings::Settings, universe::Universe};

/// The fields of a draft, in the form that [`Policy::from_json`] reads.
#[derive(Debug, Serialize)]
pub(crate) struct Document {
    policy_version: String,
    valid_from_epoch: i64,
    valid_until_epoch: i64,
    universe_symbols: Vec<String>,
    leverage_by_symbol: BTreeMap<String, Number>,
    harvest_params: BTreeMap<String, Number>,
    kill_params: BTreeMap<String, Number>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    limits: BTreeMap<String, Number>,
    harvest_grace_sec: Option<Number>,
    market: Option<String>,
    venue: Option<String>,
    generator: &'static str,
    features_window: String,
    metadata_ok: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    policy_hash: Option<String>,
}

/// The value of `generator`.
pub(crate) const GENERATOR: &str = "portcullis-forge";

impl Document {
    /// Collects the fields. `listed` are the symbols of the universe.
    pub(crate) fn new(
        input: &Input<'_>,
        listed: &[Symbol],
        universe: &Universe,
        settings: &Settings,
    ) -> Self {
        let theta = |group: &str| {
            let numbers = settings.theta.iter().filter(|(it, _)| it.group() == group);
            numbers
                .filter_map(|(it, number)| Some((it.to_string(), plain(number.value)?)))
                .collect()
        };
        let limits = settings.limits.iter();
        let leverages = universe.members.iter();
        let valid_from_epoch = epoch_seconds(input.now);
        let validity = settings.validity_sec.value.floor().to_i64();
        Self {
            policy_version: version(input.now),
            valid_from_epoch,
            valid_until_epoch: valid_from_epoch.saturating_add(validity.unwrap_or(0)),
            universe_symbols: listed.iter().map(|it| it.as_str().to_owned()).collect(),
            leverage_by_symbol: leverages
                .filter_map(|(it, member)| Some((it.as_str().to_owned(), plain(member.leverage)?)))
                .collect(),
            harvest_params: theta("harvest_params"),
            kill_params: theta("kill_params"),
            limits: limits
                .filter_map(|(it, number)| Some((it.to_string(), plain(number.value)?)))
                .collect(),
            harvest_grace_sec: plain(settings.grace_sec.value),
            market: input.templates.market.clone(),
            venue: input.templates.venue.clone(),
            generator: GENERATOR,
            features_window: input.features.window_end().to_string(),
            metadata_ok: true,
            policy_hash: None,
        }
    }

    /// Adds the hash and validates the document.
    pub(crate) fn into_policy(mut self) -> Result<Policy, InvalidPolicyError> {
        let hash = Policy::hash_of(&crate::json::write(&self))?;
        self.policy_hash = Some(hash.to_string());
        Policy::from_json(&crate::json::write(&self))
    }
}

/// Returns the version of a draft.
pub(crate) fn version(now: Timestamp) -> String {
    format!("forge-{now}")
}

/// Returns the whole seconds since the epoch, rounded down.
pub(crate) const fn epoch_seconds(now: Timestamp) -> i64 {
    now.as_micros().div_euclid(1_000_000)
}

/// Returns the JSON number. A whole number has no fraction, because venues read a leverage of `8.0` as text.
pub(crate) fn plain(value: f64) -> Option<Number> {
    let whole = (value.fract() == 0.0).then(|| value.to_i64()).flatten();
    whole.map_or_else(
        || Number::from_f64(value),
        |whole| Some(Number::from(whole)),
    )
}
