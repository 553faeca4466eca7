//! Random sequences of windows.

use std::collections::BTreeMap;

use portcullis::{
    Guardrails, Policy,
    types::{Leverage, Notional, SignedDuration},
};
use portcullis_forge::{Features, ForgeError, Forged, Parameter, Targets, Templates};
use proptest::{collection::vec, option, prelude::*, sample::select};
use serde_json::{Value as Json, json};

use crate::support::{self, World, features, minute, replaced};

/// The permitted symbols.
pub(crate) const NAMES: [&str; 6] = ["A", "B", "C", "D", "E", "F"];
/// The regimes of the templates.
pub(crate) const REGIMES: [&str; 4] = ["range", "trend", "volatile", "crisis"];
/// The number of windows after which a policy counts as that of 24 hours ago.
const WINDOWS_PER_DAY: usize = 8;

/// One window: the features of each symbol, whether the draft is published, and the targets of a model.
#[derive(Debug, Clone)]
pub(crate) struct Window {
    symbols: Vec<Option<Json>>,
    is_published: bool,
    /// True if the window ends at the same time as the previous one, as in a second run.
    is_rerun: bool,
    model: Option<(usize, f64, &'static str)>,
}

/// A sequence of windows with fixed templates and guardrails.
#[derive(Debug, Clone)]
pub(crate) struct Scenario {
    pub(crate) integer: bool,
    pub(crate) max_step: f64,
    pub(crate) max_step_24h: f64,
    pub(crate) max_new: usize,
    pub(crate) max_new_24h: usize,
    max_members: usize,
    max_leverage: Option<f64>,
    max_notional: Option<f64>,
    max_intent_age: Option<u32>,
    max_validity: Option<u32>,
    /// The symbol that the guardrails do not permit.
    forbidden: Option<usize>,
    /// True if the policies of 24 hours ago are known.
    knows_day_ago: bool,
    /// The leverages of the first policy and the regime of its harvest parameters.
    first: Option<(Vec<Option<u32>>, &'static str)>,
    windows: Vec<Window>,
}

fn symbol_features() -> impl Strategy<Value = Json> {
    let sigma = prop_oneof![
        1 => select(vec![0.0, 0.0005, 0.001, 0.03, 0.08]),
        6 => 0.005..0.05,
        3 => 0.001..0.15,
    ];
    let flat = prop_oneof![9 => 0..5_u32, 1 => 4..8_u32];
    let volume = prop_oneof![1 => 1e5..1.2e6, 9 => 1e6..1e8];
    let missing =
        prop_oneof![9 => Just(None), 1 => select(vec!["sigma", "ts", "volume"]).prop_map(Some)];
    (sigma, 0.0..1.0, 0.0..1.0, 0.0..0.0022, volume, flat, missing).prop_map(
        |(sigma, ts, p_chop, spread, volume, flat, missing): (f64, f64, f64, f64, f64, _, _)| {
            let mut features = json!({
                "sigma": sigma, "ts": ts, "p_chop": p_chop, "spread": spread, "volume": volume, "flat": flat,
            });
            if let Some(name) = missing {
                features[name] = Json::Null;
            }
            features
        },
    )
}

fn window() -> impl Strategy<Value = Window> {
    let symbol = option::weighted(0.9, symbol_features());
    let model = option::weighted(0.3, (0..6_usize, 0.5..30.0, select(REGIMES.to_vec())));
    let flag = prop::bool::weighted;
    (vec(symbol, 6), flag(0.8), flag(0.2), model).prop_map(
        |(symbols, is_published, is_rerun, model)| Window {
            symbols,
            is_published,
            is_rerun,
            model,
        },
    )
}

/// Generates windows that often repeat, so that numbers have time to loosen, and often a single different window between
/// equal ones.
fn windows() -> impl Strategy<Value = Vec<Window>> {
    let repeated = |(window, times)| std::iter::repeat_n(window, times);
    let any = vec((window(), 1..6_usize), 1..4)
        .prop_map(move |windows| windows.into_iter().flat_map(repeated).collect());
    let dip = (window(), window(), 1..3_usize, 4..13_usize).prop_map(
        move |(calm, dip, before, after)| {
            let windows = [(calm.clone(), before), (dip, 1), (calm, after)];
            windows.into_iter().flat_map(repeated).collect()
        },
    );
    prop_oneof![any, dip]
}

pub(crate) fn scenario() -> impl Strategy<Value = Scenario> {
    let templates = (
        any::<bool>(),
        0.05..0.4,
        0.5..1.5,
        1..4_usize,
        1..6_usize,
        1..7_usize,
    );
    let guardrails = (
        option::of(1.0..15.0),
        option::of(1000.0..30000.0),
        option::of(5..90_u32),
        option::of(300..4000_u32),
        option::weighted(0.3, 0..6_usize),
    );
    let first = option::weighted(
        0.7,
        (vec(option::of(1..15_u32), 6), select(REGIMES.to_vec())),
    );
    let knows_day_ago = prop::bool::weighted(0.9);
    (templates, guardrails, first, windows(), knows_day_ago).prop_map(
        |(
            (integer, max_step, max_step_24h, max_new, max_new_24h, max_members),
            (max_leverage, max_notional, max_intent_age, max_validity, forbidden),
            first,
            windows,
            knows_day_ago,
        )| Scenario {
            integer,
            max_step,
            max_step_24h,
            max_new,
            max_new_24h,
            max_members,
            max_leverage,
            max_notional,
            max_intent_age,
            max_validity,
            forbidden,
            knows_day_ago,
            first,
            windows,
        },
    )
}

impl Scenario {
    fn templates(&self) -> Templates {
        let text = replaced(&[
            (
                "\"BTCUSDT\", \"ETHUSDT\", \"SOLUSDT\"",
                "\"A\", \"B\", \"C\", \"D\", \"E\", \"F\"",
            ),
            (
                "integer_leverage = true",
                &format!("integer_leverage = {}", self.integer),
            ),
            (
                "max_members = 2",
                &format!("max_members = {}", self.max_members),
            ),
            ("max_new = 1", &format!("max_new = {}", self.max_new)),
            (
                "max_new_24h = 2",
                &format!("max_new_24h = {}", self.max_new_24h),
            ),
            (
                "max_step = 0.1\nmax_step_24h = 0.5",
                &format!(
                    "max_step = {:?}\nmax_step_24h = {:?}",
                    self.max_step, self.max_step_24h
                ),
            ),
        ]);
        Templates::from_toml(&text).unwrap()
    }

