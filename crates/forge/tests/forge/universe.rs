//! Tests of the members of the universe.

use std::collections::BTreeSet;

use portcullis::{Guardrails, types::Leverage};
use portcullis_forge::{Clamp, Comparison, ForgeError, Forged, Loosening, Movement, Targets};
use serde_json::{Value as Json, json};

use crate::support::{World, features, field, leverages, policy, symbol, templates, trend, with};

fn world() -> World {
    let active = policy("trend", &json!({"BTCUSDT": 8, "ETHUSDT": 8}));
    World::with_policy(templates(&[]), &active)
}

/// Runs the forge with other features of BTCUSDT. Returns the texts of the symbols that are not members.
fn left(world: &World, btc: Json) -> Vec<String> {
    let symbols = json!({"BTCUSDT": btc, "ETHUSDT": trend()});
    let forged = world.forge(&features(0, &symbols)).unwrap();
    assert_eq!(members(&forged), ["ETHUSDT"]);
    let left = forged.derivation().left.iter().map(ToString::to_string);
    left.filter(|it| !it.starts_with("SOL")).collect()
}

fn members(forged: &Forged) -> Vec<String> {
    leverages(forged.draft()).into_keys().collect()
}

#[test]
fn a_symbol_that_cannot_be_measured_leaves() {
    let world = world();
    for name in ["sigma", "ts", "p_chop", "spread", "volume"] {
        let expected = format!("BTCUSDT leaves the universe: feature `{name}` is missing");
        assert_eq!(left(&world, with(&trend(), name, Json::Null)), [expected]);
    }
    for (name, value, expected) in [
        (
            "sigma",
            json!(0),
            "its price does not change, as in a frozen feed",
        ),
        (
            "flat",
            json!(6),
            "its price does not change, as in a frozen feed",
        ),
        ("sigma", json!(0.00099), "sigma 0.00099 is below 0.001"),
        (
            "volume",
            json!(999_999.5),
            "volume 999999.5 is below 1000000",
        ),
        ("spread", json!(0.0021), "spread 0.0021 is above 0.002"),
        ("sigma", json!(0.13), "leverage 1.23077 is below 2"),
    ] {
        let expected = format!("BTCUSDT leaves the universe: {expected}");
        assert_eq!(left(&world, with(&trend(), name, value)), [expected]);
    }
}

#[test]
fn values_at_their_bounds_are_permitted() {
    let at = |name, value| with(&trend(), name, value);
    for btc in [
        at("flat", json!(5)),
        at("flat", Json::Null),
        at("volume", json!(1_000_000)),
        at("spread", json!(0.002)),
        at("sigma", json!(0.001)),
    ] {
        let forged = world()
            .forge(&features(0, &json!({"BTCUSDT": btc})))
            .unwrap();
        assert_eq!(members(&forged), ["BTCUSDT"]);
    }
}

#[test]
fn a_symbol_without_features_or_permission_leaves() {
    let forged = world()
        .forge(&features(
            0,
            &json!({"ETHUSDT": trend(), "XRPUSDT": trend()}),
        ))
        .unwrap();
    let left: Vec<String> = forged
        .derivation()
        .left
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        left,
        [
            "BTCUSDT leaves the universe: feature `all` is missing",
            "SOLUSDT is not in the universe: feature `all` is missing",
            "XRPUSDT is not in the universe: `permitted_symbols` of the templates does not list it",
        ]
    );
    let mut world = world();
    world.guardrails =
        Guardrails::none().with_permitted_symbols(BTreeSet::from([symbol("ETHUSDT")]));
    let left = self::left(&world, trend());
    assert_eq!(
        left,
        ["BTCUSDT leaves the universe: the guardrails do not permit it"]
    );
}

#[test]
fn a_leverage_below_min_is_not_raised_by_a_model_or_a_guardrail() {
    let mut world = world();
    let targets = r#"{"window_end": "2026-01-05T00:00:00Z", "leverage_by_symbol": {"BTCUSDT": 1.9}, "harvest_params": {}, "kill_params": {}}"#;
    world.targets = Some(Targets::from_json(targets).unwrap());
    assert_eq!(
        left(&world, trend()),
        ["BTCUSDT leaves the universe: leverage 1.9 is below 2"]
    );
    world.targets = None;
    world.guardrails = Guardrails::none().with_max_leverage(Leverage::new(1.5).unwrap());
    let symbols = json!({"BTCUSDT": trend(), "ETHUSDT": trend()});
    let forged = world.forge(&features(0, &symbols)).unwrap();
    assert!(members(&forged).is_empty());
}

