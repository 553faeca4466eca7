//! The laws of the forge as property tests, over sequences of windows with random features, templates, guardrails,
//! targets and publications.
//!
//! Each law was verified by planted bugs, which the comment of its test lists.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod comparison;
mod directions;
mod scenario;
#[path = "../support/mod.rs"]
#[expect(dead_code, reason = "other tests use the rest of it")]
mod support;

use std::collections::{BTreeMap, BTreeSet};

use portcullis::Policy;
use portcullis_forge::{
    Clamp, Comparison, Forged, Limit, Loosening, Movement, Parameter, State, Tighter, Value,
};
use proptest::{prelude::*, strategy::ValueTree, test_runner::FileFailurePersistence};
use serde_json::{Value as Json, json, value::RawValue};

use scenario::{NAMES, REGIMES, Scenario, scenario};
use support::{World, leverages};

/// A relative difference that floating-point arithmetic may cause.
const ROUNDING: f64 = 1e-12;

/// Returns the numbers in a group of a policy, such as `harvest_params`.
fn numbers(policy: &Policy, group: &str) -> BTreeMap<String, f64> {
    let text = policy.fields().get(group).map_or("{}", String::as_str);
    let texts: BTreeMap<String, &RawValue> = serde_json::from_str(text).unwrap();
    let number = |(name, text): (String, &RawValue)| (name, text.get().parse().unwrap());
    texts.into_iter().map(number).collect()
}

/// The harvest parameters and the limits of a policy by their paths, with the direction in which each is tighter.
type Settings = BTreeMap<&'static str, (Tighter, f64)>;

fn settings(policy: &Policy) -> Settings {
    let [harvest, kill, limits] =
        ["harvest_params", "kill_params", "limits"].map(|group| numbers(policy, group));
    let theta = Parameter::all().filter_map(|it| {
        let name = it.to_string();
        let value = harvest.get(&name).or_else(|| kill.get(&name))?;
        Some((it.path(), (it.tighter(), *value)))
    });
    let limits = Limit::all()
        .filter_map(|it| Some((it.path(), (it.tighter(), *limits.get(&it.to_string())?))));
    theta.chain(limits).collect()
}

fn members(policy: Option<&Policy>) -> BTreeMap<String, f64> {
    policy.map(leverages).unwrap_or_default()
}

fn config() -> ProptestConfig {
    ProptestConfig {
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct(
            "tests/regressions/laws.txt",
        ))),
        cases: 128,
        ..ProptestConfig::default()
    }
}

/// Returns an error if a number of the draft is loosened by more than its step permits.
fn check_bounds(scenario: &Scenario, world: &World, forged: &Forged) -> Result<(), TestCaseError> {
    let draft = forged.draft();
    let (max_step, max_step_24h) = (scenario.max_step, scenario.max_step_24h);
    let (active, day_ago) = (
        members(world.active.as_ref()),
        members(world.day_ago.as_ref()),
    );
    for (symbol, leverage) in leverages(draft) {
        let Some(was) = active.get(&symbol) else {
            prop_assert!(leverage <= 2.0, "{symbol} enters with {leverage}");
            continue;
        };
        let shown = |unrounded: f64| {
            if scenario.integer {
                unrounded.floor()
            } else {
                unrounded
            }
        };
        let symbol_key = support::symbol(&symbol);
        let state = world
            .state
            .leverage(&symbol_key)
            .filter(|it| shown(*it) == *was);
        let unrounded = forged.state().leverage(&symbol_key).unwrap();
        let run = state.unwrap_or(*was) * (1.0 + max_step);
        prop_assert!(
            unrounded <= run * (1.0 + ROUNDING),
            "{symbol}: {unrounded} > {run}"
        );
        let day = day_ago.get(&symbol).unwrap_or(&2.0) * (1.0 + max_step_24h);
        prop_assert!(
            leverage <= was.max(day * (1.0 + ROUNDING)),
            "{symbol}: {leverage}, {was}, {day}"
        );
    }
    let Some(policy) = &world.active else {
        return Ok(());
    };
    let (before, then) = (settings(policy), world.day_ago.as_ref().map(settings));
    for (path, (tighter, value)) in settings(draft) {
        let was = before.get(path).map(|it| it.1);
        let Some(was) = was.filter(|was| tighter.is_looser(value, *was)) else {
            continue;
        };
        let (run, day) = scenario.step(path, was);
        prop_assert!(
            (value - was).abs() <= run + ROUNDING * value.abs(),
            "{path}: {was} to {value}"
        );
        match &then {
            None => prop_assert!(false, "{path} loosened without a policy of 24 hours ago"),
            Some(then) => {
                if let Some((_, then)) = then.get(path).copied() {
                    let day = day.unwrap_or(then * max_step_24h);
                    let is_within = !tighter.is_looser(value, then)
                        || (value - then).abs() <= day + ROUNDING * value.abs();
                    prop_assert!(is_within, "{path}: {then} to {value} in 24 hours");
                }
            }
        }
    }
    let new: Vec<String> = leverages(draft)
        .into_keys()
        .filter(|it| !active.contains_key(it))
        .collect();
    prop_assert!(new.len() <= scenario.max_new, "{new:?}");
    if new.iter().any(|it| !day_ago.contains_key(it)) {
        let recent = leverages(draft)
            .into_keys()
            .filter(|it| !day_ago.contains_key(it))
            .count();
        prop_assert!(recent <= scenario.max_new_24h, "{recent} of {new:?}");
    }
    Ok(())
}

