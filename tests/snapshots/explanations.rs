//! Snapshots of explanations, as text and as JSON.

use super::super::{Asking, keep};
use super::asking::{ENTRY, POSITION, and};
use portcullis::{decide::Gate, harvest::HarvestAction, policy::PolicyUnavailable};

fn keep_explained(name: &str, asking: &Asking) {
    let reported = asking.reported();
    keep(
        name,
        &format!("{}\n{}", reported.explained, reported.explained_json),
    );
}

/// Adds a policy with every limit, and every guardrail.
fn bounded(asking: Asking) -> Asking {
    asking
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
        &bounded(Asking::entry(
            r#""position_size_usd": 250"#,
            r#""quantity": 2, "price": 125, "leverage": 10"#,
        )),
    );
    keep_explained(
        "explain_trade_unbounded",
        &Asking::entry(
            r#""position_size_usd": 250"#,
            r#""position_usd": 50, "leverage": 5"#,
        ),
    );
}

#[test]
fn an_exit() {
    let asking = Asking::of(r#"{"symbol": "BTCUSDT", "side": "SELL", "reduce_only": true, "quantity": 2, "source": "exitbrain_v3_5"}"#)
        .without(PolicyUnavailable::StoreUnavailable)
        .guarded(r#"{"halt": "everything"}"#);
    keep_explained("explain_exit", &asking);
}

/// Returns an intent that fails at this gate and passes all earlier ones.
fn shut(gate: Gate) -> Asking {
    let entry = || bounded(Asking::of(ENTRY));
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
        let asking = shut(gate);
        let text = asking.reported().explained;
        let line = text.lines().find(|line| line.contains("  shut  ")).unwrap();
        assert!(
            line.starts_with(&format!("{:>2}  {gate}", gate.number())),
            "{text}"
        );
        let name = gate.name().replace(' ', "_");
        keep_explained(
            &format!("explain_skip_{:02}_{name}", gate.number()),
            &asking,
        );
    }
}

/// Returns a position for which this action is proposed.
fn proposed(action: HarvestAction) -> Asking {
    match action {
        HarvestAction::None => Asking::position("103", "101"),
        HarvestAction::Partial25 => Asking::position("103", "103.8"),
        HarvestAction::Partial50 => Asking::position("103", "107.2"),
        HarvestAction::Partial75 => Asking::position("103", "111.8"),
        HarvestAction::FullCloseProposed => Asking::position(
            r#""p_trend": 0.5, "p_mr": 0.2, "p_chop": 0.3"#,
            r#""p_trend": 0.1, "p_mr": 0.3, "p_chop": 0.6"#,
        ),
    }
}

#[test]
fn each_action_of_a_harvest() {
    for action in HarvestAction::ALL.iter().copied() {
        let asking = proposed(action);
        let reported = asking.reported();
        assert!(
            reported.line.starts_with(&format!("HARVEST {action}: ")),
            "{}",
            reported.line
        );
        let name = action.as_str().to_ascii_lowercase();
        keep(
            &format!("explain_harvest_{name}"),
            &format!(
                "{}\n{}\n\n{}",
                reported.explained, reported.explained_json, reported.record
            ),
        );
    }
}

#[test]
fn a_harvest_with_unavailable_parts() {
    keep_explained(
        "explain_harvest_no_r",
        &Asking::position(r#""stop_dist_pct": 0.02, "#, ""),
    );
    keep_explained(
        "explain_harvest_no_kill_score",
        &Asking::position(
            r#""age_sec": 3600"#,
            r#""harvested": "half", "age_sec": -1"#,
        )
        .but(r#""current_sl": 99"#, r#""current_sl": 0"#)
        .but("103", "111.8"),
    );
    keep_explained(
        "explain_harvest_stop_tighter_already",
        &Asking::position(r#""current_sl": 99"#, r#""current_sl": 101"#).but("103", "103.8"),
    );
}

#[test]
fn each_skip_of_a_harvest() {
    let no_kill = || Asking::position(r#""sigma": 0.01, "#, "");
    for (name, asking) in [
        ("no_position", Asking::position("LONG", "FLAT")),
        (
            "no_policy",
            Asking::of(POSITION).without(PolicyUnavailable::NotFound),
        ),
        (
            "too_early",
            Asking::of(POSITION).under(&and(r#""valid_from_epoch": 1766550701"#)),
        ),
        ("too_late", Asking::of(POSITION).at("1766550735")),
        ("no_stop", no_kill().but(r#""stop_dist_pct": 0.02, "#, "")),
        ("no_price", no_kill().but(r#""current_price": 103, "#, "")),
        (
            "too_old",
            Asking::of(POSITION).under(&and(r#""limits": {"max_position_age_sec": 5}"#)),
        ),
    ] {
        keep_explained(&format!("explain_harvest_skip_{name}"), &asking);
    }
}