    fn guardrails(&self, names: &[&str; 6]) -> Guardrails {
        let micros = |seconds: u32| SignedDuration::from_micros(i64::from(seconds) * 1_000_000);
        let mut guardrails = Guardrails::none();
        if let Some(bound) = self.max_leverage {
            guardrails = guardrails.with_max_leverage(Leverage::new(bound).unwrap());
        }
        if let Some(bound) = self.max_notional {
            guardrails = guardrails.with_max_notional_usd(Notional::new(bound).unwrap());
        }
        if let Some(bound) = self.max_intent_age {
            guardrails = guardrails.with_max_intent_age(micros(bound));
        }
        if let Some(bound) = self.max_validity {
            guardrails = guardrails.with_max_validity(micros(bound));
        }
        if let Some(forbidden) = self.forbidden {
            let permitted = names.iter().enumerate().filter(|(i, _)| *i != forbidden);
            let permitted = permitted.map(|(_, name)| support::symbol(name));
            guardrails = guardrails.with_permitted_symbols(permitted.collect());
        }
        guardrails
    }

    fn first_policy(&self, names: &[&str; 6]) -> Option<Policy> {
        let (leverages, regime) = self.first.as_ref()?;
        let leverages: BTreeMap<&str, u32> = names
            .iter()
            .zip(leverages)
            .filter_map(|(name, leverage)| Some((*name, (*leverage)?)))
            .collect();
        (!leverages.is_empty()).then(|| support::policy(regime, &json!(leverages)))
    }

    /// Returns the targets and the features of a window at another time.
    pub(crate) fn window(
        &self,
        names: &[&str; 6],
        window: usize,
        at: i64,
    ) -> (Option<Targets>, Features) {
        let window = &self.windows[window];
        let symbols: BTreeMap<&str, &Json> = names
            .iter()
            .zip(&window.symbols)
            .filter_map(|(name, features)| Some((*name, features.as_ref()?)))
            .collect();
        let targets = window.model.map(|(symbol, leverage, regime)| {
            let (harvest, kill) = support::theta(regime);
            let text = json!({
                "window_end": minute(at).to_string(), "leverage_by_symbol": {names[symbol]: leverage},
                "harvest_params": harvest, "kill_params": kill,
            });
            Targets::from_json(&text.to_string()).unwrap()
        });
        (targets, features(at, &json!(symbols)))
    }

