//! Tests of the text of a derivation.

use portcullis_forge::Derivation;
use serde_json::json;

use crate::support::{PAGE, World, blocks, features, policy, templates, trend, with};

#[test]
fn each_field_of_a_draft_has_a_derivation() {
    let mut world = World::with_policy(templates(&[]), &policy("trend", &json!({"BTCUSDT": 8})));
    let forged = world.publish(&features(0, &json!({"BTCUSDT": trend()})));
    let derived: Vec<&str> = forged
        .derivation()
        .fields
        .iter()
        .map(|it| &*it.field)
        .collect();
    for (name, text) in forged.draft().fields() {
        let object: Option<serde_json::Map<_, _>> = serde_json::from_str(text).ok();
        let paths: Vec<String> = match object {
            Some(object) => object.keys().map(|key| format!("{name}.{key}")).collect(),
            None => vec![name.clone()],
        };
        for path in paths {
            assert!(derived.contains(&&*path), "{path}");
        }
    }
}

#[test]
fn the_text_of_a_derivation() {
    let mut world = World::with_policy(
        templates(&[]),
        &policy("trend", &json!({"ETHUSDT": 8, "BTCUSDT": 8})),
    );
    let sigma = |sigma: f64| with(&trend(), "sigma", json!(sigma));
    let symbols = json!({"ETHUSDT": sigma(0.031), "BTCUSDT": sigma(0.0), "SOLUSDT": sigma(0.05)});
    let forged = world.publish(&features(0, &symbols));
    let text = forged.derivation().to_string();
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].starts_with(
        "market: regime volatile since 2026-01-05T00:00:00Z; p_chop 0.3; sigma 0.0405; ts 0.55; window until 2026-01-05T00:00:00Z; templates "
    ), "{text}");
    for line in [
        "universe_symbols ETHUSDT, SOLUSDT; was BTCUSDT, ETHUSDT",
        "ETHUSDT 6x: volatility 0.031 against target 0.2; was 8x; regime volatile since 2026-01-05T00:00:00Z; limited by the cap of the regime",
        "SOLUSDT 2x: volatility 0.05 against target 0.2; was not in the universe; regime volatile since 2026-01-05T00:00:00Z; new symbol",
        "harvest_params.T1_R 1.2; was 1.8; regime volatile since 2026-01-05T00:00:00Z",
        "harvest_params.cost_bps 12; regime volatile since 2026-01-05T00:00:00Z",
        "limits.max_notional_usd 8000; was 20000; regime volatile since 2026-01-05T00:00:00Z",
        "valid_until_epoch 1800 s after the time of the run; was 3600; regime volatile since 2026-01-05T00:00:00Z",
        "harvest_grace_sec 7200",
        "BTCUSDT leaves the universe: its price does not change, as in a frozen feed",
    ] {
        assert!(lines.contains(&line), "{line}\n---\n{text}");
    }
    let stored = Derivation::from_json(&forged.derivation().to_json()).unwrap();
    assert_eq!(stored.to_string(), text);
    let example = blocks("text")
        .into_iter()
        .find(|it| it.contains("volatility"))
        .unwrap();
    assert!(text.contains(example), "{example}\n---\n{text}");
    assert!(PAGE.contains("ETHUSDT 6x"));
}

#[test]
fn a_number_before_its_target_states_the_target() {
    let mut world = World::with_policy(templates(&[]), &policy("volatile", &json!({"BTCUSDT": 4})));
    let text = world
        .publish(&features(0, &json!({"BTCUSDT": trend()})))
        .derivation()
        .to_string();
    let line = "harvest_params.T1_R 1.3, target 1.8; was 1.2; regime trend since 2026-01-05T00:00:00Z; limited by `max_step`";
    assert!(text.lines().any(|it| it == line), "{text}");
}
