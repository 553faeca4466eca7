//! The behaviour of the engine, by example: the main behaviours, and all forms of an intent.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

/// One file per topic.
mod behaviour {
    pub(crate) mod envelopes;
    pub(crate) mod exits;
    pub(crate) mod guardrails;
    pub(crate) mod leverage;
    pub(crate) mod limits;
    pub(crate) mod objections;
    pub(crate) mod records;
    pub(crate) mod side_words;
    pub(crate) mod sides;
    pub(crate) mod sizes;
    pub(crate) mod texts;
    pub(crate) mod times;
    pub(crate) mod trades;
}

use portcullis::{
    answer::Answer,
    decide::{Decision, Engine},
    exit::{ExitOwnership, STANDARD_OWNER},
    guardrails::Guardrails,
    harvest::{
        HarvestAction, HarvestDecision, Harvested, Market, Position, Stage, Standing, harvest,
    },
    intent::{Intent, QuantityAsked},
    policy::{Policy, PolicyState, PolicyUnavailable},
    record::{Scratch, TapeRecord, read},
    types::{PositionSide, Symbol, Timestamp},
};
use support::sample_policy_json;

const UNTIL: &str = "1766550734.062733";
const NOW: &str = "1766550700";

fn at(seconds: &str) -> Timestamp {
    Timestamp::parse_epoch_seconds(seconds).unwrap()
}

fn sample() -> Policy {
    Policy::from_json(&sample_policy_json(UNTIL)).unwrap()
}