proptest! {
    #![proptest_config(config())]

    /// Planted bugs: `window_end` is not stored in the state, so that a window counts twice after the state was read; the
    /// numbers of the state are read with `serde_json` alone.
    #[test]
    fn same_inputs_give_the_same_bytes(scenario in scenario()) {
        scenario.run(&NAMES, |world, features, result| {
            let mut stored = world.clone();
            stored.state = State::from_json(&world.state.to_json()).unwrap();
            let again = stored.forge(features);
            prop_assert_eq!(result, &again);
            if let (Ok(one), Ok(other)) = (result, again) {
                prop_assert_eq!(one.draft().fields(), other.draft().fields());
                prop_assert_eq!(one.state().to_json(), other.state().to_json());
                prop_assert_eq!(one.derivation().to_json(), other.derivation().to_json());
            }
            Ok(())
        })?;
    }

    /// Planted bugs: only the first of the two bounds is applied; `max_step_24h` is applied to the active policy; a new
    /// symbol begins with its target; `max_new` is not counted; the members that were not in the policy of 24 hours ago
    /// are not counted; the state is used although the active policy has another leverage; no policy of 24 hours ago sets
    /// no bound.
    #[test]
    fn loosening_is_bounded(scenario in scenario()) {
        scenario.run(&NAMES, |world, _, result| match result {
            Ok(forged) => check_bounds(&scenario, world, forged),
            Err(_) => Ok(()),
        })?;
    }

    /// Planted bugs: a tighter target is reached in two runs; the bound of 24 hours tightens a number; a constant price
    /// is found only by `sigma`; a member with a low volume stays; the regime of the market does not apply to leverages.
    #[test]
    fn tightening_is_immediate(scenario in scenario()) {
        scenario.run(&NAMES, |world, features, result| {
            let Ok(forged) = result else { return Ok(()) };
            for field in &forged.derivation().fields {
                let (Some(target), Some(Value::Number(was))) = (field.target, &field.was) else { continue };
                let parameter = Parameter::all().find(|it| it.path() == field.field);
                let tighter = parameter.map_or(Tighter::Lower, Parameter::tighter);
                let Value::Number(value) = field.value else { continue };
                if tighter.is_looser(*was, target) {
                    let target = if scenario.integer && field.field.starts_with("leverage") { target.floor() } else { target };
                    prop_assert_eq!(value, target, "{}", field.field);
                } else {
                    prop_assert!(!tighter.is_looser(*was, value), "{}: {} to {}", field.field, was, value);
                }
            }
            let json: Json = serde_json::from_str(&features.to_json()).unwrap();
            for (symbol, leverage) in leverages(forged.draft()) {
                let highest = scenario.highest_leverage(&json["symbols"][&symbol], &symbol, forged, world);
                let is_within = highest.is_some_and(|highest| leverage <= highest * (1.0 + ROUNDING));
                prop_assert!(is_within, "{} has {}, but at most {:?}", symbol, leverage, highest);
            }
            Ok(())
        })?;
    }

    /// Planted bugs: `max_leverage` is not applied to a target of a model; `max_intent_age` is not applied to the limit of
    /// the same name; the permitted symbols of the guardrails are not applied.
    #[test]
    fn no_draft_violates_the_guardrails(scenario in scenario()) {
        scenario.run(&NAMES, |world, features, result| {
            if let Err(error) = result {
                prop_assert!(!error.to_string().contains("guardrails:"), "{}", error);
            }
            let Ok(forged) = result else { return Ok(()) };
            let draft = forged.draft();
            let violation = world.guardrails.violations(draft, Some(features.window_end())).next();
            prop_assert_eq!(violation, None);
            let limit = |name: &str| numbers(draft, "limits").get(name).copied();
            let within = |limit: Option<f64>, bound: Option<f64>| match (limit, bound) {
                (Some(limit), Some(bound)) => limit <= bound,
                _ => true,
            };
            let notional = world.guardrails.max_notional_usd().map(|it| it.get());
            prop_assert!(within(limit("max_notional_usd"), notional));
            let age = world.guardrails.max_intent_age().map(|it| f64::from(u32::try_from(it.as_micros()).unwrap()) / 1e6);
            prop_assert!(within(limit("max_intent_age_sec"), age));
            Ok(())
        })?;
    }

    /// Planted bugs: the members with the first names are selected; the market has the measures of the first symbol.
    #[test]
    fn exchanged_symbols_exchange_the_output(scenario in scenario(), shift in 1..NAMES.len()) {
        let mut names = NAMES;
        names.rotate_left(shift);
        let trace = |names: &[&'static str; 6]| {
            let mut drafts = Vec::new();
            scenario.run(names, |_, _, result| {
                drafts.push(result.as_ref().ok().map(|forged| {
                    let place = |name: &String| names.iter().position(|it| it == name);
                    let leverages: BTreeSet<String> = leverages(forged.draft())
                        .iter()
                        .map(|(name, leverage)| format!("{:?} {leverage}", place(name)))
                        .collect();
                    (leverages, settings(forged.draft()))
                }));
                Ok(())
            }).map(|()| drafts)
        };
        prop_assert_eq!(trace(&NAMES)?, trace(&names)?);
    }

    /// Planted bugs: new symbols enter; the limits are loosened.
    #[test]
    fn held_loosening_is_nowhere_looser(scenario in scenario()) {
        scenario.run(&NAMES, |world, features, _| {
            let mut held = world.clone();
            held.loosening = Loosening::Held;
            let (Ok(forged), Some(active)) = (held.forge(features), &world.active) else { return Ok(()) };
            prop_assert!(!forged.derivation().is_looser(), "{}", forged.derivation());
            let was = leverages(active);
            for (symbol, leverage) in leverages(forged.draft()) {
                prop_assert!(was.get(&symbol).is_some_and(|was| leverage <= *was), "{symbol} {leverage}");
            }
            let before = settings(active);
            for (path, (tighter, value)) in settings(forged.draft()) {
                let was = before.get(path).map(|it| it.1);
                prop_assert!(was.is_none_or(|was| !tighter.is_looser(value, was)), "{path} {value}");
            }
            Ok(())
        })?;
    }

    /// Planted bugs: a leverage and its target are exchanged; a harvest parameter and its target are exchanged.
    #[test]
    fn no_draft_is_looser_than_its_targets(scenario in scenario()) {
        scenario.run(&NAMES, |world, _, result| {
            let Ok(forged) = result else { return Ok(()) };
            let tighter = |policy: &Policy| -> Vec<String> {
                let targets = Comparison::of_targets(policy, forged.derivation()).unwrap();
                targets.tighter().map(str::to_owned).collect()
            };
            prop_assert_eq!(tighter(forged.draft()), Vec::<String>::new());
            // A number of the active policy that is looser than its target is tightened at once.
            let Some(active) = &world.active else { return Ok(()) };
            for path in tighter(active) {
                let mut fields = forged.derivation().fields.iter();
                let field = fields.find(|it| it.field == path);
                prop_assert!(field.is_none_or(|it| it.movement == Movement::Tighter), "{}", path);
            }
            Ok(())
        })?;
    }

    /// The derivation states a change if and only if the numbers of the draft and the active policy differ.
    /// Planted bug: a symbol that leaves is not a change.
    #[test]
    fn a_change_is_stated(scenario in scenario()) {
        scenario.run(&NAMES, |world, _, result| {
            let (Ok(forged), Some(active)) = (result, &world.active) else { return Ok(()) };
            let draft = forged.draft();
            let validity = |policy: &Policy| Some(policy.valid_until().since(policy.valid_from()?));
            let is_equal = leverages(draft) == leverages(active)
                && settings(draft) == settings(active)
                && validity(draft) == validity(active);
            prop_assert_eq!(forged.derivation().is_changed(), !is_equal, "{}", forged.derivation());
            Ok(())
        })?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..config() })]

    /// Planted bugs: a parameter that is tighter if higher is stepped by a share of its value; a leverage never loosens;
    /// the state of a leverage is the rounded one.
    #[test]
    fn unchanged_features_lead_to_a_fixpoint(scenario in scenario(), is_day_ago_fixed in any::<bool>()) {
        let (mut world, last) = scenario.play(&NAMES);
        let mut minute = scenario.end();
        let mut previous: Option<Forged> = None;
        for _ in 0..150 {
            minute += 5;
            let (targets, features) = scenario.window(&NAMES, last, minute);
            world.targets = targets;
            if !is_day_ago_fixed {
                world.day_ago = world.active.clone();
            }
            let Ok(forged) = world.forge(&features) else { return Ok(()) };
            world.state = forged.state().clone();
            if forged.derivation().is_changed() {
                world.active = Some(forged.draft().clone());
            }
            previous = Some(forged);
        }
        let forged = previous.unwrap();
        prop_assert!(!forged.derivation().is_changed(), "{}", forged.derivation());
        if !is_day_ago_fixed && forged.derivation().market_features.contains_key("sigma") {
            for field in forged.derivation().fields.iter().filter(|it| it.target.is_some()) {
                let target = field.target.unwrap();
                let is_leverage = field.field.starts_with("leverage") && scenario.integer;
                // A step of 24 hours cannot raise this leverage, which only a person can have published, by one.
                if let (true, Value::Number(value)) = (is_leverage, &field.value)
                    && value * scenario.max_step_24h < 1.0
                {
                    prop_assert!(field.clamps.contains(&Clamp::MaxStep24h), "{}", field.field);
                    continue;
                }
                let expected = if is_leverage { target.floor() } else { target };
                prop_assert_eq!(&field.value, &Value::Number(expected), "{}", field.field);
            }
        }
    }
}