    /// Returns the minute of the last window.
    pub(crate) fn end(&self) -> i64 {
        5 * i64::try_from(self.windows.len()).unwrap()
    }

    /// Runs all windows and calls `check` with the inputs and the result of each run.
    pub(crate) fn run(
        &self,
        names: &[&str; 6],
        mut check: impl FnMut(
            &World,
            &Features,
            &Result<Forged, ForgeError>,
        ) -> Result<(), TestCaseError>,
    ) -> Result<(), TestCaseError> {
        let mut world = World::new(self.templates());
        world.guardrails = self.guardrails(names);
        world.active = self.first_policy(names);
        let mut past = vec![world.active.clone()];
        let mut at = 0;
        for index in 0..self.windows.len() {
            at += if self.windows[index].is_rerun { 0 } else { 5 };
            let (targets, features) = self.window(names, index, at);
            world.targets = targets;
            let first = past.iter().flatten().next().cloned();
            let day = past
                .len()
                .checked_sub(WINDOWS_PER_DAY)
                .and_then(|it| past[it].clone());
            world.day_ago = day.or(first).filter(|_| self.knows_day_ago);
            let result = world.forge(&features);
            check(&world, &features, &result)?;
            if let Ok(forged) = result {
                world.state = forged.state().clone();
                if self.windows[index].is_published && forged.derivation().is_changed() {
                    world.active = Some(forged.draft().clone());
                }
            }
            past.push(world.active.clone());
        }
        Ok(())
    }

    /// Runs all windows. Returns the inputs of the last run, and the index of the last window.
    pub(crate) fn play(&self, names: &[&str; 6]) -> (World, usize) {
        let mut last = World::new(self.templates());
        self.run(names, |world, _, _| {
            last = world.clone();
            Ok(())
        })
        .unwrap();
        (last, self.windows.len() - 1)
    }

    /// Returns the steps of a harvest parameter or a limit, per run and per 24 hours. The latter is `None` if it is a
    /// share.
    pub(crate) fn step(&self, path: &str, was: f64) -> (f64, Option<f64>) {
        let parameter = Parameter::all().find(|it| it.path() == path);
        match parameter {
            None => (was * self.max_step, None),
            Some(parameter) => {
                let step = &support::TABLE["steps"]["theta"][&parameter.to_string()];
                let number = |name: &str| {
                    let value = &step[name];
                    value.as_float().unwrap_or_else(|| {
                        f64::from(i32::try_from(value.as_integer().unwrap()).unwrap())
                    })
                };
                (number("max_step"), Some(number("max_step_24h")))
            }
        }
    }

    /// Computes the highest leverage of a symbol from the formulas of the documentation; `None` if the symbol must not
    /// be in the universe.
    pub(crate) fn highest_leverage(
        &self,
        features: &Json,
        symbol: &str,
        forged: &Forged,
        world: &World,
    ) -> Option<f64> {
        let number = |name: &str| features[name].as_f64();
        let (sigma, volume) = (number("sigma")?, number("volume")?);
        number("ts")?;
        if sigma < 0.001
            || volume < 1e6
            || number("spread")? > 0.002
            || features["flat"].as_u64()? > 5
        {
            return None;
        }
        let rule = |regime: &str, name: &str| {
            let value = &support::TABLE["regimes"][regime]["leverage"][name];
            value
                .as_float()
                .unwrap_or_else(|| f64::from(i32::try_from(value.as_integer().unwrap()).unwrap()))
        };
        let own = &forged.state().regime(&support::symbol(symbol))?.regime;
        let market = &forged.state().market()?.regime;
        let computed = (rule(own, "target_risk") / sigma).min(rule(market, "target_risk") / sigma);
        let targets = world.targets.as_ref().map(|it| format!("{it:?}"));
        // The target of a model replaces the computed leverage, so only the caps bound it.
        let is_model = targets.is_some_and(|it| it.contains(&format!("Symbol({symbol})")));
        let computed = if is_model { f64::INFINITY } else { computed };
        let cap = rule(own, "cap").min(rule(market, "cap"));
        Some(
            computed
                .min(cap)
                .min(self.max_leverage.unwrap_or(f64::INFINITY)),
        )
    }
}
