use portcullis::{Policy, types::Symbol};
use portcullis_lifecycle::{Baselines, GatedPublishError, Outcome, gate::JudgeError};
use portcullis_store::{MemoryStore, PolicyStore as _, PublishError};
use serde_json::{Value, json};

use crate::support::*;

/// Returns the codes of the refusals; none if the draft was published.
fn codes(outcome: &Outcome) -> Vec<&'static str> {
    match outcome {
        Outcome::Tightening(_) | Outcome::Permitted(_) => Vec::new(),
        Outcome::PartlyRefused(_, refusals) | Outcome::Refused(refusals) => {
            refusals.iter().map(|it| it.code()).collect()
        }
    }
}

fn judged(active: &Policy, draft: &Policy, rules_text: &str, tape: &str) -> Vec<&'static str> {
    let store = store(&[(2 * DAY, active)]);
    let outcome = publish_draft(&store, draft, &rules(rules_text), (tape, &[])).unwrap();
    codes(&outcome)
}

fn active() -> Policy {
    policy(&[])
}

fn looser() -> Policy {
    policy(&[("/leverage_by_symbol/BTCUSDT", json!(5))])
}

#[test]
fn a_tightening_needs_no_history() {
    for change in [
        ("/leverage_by_symbol/BTCUSDT", json!(1)),
        ("/harvest_params/T1_R", json!(1.2)),
        ("/kill_params/trend_min", json!(0.3)),
        ("/limits/max_notional_usd", json!(100)),
        ("/limits/max_intent_age_sec", json!(10)),
        ("/valid_until_epoch", json!(NOW + HOUR / 2)),
    ] {
        let store = store(&[(2 * DAY, &active())]);
        let draft = policy(std::slice::from_ref(&change));
        let outcome = publish_draft(&store, &draft, &rules(RULES), ("", &[])).unwrap();
        assert!(
            matches!(outcome, Outcome::Tightening(_)),
            "{change:?}: {outcome:?}"
        );
        assert_eq!(store.load().unwrap().fields(), stored(&draft, 2).fields());
    }
}

/// Returns the policy as it is stored with a sequence.
fn stored(draft: &Policy, seq: u64) -> Policy {
    let mut fields = draft.fields().clone();
    fields.insert("policy_seq".to_owned(), seq.to_string());
    let hash = Policy::from_fields(fields.clone()).unwrap().hash();
    fields.insert("policy_hash".to_owned(), hash.to_string());
    Policy::from_fields(fields).unwrap()
}

#[test]
fn a_renewal_is_a_tightening() {
    let draft = policy(&[
        ("/valid_from_epoch", json!(NOW + 60)),
        ("/valid_until_epoch", json!(NOW + 2 * HOUR)),
    ]);
    assert_eq!(judged(&active(), &draft, RULES, ""), Vec::<&str>::new());
}

#[test]
fn every_looser_field_is_judged() {
    for change in [
        ("/leverage_by_symbol/BTCUSDT", json!(4.5)),
        ("/leverage_by_symbol/ETHUSDT", json!(1)),
        ("/harvest_params/T3_R", json!(5)),
        ("/harvest_params/be_plus_pct", json!(0.001)),
        ("/kill_params/max_age_sec", json!(50000)),
        ("/limits/max_notional_usd", json!(3000)),
        ("/limits/max_notional_usd", Value::Null),
        ("/valid_until_epoch", json!(NOW + 2 * HOUR)),
        ("/harvest_grace_sec", json!(60)),
        ("/venue", json!("another")),
        ("/market", json!("spot")),
    ] {
        let universe = ("/universe_symbols", json!(["BTCUSDT", "ETHUSDT"]));
        let draft = policy(&[universe, change.clone()]);
        let found = judged(&active(), &draft, RULES, "");
        assert_eq!(found[0], "PUBLISH_GATE_TOO_LITTLE_HISTORY", "{change:?}");
    }
}