#[test]
fn the_scenarios_reach_each_kind_of_result() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut found: BTreeMap<&str, usize> = BTreeMap::new();
    for _ in 0..200 {
        let scenario = scenario().new_tree(&mut runner).unwrap().current();
        let count = |world: &World, _: &_, result: &Result<Forged, _>| {
            let mut add =
                |name, is_found: bool| *found.entry(name).or_default() += usize::from(is_found);
            let Ok(forged) = result else {
                add("refused", true);
                return Ok(());
            };
            let derivation = forged.derivation();
            add("changed", derivation.is_changed());
            add("unchanged", !derivation.is_changed());
            add(
                "tighter only",
                derivation.is_changed() && !derivation.is_looser(),
            );
            add("closed", leverages(forged.draft()).is_empty());
            add("model", world.targets.is_some());
            add(
                "grown",
                derivation.fields.iter().any(|it| {
                    it.field.starts_with("leverage")
                        && it.movement == Movement::Looser
                        && it.was.is_some()
                }),
            );
            for regime in ["range", "trend", "volatile", "crisis"] {
                add(regime, derivation.market.regime == regime);
            }
            for left in &derivation.left {
                let json = serde_json::to_value(&left.reason).unwrap();
                for name in [
                    "missing",
                    "below",
                    "above",
                    "max_members",
                    "max_new",
                    "max_new24h",
                    "not_in_guardrails",
                ] {
                    add(name, json.get(name).is_some() || json == name);
                }
                add("constant_price", json == json!("constant_price"));
            }
            let clamps: BTreeSet<_> = derivation.fields.iter().flat_map(|it| &it.clamps).collect();
            for clamp in clamps {
                *found
                    .entry(
                        match serde_json::to_value(clamp).unwrap().as_str().unwrap() {
                            "cap" => "cap",
                            "guardrail" => "guardrail",
                            "max_step" => "max_step",
                            "max_step24h" => "max_step24h",
                            "start_leverage" => "start_leverage",
                            "held" => "held",
                            "rounded_down" => "rounded_down",
                            _ => "other clamp",
                        },
                    )
                    .or_default() += 1;
            }
            Ok(())
        };
        scenario.run(&NAMES, count).unwrap();
    }
    for (name, count) in &found {
        assert!(*count > 5, "{name}: {count} of {found:?}");
    }
    assert!(found.len() >= 25, "{found:?}");
}