/// Reads a record and passes its intent to `look`.
fn with_intent<T>(record: &str, look: impl FnOnce(&Intent<'_>) -> T) -> T {
    let mut scratch = Scratch::default();
    match read(record, &mut scratch) {
        TapeRecord::Intent(intent) => look(&intent),
        TapeRecord::RecordedDecision(_)
        | TapeRecord::Position(_)
        | TapeRecord::PolicyUpdated(..)
        | TapeRecord::PolicyWithdrawn(_) => {
            panic!("not an intent: {record}")
        }
    }
}

fn engine(guardrails: &str) -> Engine {
    Engine::new(
        Guardrails::from_json(guardrails).unwrap(),
        ExitOwnership::new(STANDARD_OWNER, ["emergency_closer"]).unwrap(),
    )
}

/// Decides a record with or without a policy, without guardrails.
fn decide<T>(policy: Option<&Policy>, record: &str, look: impl FnOnce(&Decision<'_>) -> T) -> T {
    let absent = PolicyUnavailable::NotFound;
    let state = policy.map_or(PolicyState::absent(&absent), PolicyState::present);
    let engine = engine("{}");
    with_intent(record, |intent| {
        look(&engine.decide(state, intent, at(NOW)))
    })
}

/// Returns a decision in short form: `BUY BTCUSDT 8x 250 notional of intent:size`, `EXIT BTCUSDT SELL 2`,
/// `SKIP INTENT_INVALID`.
fn in_short(decision: &Decision<'_>) -> String {
    match decision {
        Decision::Trade(trade) => format!(
            "{} {} {}x {} {} of {}",
            trade.side(),
            trade.symbol(),
            trade.leverage().value(),
            trade.size().value().usd(),
            trade.size().value().basis(),
            trade.size().source()
        ),
        Decision::Exit(permit) => {
            let side = permit.side().map_or("-", |side| side.as_str());
            let quantity = match permit.quantity() {
                QuantityAsked::NotAsked => "not asked".to_owned(),
                QuantityAsked::SizeAlone => "in USD".to_owned(),
                QuantityAsked::Unreadable => "unreadable".to_owned(),
                QuantityAsked::Asked(quantity) => quantity.value().to_string(),
            };
            format!("EXIT {} {side} {quantity}", permit.symbol())
        }
        Decision::Skip(skip) => format!("SKIP {}", skip.reason()),
    }
}

/// Checks the short form of a decision under the sample policy.
#[track_caller]
fn check(record: &str, expected: &str) {
    let answer = decide(Some(&sample()), record, in_short);
    assert_eq!(answer, expected, "{record}");
}

/// Checks the full text of a decision.
#[track_caller]
fn check_text(policy: Option<&Policy>, record: &str, expected: &str) {
    let text = decide(policy, record, |decision| decision.to_string());
    assert_eq!(text, expected, "{record}");
}

const BUY_BTC: &str =
    r#"{"symbol": "BTCUSDT", "side": "BUY", "position_size_usd": 200, "leverage": 10}"#;

#[test]
fn no_policy_is_a_skip() {
    check_text(
        None,
        BUY_BTC,
        "SKIP POLICY_MISSING: no policy [POLICY_MISSING_FIELD]",
    );
}

#[test]
fn an_expired_policy_is_a_skip() {
    let expired = Policy::from_json(&sample_policy_json("1766550699.999999")).unwrap();
    check_text(
        Some(&expired),
        BUY_BTC,
        "SKIP POLICY_STALE: policy expired at 2025-12-24T04:31:39.999999Z; the time is 2025-12-24T04:31:40Z [POLICY_MISSING_FIELD]",
    );
}

#[test]
fn a_symbol_outside_the_universe_is_a_skip() {
    let text = sample_policy_json(UNTIL);
    let listed = text.find("\"BTCUSDT\", \"ETHUSDT\", \"BNBUSDT\"").unwrap();
    let (before, rest) = text.split_at(listed);
    let (_, after) = rest.split_once(']').unwrap();
    let two = format!("{before}\"BTCUSDT\", \"ETHUSDT\"]{after}");
    let policy = Policy::from_json(&two).unwrap();
    let symbols: Vec<String> = policy.symbols().map(|symbol| symbol.to_string()).collect();
    assert_eq!(symbols, ["BTCUSDT", "ETHUSDT"]);
    check_text(
        Some(&policy),
        r#"{"symbol": "XRPUSDT", "side": "BUY", "position_size_usd": 200, "leverage": 10}"#,
        "SKIP POLICY_UNIVERSE_FILTER: XRPUSDT not in AI policy",
    );
}

#[test]
fn a_policy_of_8x_caps_an_intent_of_10x() {
    decide(Some(&sample()), BUY_BTC, |decision| {
        let Decision::Trade(trade) = decision else {
            panic!("{decision}");
        };
        let leverage = trade.leverage();
        assert_eq!(leverage.value().get(), 8.0);
        assert_eq!(
            leverage.source().to_string(),
            "policy:leverage_by_symbol.BTCUSDT"
        );
        let asked = trade.leverage_requested().unwrap();
        assert_eq!(asked.value().get(), 10.0);
        assert_eq!(asked.source().to_string(), "intent:leverage");
        assert_eq!(Answer::decision(decision).leverage_requested, Some(10.0));
    });
}

#[test]
fn an_r_net_of_2_closes_a_quarter() {
    // The costs are 12 bps of 100 = 0.12 and the risk is 2 % of 100 = 2, so a profit of 4.12 is 2 R net.
    let position = Position {
        symbol: Symbol::new("BTCUSDT").unwrap(),
        side: Some(Standing::Open(PositionSide::Long)),
        quantity: Some(1.0),
        entry_price: Some(100.0),
        current_price: Some(104.12),
        age_sec: Some(3_600.0),
        current_sl: Some(99.0),
        stop_dist_pct: Some(0.02),
        harvested: Harvested::Stage(Stage::None),
        as_of: None,
    };
    let market = Market {
        sigma: Some(0.01),
        ts: Some(0.35),
        p_trend: Some(0.5),
        p_mr: Some(0.2),
        p_chop: Some(0.3),
        as_of: None,
    };
    let policy = sample();
    let decision = harvest(
        PolicyState::present(&policy),
        &position,
        Some(&market),
        at(NOW),
    );
    let HarvestDecision::Harvest(proposed) = decision else {
        panic!("{decision:?}");
    };
    let theta = proposed.thresholds();
    assert_eq!(theta.t1_r().value().get(), 1.8);
    assert_eq!(theta.t2_r().value().get(), 3.5);
    let r_net = proposed.r().unwrap().r_net().get();
    assert!((r_net - 2.0).abs() < 1e-12, "{r_net}");
    assert_eq!(proposed.action(), HarvestAction::Partial25);
    let reasons = proposed.reasons();
    assert!(!reasons.is_empty());
    assert_eq!(
        format!("{reasons:?}"),
        r#"{"harvest_partial_25", "profit_lock", "age_penalty"}"#
    );
}

#[test]
#[cfg(feature = "what-if")]
fn a_trade_under_an_assumed_policy_is_marked() {
    let expired = Policy::from_json(&sample_policy_json("1")).unwrap();
    let sample = sample();
    for (state, assumed) in [
        (PolicyState::assumed(&expired), true),
        (PolicyState::present(&sample), false),
    ] {
        with_intent(BUY_BTC, |intent| {
            let engine = engine("{}");
            let decision = engine.decide(state, intent, at(NOW));
            let Decision::Trade(trade) = decision else {
                panic!("{decision}");
            };
            assert_eq!(trade.is_assumed(), assumed);
            assert_eq!(state.is_assumed(), assumed);
        });
    }
}