#[test]
fn a_looser_draft_within_the_bounds_is_published_with_its_evidence() {
    let store = store(&[(2 * DAY, &active())]);
    let outcome = publish_draft(&store, &looser(), &rules(RULES), (&history(8), &[])).unwrap();
    let Outcome::Permitted(receipt) = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!(store.load().unwrap().hash(), receipt.hash());
    let gate = store.history(1).unwrap()[0].gate().unwrap().to_owned();
    let gate: Value = serde_json::from_str(&gate).unwrap();
    let evidence = &gate["evidence"];
    // In seven days there are 168 intents, every second one of a symbol in the universe.
    assert_eq!(
        [
            &gate["result"],
            &evidence["records"],
            &evidence["draft"]["trades"],
            &evidence["draft"]["notional_usd"],
            &evidence["baselines"][0]["policy"]["notional_usd"],
            &evidence["baselines"][0]["reached"],
        ],
        [
            &json!("permitted"),
            &json!(168),
            &json!(84),
            &json!(42000.0),
            &json!(33600.0),
            &json!(168)
        ]
    );
    let audit = store.audit().unwrap();
    assert!(audit.is_whole());
    let entry = audit.entries().last().unwrap().record();
    assert_eq!(entry.get("event"), Some("policy.published"));
    assert_eq!(entry.get("gate_sha256").map(str::len), Some(64));
}

#[test]
fn each_bound_refuses() {
    let eth = policy(&[
        ("/universe_symbols", json!(["BTCUSDT", "ETHUSDT"])),
        ("/leverage_by_symbol/ETHUSDT", json!(4)),
    ]);
    for (draft, bound, narrower, code) in [
        (
            looser(),
            "min_reached = 10",
            "min_reached = 169",
            "PUBLISH_GATE_TOO_LITTLE_HISTORY",
        ),
        (
            eth.clone(),
            "max_new_trades = 0.6",
            "max_new_trades = 0.49",
            "PUBLISH_GATE_NEW_TRADES",
        ),
        (eth, "max = 3", "max = 1.99", "PUBLISH_GATE_NOTIONAL"),
        (looser(), "min = 0.5", "min = 1.26", "PUBLISH_GATE_NOTIONAL"),
        (
            looser(),
            "max_leverage_rise = 2",
            "max_leverage_rise = 0.5",
            "PUBLISH_GATE_LEVERAGE",
        ),
    ] {
        let tape = history(8);
        assert_eq!(
            judged(&active(), &draft, RULES, &tape),
            Vec::<&str>::new(),
            "{code}"
        );
        let narrow = RULES.replace(bound, narrower);
        assert_eq!(judged(&active(), &draft, &narrow, &tape), [code]);
    }
}

#[test]
fn a_history_that_does_not_cover_the_window_refuses() {
    let short = "PUBLISH_GATE_TOO_LITTLE_HISTORY";
    assert_eq!(judged(&active(), &looser(), RULES, &history(6)), [short]);
    let old = history(8).lines().take(24).collect::<Vec<_>>().join("\n");
    let codes = judged(&active(), &looser(), RULES, &old);
    assert_eq!(codes, ["PUBLISH_GATE_HISTORY_TOO_OLD", short]);
    let undated = r#"{"symbol":"BTCUSDT","side":"BUY","position_size_usd":100}"#;
    assert_eq!(judged(&active(), &looser(), RULES, undated)[0], short);
}

#[test]
fn the_first_policy_needs_no_gate_and_a_gate_refuses_it() {
    let outcome = publish_draft(
        &MemoryStore::new(),
        &active(),
        &rules(RULES),
        (&history(8), &[]),
    )
    .unwrap();
    assert_eq!(codes(&outcome), ["PUBLISH_GATE_NO_ACTIVE_POLICY"]);
}

/// Four steps of one leverage, an hour apart, are each within the bound against the active policy.
#[test]
fn small_steps_are_compared_with_the_policy_of_24_hours_ago() {
    let at_leverage = |leverage: u32| policy(&[("/leverage_by_symbol/BTCUSDT", json!(leverage))]);
    let steps = [(DAY + HOUR, &at_leverage(4)), (HOUR, &at_leverage(6))];
    let outcome = publish_draft(
        &store(&steps),
        &at_leverage(7),
        &rules(RULES),
        (&history(8), &[]),
    )
    .unwrap();
    assert_eq!(codes(&outcome), ["PUBLISH_GATE_LEVERAGE"]);
}

