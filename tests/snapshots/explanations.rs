//! The snapshot of explanations: of each case the intent, the explanation as text and as JSON, and the record of the
//! answer.

use std::fmt::Write as _;

use super::super::{Scenario, keep};
use super::scenario::{ENTRY, POSITION, and};
use portcullis::{decide::Gate, harvest::HarvestAction, policy::PolicyUnavailable};

/// Adds a policy with every limit, and every guardrail.
fn bounded(scenario: Scenario) -> Scenario {
    scenario
        .under(&and(r#""valid_from_epoch": 1766547134, "market": "futures", "venue": "binance",
            "limits": {"max_leverage": 10, "max_position_usd": 60, "max_notional_usd": 400, "max_intent_age_sec": 60}"#))
        .guarded(r#"{"max_leverage": 12, "max_position_usd": 50, "max_notional_usd": 1000, "max_intent_age_sec": 30,
            "max_intent_skew_sec": 5, "max_validity_sec": 7200, "market": "futures", "venue": "binance",
            "permitted_symbols": ["BTCUSDT", "ETHUSDT"], "halt": ["ETHUSDT"]}"#)
}

fn trades() -> [Scenario; 2] {
    [
        bounded(Scenario::entry(
            r#""position_size_usd": 250"#,
            r#""quantity": 2, "price": 125, "leverage": 10"#,
        )),
        Scenario::entry(
            r#""position_size_usd": 250"#,
            r#""position_usd": 50, "leverage": 5"#,
        ),
    ]
}

fn exit() -> Scenario {
    Scenario::of(r#"{"symbol": "BTCUSDT", "side": "SELL", "reduce_only": true, "quantity": 2, "source": "exitbrain_v3_5"}"#)
        .without(PolicyUnavailable::StoreUnavailable)
        .guarded(r#"{"halt": "everything"}"#)
}

/// Returns an intent that fails at this gate and passes all earlier gates.
fn failed_at(gate: Gate) -> Scenario {
    let entry = || bounded(Scenario::of(ENTRY));
    match gate {
        Gate::Readable => entry().but("BUY", "HOLD"),
        Gate::ExitOwnership => entry().but("momentum", "exitbrain_v3_5"),
        Gate::Halt => entry().but("BTCUSDT", "ETHUSDT"),
        Gate::Policy => entry().under(r#"{"policy_version": "1", "kill_params": {}}"#),
        Gate::InForce => entry().at("1766547130"),
        Gate::Freshness => entry().at("1766550720.5"),
        Gate::Universe => entry().but("BTCUSDT", "XRPUSDT"),
        Gate::Leverage => entry().but("250", r#"250, "leverage": "nan""#),
        Gate::Size => entry().but("position_size_usd", "position_usd"),
        Gate::Limits => entry().but("250", "400.5"),
    }
}

/// Returns a position for which this action is proposed.
fn proposed(action: HarvestAction) -> Scenario {
    match action {
        HarvestAction::None => Scenario::position("103", "101"),
        HarvestAction::Partial25 => Scenario::position("103", "103.8"),
        HarvestAction::Partial50 => Scenario::position("103", "107.2"),
        HarvestAction::Partial75 => Scenario::position("103", "111.8"),
        HarvestAction::FullCloseProposed => Scenario::position(
            r#""p_trend": 0.5, "p_mr": 0.2, "p_chop": 0.3"#,
            r#""p_trend": 0.1, "p_mr": 0.3, "p_chop": 0.6"#,
        ),
    }
}

/// Returns positions for which a part of the harvest is unavailable, or the stop is already tighter.
fn with_unavailable_parts() -> [Scenario; 3] {
    [
        Scenario::position(r#""stop_dist_pct": 0.02, "#, ""),
        Scenario::position(
            r#""age_sec": 3600"#,
            r#""harvested": "half", "age_sec": -1"#,
        )
        .but(r#""current_sl": 99"#, r#""current_sl": 0"#)
        .but("103", "111.8"),
        Scenario::position(r#""current_sl": 99"#, r#""current_sl": 101"#).but("103", "103.8"),
    ]
}

fn skipped_harvests() -> [Scenario; 7] {
    let no_kill = || Scenario::position(r#""sigma": 0.01, "#, "");
    [
        Scenario::position("LONG", "FLAT"),
        Scenario::of(POSITION).without(PolicyUnavailable::NotFound),
        Scenario::of(POSITION).under(&and(r#""valid_from_epoch": 1766550701"#)),
        Scenario::of(POSITION).at("1766550735"),
        no_kill().but(r#""stop_dist_pct": 0.02, "#, ""),
        no_kill().but(r#""current_price": 103, "#, ""),
        Scenario::of(POSITION).under(&and(r#""limits": {"max_position_age_sec": 5}"#)),
    ]
}

#[test]
fn explanations_of_each_kind() {
    let mut cases = Vec::from(trades());
    cases.push(exit());
    cases.extend(Gate::ALL.iter().copied().map(failed_at));
    cases.extend(HarvestAction::ALL.iter().copied().map(proposed));
    cases.extend(with_unavailable_parts());
    cases.extend(skipped_harvests());
    let mut blocks = String::new();
    for case in cases {
        let report = case.report();
        writeln!(blocks, "intent  {}\n", case.record()).unwrap();
        writeln!(blocks, "{}", report.explained).unwrap();
        writeln!(blocks, "json    {}", report.explained_json).unwrap();
        writeln!(blocks, "record  {}\n", report.record).unwrap();
    }
    keep("explanations", &blocks);
}

#[test]
fn each_gate_can_fail() {
    for gate in Gate::ALL.iter().copied() {
        let text = failed_at(gate).report().explained;
        let line = text
            .lines()
            .find(|line| line.contains("  failed  "))
            .unwrap();
        assert!(
            line.starts_with(&format!("{:>2}  {gate}", gate.number())),
            "{text}"
        );
    }
}

#[test]
fn each_action_can_be_proposed() {
    for action in HarvestAction::ALL.iter().copied() {
        let line = proposed(action).report().line;
        assert!(line.starts_with(&format!("HARVEST {action}: ")), "{line}");
    }
}