#[test]
fn a_target_of_a_model_passes_through_the_same_clamps() {
    let mut world = world();
    let symbols = json!({"BTCUSDT": trend(), "ETHUSDT": trend()});
    for (target, expected, clamps) in [
        (
            100.0,
            8.0,
            vec![Clamp::Cap, Clamp::MaxStep, Clamp::RoundedDown],
        ),
        (8.5, 8.0, vec![Clamp::RoundedDown]),
        (3.7, 3.0, vec![Clamp::RoundedDown]),
        (3.0, 3.0, vec![]),
    ] {
        let targets = json!({"window_end": "2026-01-05T00:00:00Z", "leverage_by_symbol": {"BTCUSDT": target}, "harvest_params": {}, "kill_params": {}});
        world.targets = Some(Targets::from_json(&targets.to_string()).unwrap());
        let forged = world.forge(&features(0, &symbols)).unwrap();
        assert_eq!(leverages(forged.draft())["BTCUSDT"], expected);
        assert_eq!(
            field(forged.derivation(), "leverage_by_symbol.BTCUSDT").clamps,
            clamps,
            "{target}"
        );
    }
}

#[test]
fn the_members_have_the_greatest_volumes() {
    let volume = |volume: f64| with(&trend(), "volume", json!(volume));
    let symbols = json!({"BTCUSDT": volume(3e7), "ETHUSDT": volume(2e7), "SOLUSDT": volume(4e7)});
    let forged = world().forge(&features(0, &symbols)).unwrap();
    assert_eq!(members(&forged), ["BTCUSDT", "SOLUSDT"]);
    assert_eq!(leverages(forged.draft())["SOLUSDT"], 2.0);
    let sol = field(forged.derivation(), "leverage_by_symbol.SOLUSDT");
    assert_eq!(
        (&*sol.clamps, &sol.was),
        (&[Clamp::StartLeverage][..], &None)
    );
    let left = forged.derivation().left.iter().map(ToString::to_string);
    let expected = "ETHUSDT leaves the universe: 2 symbols have a greater volume (`max_members`)";
    assert_eq!(left.collect::<Vec<_>>(), [expected]);
}

/// Templates with room for three members.
fn roomy() -> portcullis_forge::Templates {
    templates(&[("max_members = 2", "max_members = 3")])
}

#[test]
fn one_symbol_enters_per_run_and_two_per_day() {
    let all = json!({"BTCUSDT": trend(), "ETHUSDT": trend(), "SOLUSDT": trend()});
    let mut world = World::new(roomy());
    assert_eq!(members(&world.publish(&features(0, &all))), ["BTCUSDT"]);
    assert_eq!(
        members(&world.publish(&features(5, &all))),
        ["BTCUSDT", "ETHUSDT"]
    );
    let forged = world.publish(&features(10, &all));
    assert_eq!(members(&forged), ["BTCUSDT", "ETHUSDT"]);
    let expected = "SOLUSDT is not in the universe: 2 symbols were not in the policy of 24 hours ago (`max_new_24h`)";
    assert_eq!(forged.derivation().left[0].to_string(), expected);
    // A day later.
    world.day_ago = world.active.clone();
    assert_eq!(
        members(&world.publish(&features(15, &all))),
        ["BTCUSDT", "ETHUSDT", "SOLUSDT"]
    );
}

#[test]
fn symbols_leave_at_once_and_return_one_per_run() {
    let all = json!({"BTCUSDT": trend(), "ETHUSDT": trend(), "SOLUSDT": trend()});
    let active = policy("trend", &json!({"BTCUSDT": 8, "ETHUSDT": 8, "SOLUSDT": 8}));
    let mut world = World::with_policy(roomy(), &active);
    assert_eq!(
        members(&world.publish(&features(0, &json!({"SOLUSDT": trend()})))),
        ["SOLUSDT"]
    );
    let forged = world.publish(&features(5, &all));
    assert_eq!(members(&forged), ["BTCUSDT", "SOLUSDT"]);
    // The earlier leverage of 8 is not kept.
    assert_eq!(leverages(forged.draft())["BTCUSDT"], 2.0);
    assert_eq!(
        members(&world.publish(&features(10, &all))),
        ["BTCUSDT", "ETHUSDT", "SOLUSDT"]
    );
}

