//! Tests of regimes and of the numbers that they determine.

use portcullis::{
    Guardrails,
    types::{Notional, SignedDuration},
};
use portcullis_forge::{Clamp, Movement, Pending, Targets};
use serde_json::json;

use crate::support::{
    World, features, field, leverages, minute, number, policy, symbol, templates, trend, with,
};

/// Returns the regime of the market, its first minute, and the pending change.
fn market(world: &World) -> (String, i64, Option<(String, u32)>) {
    let market = world.state.market().unwrap();
    let micros = market.since.since(minute(0)).as_micros();
    let pending = market.pending.clone();
    let pending = pending.map(|Pending { regime, windows }| (regime, windows));
    (market.regime.clone(), micros / 60_000_000, pending)
}

#[test]
fn a_regime_is_kept_within_its_exit_thresholds_and_confirmed() {
    let mut world = World::new(templates(&[]));
    let mut run = |minute: i64, ts: f64| {
        world.publish(&features(
            minute,
            &json!({"BTCUSDT": with(&trend(), "ts", json!(ts))}),
        ));
        market(&world)
    };
    let pending = |windows| Some(("range".to_owned(), windows));
    assert_eq!(run(0, 0.5), ("trend".to_owned(), 0, None));
    assert_eq!(run(5, 0.4), ("trend".to_owned(), 0, None));
    assert_eq!(run(10, 0.39), ("trend".to_owned(), 0, pending(1)));
    // A second run for the same window is not counted.
    assert_eq!(run(10, 0.39), ("trend".to_owned(), 0, pending(1)));
    assert_eq!(run(15, 0.39), ("trend".to_owned(), 0, pending(2)));
    // A value within the exit threshold ends the pending change.
    assert_eq!(run(20, 0.4), ("trend".to_owned(), 0, None));
    assert_eq!(run(25, 0.1), ("trend".to_owned(), 0, pending(1)));
    assert_eq!(run(30, 0.1), ("trend".to_owned(), 0, pending(2)));
    assert_eq!(run(35, 0.1), ("range".to_owned(), 35, None));
    assert_eq!(run(40, 0.59), ("range".to_owned(), 35, None));
}

#[test]
fn a_window_without_usable_features_ends_a_pending_change() {
    let mut world = World::with_policy(templates(&[]), &policy("trend", &json!({"BTCUSDT": 8})));
    let mut run = |minute: i64, field: &str, value: f64| {
        world.publish(&features(
            minute,
            &json!({"BTCUSDT": with(&trend(), field, json!(value))}),
        ));
        market(&world).2
    };
    assert_eq!(run(0, "ts", 0.5), None);
    assert_eq!(run(5, "ts", 0.1), Some(("range".to_owned(), 1)));
    assert_eq!(run(10, "sigma", 0.0), None);
    assert_eq!(run(15, "ts", 0.1), Some(("range".to_owned(), 1)));
}

#[test]
fn a_pending_change_to_another_regime_starts_again() {
    let slow = templates(&[(
        "[regimes.volatile]\nconfirm = 1",
        "[regimes.volatile]\nconfirm = 2",
    )]);
    let mut world = World::new(slow);
    let mut run = |minute: i64, field: &str, value: f64| {
        world.publish(&features(
            minute,
            &json!({"BTCUSDT": with(&trend(), field, json!(value))}),
        ));
        market(&world)
    };
    run(0, "ts", 0.5);
    assert_eq!(run(5, "ts", 0.1).2, Some(("range".to_owned(), 1)));
    assert_eq!(run(10, "sigma", 0.05).2, Some(("volatile".to_owned(), 1)));
    assert_eq!(run(15, "sigma", 0.05), ("volatile".to_owned(), 15, None));
}

