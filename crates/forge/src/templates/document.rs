//! The TOML form of templates, before it is checked.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::area::{Bounds, Measure};
use crate::parameter::{Limit, Parameter};

/// The whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Document {
    pub(super) format: u32,
    pub(super) market: Option<String>,
    pub(super) venue: Option<String>,
    pub(super) max_feature_age_sec: u32,
    pub(super) harvest_grace_sec: u32,
    pub(super) integer_leverage: bool,
    pub(super) candles: Option<CandleDocument>,
    pub(super) universe: Universe,
    pub(super) steps: Steps,
    pub(super) regimes: BTreeMap<String, Regime>,
}

/// The parameters of features that are computed from candles.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CandleDocument {
    pub(super) returns: usize,
    pub(super) trend_certain: f64,
}

/// The rules by which symbols enter and leave the universe.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Universe {
    pub(crate) permitted_symbols: Vec<String>,
    pub(crate) min_volume: f64,
    pub(crate) max_spread: f64,
    pub(crate) sigma_floor: f64,
    pub(crate) max_flat: u32,
    pub(crate) max_members: usize,
    pub(crate) max_new: usize,
    pub(crate) max_new_24h: usize,
    pub(crate) start_leverage: f64,
}

/// The largest loosening.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Steps {
    pub(crate) max_step: f64,
    pub(crate) max_step_24h: f64,
    pub(crate) theta: BTreeMap<Parameter, ThetaStep>,
}

/// The largest loosening of a harvest parameter, as distances in its unit.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ThetaStep {
    pub(crate) max_step: f64,
    pub(crate) max_step_24h: f64,
}

/// The content of one regime.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Regime {
    pub(super) confirm: u32,
    pub(super) validity_sec: u32,
    pub(super) when: BTreeMap<Measure, Bounds>,
    pub(super) leverage: LeverageRule,
    pub(super) harvest_params: BTreeMap<Parameter, f64>,
    pub(super) kill_params: BTreeMap<Parameter, f64>,
    pub(super) limits: BTreeMap<Limit, f64>,
}

/// The leverage of a symbol: `target_risk / (sigma · k)`, at most `cap`; below `min`, the symbol leaves the universe.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LeverageRule {
    pub(crate) target_risk: f64,
    pub(crate) k: f64,
    pub(crate) min: f64,
    pub(crate) cap: f64,
}