#[test]
fn without_members_all_entries_are_skipped_and_theta_stays() {
    let frozen = with(&trend(), "sigma", json!(0));
    let mut world = world();
    world.publish(&features(
        0,
        &json!({"BTCUSDT": trend(), "ETHUSDT": trend()}),
    ));
    let symbols = json!({"BTCUSDT": frozen, "ETHUSDT": frozen});
    let forged = world.publish(&features(5, &symbols));
    assert_eq!(leverages(forged.draft()).len(), 0);
    let listed: Vec<String> = forged.draft().symbols().map(|it| it.to_string()).collect();
    assert_eq!(listed, ["BTCUSDT", "ETHUSDT"]);
    assert!(forged.derivation().is_changed() && !forged.derivation().is_looser());
    let universe = field(forged.derivation(), "universe_symbols");
    assert_eq!(universe.movement, Movement::Tighter);
    let again = world.publish(&features(10, &symbols));
    assert!(!again.derivation().is_changed(), "{}", again.derivation());
}

#[test]
fn without_members_and_without_a_policy_there_is_no_draft() {
    let frozen = with(&trend(), "sigma", json!(0));
    let world = World::new(templates(&[]));
    let error = world
        .forge(&features(0, &json!({"BTCUSDT": frozen})))
        .unwrap_err();
    assert_eq!(error, ForgeError::NoRegime);
    let thin = with(&trend(), "volume", json!(1));
    let error = world
        .forge(&features(0, &json!({"BTCUSDT": thin})))
        .unwrap_err();
    assert!(
        error.to_string().starts_with(
            "no symbol can be in the universe: BTCUSDT is not in the universe: volume 1 is below 1000000; ETHUSDT"
        ),
        "{error}"
    );
}

#[test]
fn no_symbol_enters_while_loosening_is_held_back() {
    let mut world = world();
    world.loosening = Loosening::Held;
    let symbols = json!({"BTCUSDT": with(&trend(), "sigma", json!(0.06)), "SOLUSDT": trend()});
    let forged = world.forge(&features(0, &symbols)).unwrap();
    assert_eq!(
        leverages(forged.draft()).into_iter().collect::<Vec<_>>(),
        [("BTCUSDT".to_owned(), 3.0)]
    );
    let held = forged
        .derivation()
        .left
        .iter()
        .map(ToString::to_string)
        .nth(1);
    assert_eq!(
        held.unwrap(),
        "SOLUSDT is not in the universe: loosening is held back"
    );
    assert!(!forged.derivation().is_looser(), "{}", forged.derivation());
}

/// The computed leverage of the regime `trend` is 12, which the draft reaches in steps.
#[test]
fn a_policy_is_compared_with_the_targets_and_not_with_the_draft() {
    let active = policy("trend", &json!({"BTCUSDT": 8}));
    let world = World::with_policy(templates(&[]), &active);
    let symbols = json!({"BTCUSDT": trend(), "ETHUSDT": trend(), "SOLUSDT": trend()});
    let forged = world.forge(&features(0, &symbols)).unwrap();
    assert_eq!(leverages(forged.draft()).get("BTCUSDT"), Some(&8.0));
    let tighter = |leverages: &Json| {
        let candidate = policy("trend", leverages);
        let targets = Comparison::of_targets(&candidate, forged.derivation()).unwrap();
        targets.tighter().map(str::to_owned).collect::<Vec<_>>()
    };
    assert!(tighter(&json!({"BTCUSDT": 12})).is_empty());
    assert_eq!(
        tighter(&json!({"BTCUSDT": 12.5})),
        ["leverage_by_symbol.BTCUSDT"]
    );
    // One new symbol enters in this run, and the universe has two members at most.
    assert!(tighter(&json!({"ETHUSDT": 2})).is_empty());
    assert_eq!(
        tighter(&json!({"SOLUSDT": 2})),
        ["leverage_by_symbol.SOLUSDT"]
    );
    assert_eq!(
        tighter(&json!({"XRPUSDT": 2})),
        ["leverage_by_symbol.XRPUSDT"]
    );
    let calm = policy("range", &json!({"BTCUSDT": 12}));
    let targets = Comparison::of_targets(&calm, forged.derivation()).unwrap();
    assert!(targets.looser().chain(targets.tighter()).count() > 0);
}