#[test]
fn a_crisis_of_the_market_applies_to_a_calm_symbol() {
    let active = policy("trend", &json!({"BTCUSDT": 8, "ETHUSDT": 8}));
    let mut world = World::with_policy(
        templates(&[("\"SOLUSDT\"]", "\"SOLUSDT\", \"A\", \"B\"]")]),
        &active,
    );
    let crisis = with(&trend(), "sigma", json!(0.09));
    let symbols = json!({"BTCUSDT": trend(), "A": crisis, "B": crisis});
    let forged = world.publish(&features(0, &symbols));
    assert_eq!(market(&world).0, "crisis");
    assert_eq!(
        world.state.regime(&symbol("BTCUSDT")).unwrap().regime,
        "trend"
    );
    assert_eq!(leverages(forged.draft())["BTCUSDT"], 2.0);
    let leverage = field(forged.derivation(), "leverage_by_symbol.BTCUSDT");
    assert_eq!(
        (leverage.target, &*leverage.clamps),
        (Some(2.0), &[Clamp::Cap][..])
    );
    // θ and limits are tightened at once.
    assert_eq!(number(forged.derivation(), "harvest_params.T1_R"), 0.8);
    assert_eq!(number(forged.derivation(), "kill_params.trend_min"), 0.4);
    assert_eq!(
        number(forged.derivation(), "limits.max_notional_usd"),
        2000.0
    );
    assert_eq!(number(forged.derivation(), "valid_until_epoch"), 900.0);
    assert!(!forged.derivation().is_looser(), "{}", forged.derivation());
}

#[test]
fn the_measures_of_the_market_are_medians() {
    let mut world = World::new(templates(&[]));
    let sigma = |sigma: f64| with(&trend(), "sigma", json!(sigma));
    let symbols = json!({"BTCUSDT": sigma(0.02), "ETHUSDT": sigma(0.06)});
    let two = world.publish(&features(0, &symbols));
    assert_eq!(two.derivation().market_features["sigma"], 0.04);
    let symbols = json!({"BTCUSDT": sigma(0.02), "ETHUSDT": sigma(0.06), "SOLUSDT": sigma(0.025), "XRPUSDT": sigma(9.0)});
    let three = world.publish(&features(5, &symbols));
    assert_eq!(three.derivation().market_features["sigma"], 0.025);
}

#[test]
fn theta_limits_and_validity_loosen_in_steps() {
    let active = policy("volatile", &json!({"BTCUSDT": 8}));
    let mut world = World::with_policy(templates(&[]), &active);
    let mut rows = Vec::new();
    for run in 0..8 {
        let forged = world.publish(&features(5 * run, &json!({"BTCUSDT": trend()})));
        let of = |path| number(forged.derivation(), path);
        rows.push(format!(
            "{:.1} {:.2} {:.2} {:.0} {}",
            of("harvest_params.T1_R"),
            of("harvest_params.k_age_penalty"),
            of("kill_params.trend_min"),
            of("limits.max_notional_usd"),
            of("valid_until_epoch")
        ));
    }
    assert_eq!(
        rows,
        [
            "1.3 0.25 0.28 22000 3600",
            "1.4 0.20 0.26 24000 3600",
            "1.5 0.15 0.24 24000 3600",
            "1.6 0.10 0.22 24000 3600",
            "1.7 0.10 0.20 24000 3600",
            "1.7 0.10 0.20 24000 3600",
            "1.7 0.10 0.20 24000 3600",
            "1.7 0.10 0.20 24000 3600",
        ]
    );
    world.day_ago = world.active.clone();
    let forged = world.publish(&features(60, &json!({"BTCUSDT": trend()})));
    assert_eq!(number(forged.derivation(), "harvest_params.T1_R"), 1.8);
    let penalty = number(forged.derivation(), "harvest_params.k_age_penalty");
    assert!((penalty - 0.05).abs() < 1e-12, "{penalty}");
    let forged = world.publish(&features(65, &json!({"BTCUSDT": trend()})));
    assert_eq!(
        number(forged.derivation(), "harvest_params.k_age_penalty"),
        0.0
    );
}

#[test]
fn the_validity_loosens_in_fractions_of_a_second() {
    let mut world = World::new(templates(&[("validity_sec = 900", "validity_sec = 8")]));
    world.publish(&features(
        0,
        &json!({"BTCUSDT": with(&trend(), "sigma", json!(0.08))}),
    ));
    world.templates = templates(&[("validity_sec = 3600", "validity_sec = 12")]);
    world.day_ago = world.active.clone();
    let mut shown = Vec::new();
    for run in 1..9 {
        let forged = world.publish(&features(5 * run, &json!({"BTCUSDT": trend()})));
        let validity = forged
            .draft()
            .valid_until()
            .since(forged.draft().valid_from().unwrap());
        shown.push(validity.as_micros() / 1_000_000);
    }
    assert_eq!(shown, [8, 9, 10, 11, 12, 12, 12, 12]);
}