#[test]
fn the_tightening_part_of_a_refused_draft_is_published() {
    let draft = policy(&[
        ("/leverage_by_symbol/BTCUSDT", json!(9)),
        ("/limits/max_notional_usd", json!(500)),
        ("/harvest_params/T1_R", json!(1.2)),
        ("/harvest_params/T2_R", json!(3)),
        ("/universe_symbols", json!(["BTCUSDT", "ETHUSDT"])),
        ("/leverage_by_symbol/ETHUSDT", json!(2)),
    ]);
    let store = store(&[(2 * DAY, &active())]);
    let outcome = publish_draft(&store, &draft, &rules(RULES), (&history(8), &[])).unwrap();
    assert!(matches!(outcome, Outcome::PartlyRefused(..)), "{outcome:?}");
    let found = store.load().unwrap();
    let in_force = found.in_force(at(NOW)).unwrap();
    let leverage = |name| in_force.listing(&Symbol::new(name).unwrap());
    assert_eq!(format!("{:?}", leverage("ETHUSDT")), "NotInUniverse");
    let fields = found.fields();
    let json = |name: &str| -> Value { serde_json::from_str(&fields[name]).unwrap() };
    assert_eq!(json("leverage_by_symbol"), json!({"BTCUSDT": 4}));
    assert_eq!(json("limits"), json!({"max_notional_usd": 500}));
    assert_eq!(json("harvest_params")["T1_R"], json!(1.2));
    assert_eq!(json("harvest_params")["T2_R"], json!(2.5));
    let events: Vec<_> = store
        .audit()
        .unwrap()
        .entries()
        .iter()
        .map(|it| it.event().unwrap().to_owned())
        .collect();
    assert_eq!(
        events,
        [
            "policy.published",
            "policy.publish_refused",
            "policy.published"
        ]
    );
}

#[test]
fn a_refusal_is_in_the_audit_log_and_changes_nothing() {
    let store = store(&[(2 * DAY, &active())]);
    let before = store.load().unwrap().hash();
    let outcome = publish_draft(&store, &looser(), &rules(RULES), ("", &[])).unwrap();
    assert!(matches!(outcome, Outcome::Refused(_)), "{outcome:?}");
    assert_eq!(store.load().unwrap().hash(), before);
    let audit = store.audit().unwrap();
    assert!(audit.is_whole());
    let entry = audit.entries().last().unwrap();
    assert_eq!(entry.event(), Some("policy.publish_refused"));
    assert_eq!(entry.code(), Some("PUBLISH_GATE_TOO_LITTLE_HISTORY"));
    assert_eq!(entry.policy_hash(), Some(looser().hash()));
    assert!(
        entry
            .detail()
            .unwrap()
            .contains("has no intents with a time")
    );
}

#[test]
fn a_policy_that_was_published_meanwhile_is_not_replaced() {
    let store = store(&[(2 * DAY, &active())]);
    let read = Baselines::read(&store, at(NOW)).unwrap();
    let meanwhile = policy(&[("/leverage_by_symbol/BTCUSDT", json!(3))]);
    publish_draft(&store, &meanwhile, &rules(RULES), ("", &[])).unwrap();
    let found = publish_against(&store, &read, &looser(), &rules(RULES), (&history(8), &[]));
    assert!(matches!(
        found,
        Err(GatedPublishError::Publish(PublishError::Conflict { .. }))
    ));
}

#[test]
fn the_drawdown_of_a_simulation_is_bounded() {
    let (tape, candles) = (history(8), falling_candles(9, 0.5));
    let text = format!("{RULES}{SIMULATION}");
    let judged = |text: &str, candles: &[_]| {
        let store = store(&[(2 * DAY, &active())]);
        publish_draft(&store, &looser(), &rules(text), (&tape, candles))
    };
    assert_eq!(codes(&judged(&text, &candles).unwrap()), Vec::<&str>::new());
    let narrow = text.replace("max_drawdown = 1", "max_drawdown = 0.001");
    assert_eq!(
        codes(&judged(&narrow, &candles).unwrap()),
        ["PUBLISH_GATE_DRAWDOWN"]
    );
    let narrow = text.replace("max_drawdown_rise = 1", "max_drawdown_rise = 0.0001");
    assert_eq!(
        codes(&judged(&narrow, &candles).unwrap()),
        ["PUBLISH_GATE_DRAWDOWN_RISE"]
    );
    let short = "PUBLISH_GATE_TOO_LITTLE_HISTORY";
    let mut other = candles.clone();
    other[0].symbol = Symbol::new("ETHUSDT").unwrap();
    assert_eq!(codes(&judged(&text, &other).unwrap()), [short]);
    let mut late = candles.clone();
    late[0].candles.drain(..3 * 24);
    assert_eq!(codes(&judged(&text, &late).unwrap()), [short]);
    let mut early = candles.clone();
    early[0].candles.truncate(8 * 24);
    assert_eq!(codes(&judged(&text, &early).unwrap()), [short]);
    let missing = judged(&text, &[]);
    assert!(matches!(
        missing,
        Err(GatedPublishError::Judge(JudgeError::NoCandles))
    ));
}
