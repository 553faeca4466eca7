//! Snapshots of explanations, as text and as JSON.

use super::super::{Scenario, keep};
use super::scenario::{ENTRY, POSITION, and};
use portcullis::{decide::Gate, harvest::HarvestAction, policy::PolicyUnavailable};

fn keep_explained(name: &str, scenario: &Scenario) {
    let report = scenario.report();
    keep(
        name,
        &format!("{}\n{}", report.explained, report.explained_json),
    );
}

/// Adds a policy with every limit, and every guardrail.
fn bounded(scenario: Scenario) -> Scenario {
    scenario
        .under(&and(r#""valid_from_epoch": 1766547134, "market": "futures", "venue": "binance",
            "limits": {"max_leverage": 10, "max_position_usd": 60, "max_notional_usd": 400, "max_intent_age_sec": 60}"#))
        .guarded(r#"{"max_leverage": 12, "max_position_usd": 50, "max_notional_usd": 1000, "max_intent_age_sec": 30,
            "max_intent_skew_sec": 5, "max_validity_sec": 7200, "market": "futures", "venue": "binance",
            "permitted_symbols": ["BTCUSDT", "ETHUSDT"], "halt": ["ETHUSDT"]}"#)
}

#[test]
fn a_trade() {
    keep_explained(
        "explain_trade",
        &bounded(Scenario::entry(
            r#""position_size_usd": 250"#,
            r#""quantity": 2, "price": 125, "leverage": 10"#,
        )),
    );
    keep_explained(
        "explain_trade_unbounded",
        &Scenario::entry(
            r#""position_size_usd": 250"#,
            r#""position_usd": 50, "leverage": 5"#,
        ),
    );
}

#[test]
fn an_exit() {
    let scenario = Scenario::of(r#"{"symbol": "BTCUSDT", "side": "SELL", "reduce_only": true, "quantity": 2, "source": "exitbrain_v3_5"}"#)
        .without(PolicyUnavailable::StoreUnavailable)
        .guarded(r#"{"halt": "everything"}"#);
    keep_explained("explain_exit", &scenario);
}

/// Returns an intent that fails at this gate and passes all earlier gates.
fn shut(gate: Gate) -> Scenario {
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

#[test]
fn a_skip_at_each_gate() {
    for gate in Gate::ALL.iter().copied() {
        let scenario = shut(gate);
        let text = scenario.report().explained;
        let line = text.lines().find(|line| line.contains("  shut  ")).unwrap();
        assert!(
            line.starts_with(&format!("{:>2}  {gate}", gate.number())),
            "{text}"
        );
        let name = gate.name().replace(' ', "_");
        keep_explained(
            &format!("explain_skip_{:02}_{name}", gate.number()),
            &scenario,
        );
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

#[test]
fn each_action_of_a_harvest() {
    for action in HarvestAction::ALL.iter().copied() {
        let scenario = proposed(action);
        let report = scenario.report();
        assert!(
            report.line.starts_with(&format!("HARVEST {action}: ")),
            "{}",
            report.line
        );
        let name = action.as_str().to_ascii_lowercase();
        keep(
            &format!("explain_harvest_{name}"),
            &format!(
                "{}\n{}\n\n{}",
                report.explained, report.explained_json, report.record
            ),
        );
    }
}

#[test]
fn a_harvest_with_unavailable_parts() {
    keep_explained(
        "explain_harvest_no_r",
        &Scenario::position(r#""stop_dist_pct": 0.02, "#, ""),
    );
    keep_explained(
        "explain_harvest_no_kill_score",
        &Scenario::position(
            r#""age_sec": 3600"#,
            r#""harvested": "half", "age_sec": -1"#,
        )
        .but(r#""current_sl": 99"#, r#""current_sl": 0"#)
        .but("103", "111.8"),
    );
    keep_explained(
        "explain_harvest_stop_tighter_already",
        &Scenario::position(r#""current_sl": 99"#, r#""current_sl": 101"#).but("103", "103.8"),
    );
}

#[test]
fn each_skip_of_a_harvest() {
    let no_kill = || Scenario::position(r#""sigma": 0.01, "#, "");
    for (name, scenario) in [
        ("no_position", Scenario::position("LONG", "FLAT")),
        (
            "no_policy",
            Scenario::of(POSITION).without(PolicyUnavailable::NotFound),
        ),
        (
            "too_early",
            Scenario::of(POSITION).under(&and(r#""valid_from_epoch": 1766550701"#)),
        ),
        ("too_late", Scenario::of(POSITION).at("1766550735")),
        ("no_stop", no_kill().but(r#""stop_dist_pct": 0.02, "#, "")),
        ("no_price", no_kill().but(r#""current_price": 103, "#, "")),
        (
            "too_old",
            Scenario::of(POSITION).under(&and(r#""limits": {"max_position_age_sec": 5}"#)),
        ),
    ] {
        keep_explained(&format!("explain_harvest_skip_{name}"), &scenario);
    }
}