#[test]
fn nothing_but_leverages_loosens_without_a_policy_of_24_hours_ago() {
    let mut world = World::with_policy(templates(&[]), &policy("volatile", &json!({"BTCUSDT": 4})));
    world.day_ago = None;
    let forged = world.publish(&features(0, &json!({"BTCUSDT": trend()})));
    for (path, value) in [
        ("harvest_params.T1_R", 1.2),
        ("limits.max_notional_usd", 20000.0),
    ] {
        let field = field(forged.derivation(), path);
        assert_eq!(number(forged.derivation(), path), value);
        assert_eq!(
            (field.movement, &*field.clamps),
            (Movement::Unchanged, &[Clamp::DayAgoUnknown][..])
        );
    }
    // A symbol that was not in the policy of 24 hours ago counts with `start_leverage`, so the bound is 3.
    let leverage = field(forged.derivation(), "leverage_by_symbol.BTCUSDT");
    assert_eq!(
        (leverage.movement, &*leverage.clamps),
        (Movement::Unchanged, &[Clamp::MaxStep24h][..])
    );
}

#[test]
fn guardrails_bound_limits_and_validity() {
    let mut world = World::new(templates(&[]));
    world.guardrails = Guardrails::none()
        .with_max_notional_usd(Notional::new(5000.0).unwrap())
        .with_max_intent_age(SignedDuration::from_micros(20_500_000))
        .with_max_validity(SignedDuration::from_micros(600_000_000))
        .with_required_policy_hash()
        .with_required_metadata_ok();
    let forged = world.publish(&features(0, &json!({"BTCUSDT": trend()})));
    assert_eq!(
        number(forged.derivation(), "limits.max_notional_usd"),
        5000.0
    );
    assert_eq!(
        number(forged.derivation(), "limits.max_intent_age_sec"),
        20.5
    );
    assert_eq!(number(forged.derivation(), "valid_until_epoch"), 600.0);
    assert_eq!(
        field(forged.derivation(), "valid_until_epoch").clamps,
        [Clamp::Guardrail]
    );
}

#[test]
fn a_draft_for_another_market_is_refused() {
    let mut world = World::new(templates(&[]));
    world.guardrails = Guardrails::none().with_market("futures");
    let error = world
        .forge(&features(0, &json!({"BTCUSDT": trend()})))
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "the draft violates the guardrails: the policy has no `market`; the guardrails require `futures`"
    );
    world.templates = templates(&[("format = 1", "format = 1\nmarket = \"futures\"")]);
    assert_eq!(
        world
            .publish(&features(0, &json!({"BTCUSDT": trend()})))
            .draft()
            .market(),
        Some("futures")
    );
}

#[test]
fn a_limit_that_the_templates_do_not_state_is_kept() {
    let text = crate::support::replaced(&[(", max_intent_age_sec = ", " } # ")]);
    let templates = portcullis_forge::Templates::from_toml(&text).unwrap();
    let mut world = World::with_policy(templates, &policy("trend", &json!({"BTCUSDT": 8})));
    let forged = world.publish(&features(0, &json!({"BTCUSDT": trend()})));
    let kept = field(forged.derivation(), "limits.max_intent_age_sec");
    assert_eq!(
        number(forged.derivation(), "limits.max_intent_age_sec"),
        60.0
    );
    assert_eq!(kept.clamps, [Clamp::NotInTemplates]);
}

#[test]
fn targets_of_a_model_for_theta_are_stepped_and_validated() {
    let mut world = World::with_policy(templates(&[]), &policy("trend", &json!({"BTCUSDT": 8})));
    let targets = |harvest: serde_json::Value| {
        let text =
            json!({"window_end": "2026-01-05T00:00:00Z", "leverage_by_symbol": {}, "harvest_params": harvest, "kill_params": {}}).to_string();
        Some(Targets::from_json(&text).unwrap())
    };
    world.targets = targets(json!({"T1_R": 3.0, "kill_threshold": 0.52}));
    let symbols = features(0, &json!({"BTCUSDT": trend()}));
    let forged = world.forge(&symbols).unwrap();
    assert!((number(forged.derivation(), "harvest_params.T1_R") - 1.9).abs() < 1e-12);
    assert_eq!(
        number(forged.derivation(), "harvest_params.kill_threshold"),
        0.52
    );
    world.targets = targets(json!({"T1_R": 3.5}));
    assert_eq!(
        world.forge(&symbols).unwrap_err().to_string(),
        "the targets of the model are invalid: `harvest_params.T2_R` is `3.5`, but must be greater than T1_R, which is 3.5"
    );
}
