//! Positions, markets and policies that these tests share.

use portcullis::{
    harvest::{
        Harvest, HarvestDecision, HarvestSkip, Harvested, Market, Position, ReportedSide,
        SizeRules, Stage, harvest,
    },
    policy::{Policy, PolicyState},
    types::{PositionSide, Symbol, Timestamp},
};

/// The expiry of every policy in these tests, in epoch seconds.
pub(crate) const EXPIRY: i64 = 2_000_000_000;

/// Returns the time `seconds` before the expiry.
pub(crate) fn before_expiry(seconds: i64) -> Timestamp {
    Timestamp::from_millis((EXPIRY - seconds) * 1000).unwrap()
}

/// Returns the time at which these tests evaluate positions by default.
pub(crate) fn now() -> Timestamp {
    before_expiry(1000)
}

/// Returns the sample policy.
pub(crate) fn policy() -> Policy {
    policy_with(&[])
}

/// Returns the sample policy with parts of its text replaced.
pub(crate) fn policy_with(changes: &[(&str, &str)]) -> Policy {
    let mut text = crate::sample_policy::sample_policy_json(&EXPIRY.to_string());
    for (old, new) in changes {
        assert!(text.contains(old), "the sample policy has no {old}");
        text = text.replace(old, new);
    }
    Policy::from_json(&text).unwrap()
}

/// Returns the sample policy with an additional field in front of `policy_version`.
pub(crate) fn policy_and(field: &str) -> Policy {
    let with = format!(r#"{field}, "policy_version""#);
    policy_with(&[(r#""policy_version""#, &with)])
}

/// Returns a long position with a profit of 3 USD per unit at an entry price of 100 USD.
pub(crate) fn long() -> Position {
    Position {
        symbol: Symbol::new("BTCUSDT").unwrap(),
        side: Some(ReportedSide::Open(PositionSide::Long)),
        quantity: None,
        peak_quantity: None,
        sizes: SizeRules::default(),
        entry_price: Some(100.0),
        current_price: Some(103.0),
        age_sec: Some(3600.0),
        current_sl: Some(99.0),
        stop_dist_pct: Some(0.02),
        harvested: Harvested::Stage(Stage::None),
        as_of: None,
    }
}

/// Returns a short position that corresponds to [`long`], with a profit of 4 USD per unit.
pub(crate) fn short() -> Position {
    Position {
        side: Some(ReportedSide::Open(PositionSide::Short)),
        current_price: Some(96.0),
        current_sl: Some(101.0),
        ..long()
    }
}

/// Returns a policy under which R equals the profit of [`at_r`]: no costs, a risk of 1 USD per unit, and thresholds
/// that floats represent exactly.
pub(crate) fn whole_numbers() -> Policy {
    whole_numbers_locking_at("0.0078125")
}

/// Returns [`whole_numbers`] with another distance of the break-even stop, as a share of the entry price of 128.
pub(crate) fn whole_numbers_locking_at(be_plus_pct: &str) -> Policy {
    let be_plus = format!(r#""be_plus_pct": {be_plus_pct}"#);
    policy_with(&[
        (
            r#""T1_R": 1.8, "T2_R": 3.5, "T3_R": 5.8, "lock_R": 1.2"#,
            r#""T1_R": 2, "T2_R": 4, "T3_R": 6, "lock_R": 1"#,
        ),
        (r#""be_plus_pct": 0.003"#, &be_plus),
        (r#""cost_bps": 12"#, r#""cost_bps": 0"#),
    ])
}

/// Returns [`long`] with the given R under [`whole_numbers`].
pub(crate) fn at_r(r: f64) -> Position {
    Position {
        entry_price: Some(128.0),
        current_price: Some(128.0 + r),
        stop_dist_pct: Some(1.0 / 128.0),
        current_sl: Some(120.0),
        ..long()
    }
}

/// Returns a calm market, in which no component of the kill score is above zero.
pub(crate) fn calm() -> Market {
    Market {
        sigma: Some(0.01),
        ts: Some(0.35),
        p_trend: Some(0.5),
        p_mr: Some(0.2),
        p_chop: Some(0.3),
        as_of: None,
    }
}

/// Returns the proposal, and panics on a skip.
pub(crate) fn proposal<'a>(
    policy: &'a Policy,
    position: &Position,
    market: Option<&Market>,
) -> Harvest<'a> {
    match harvest(PolicyState::present(policy), position, market, now()) {
        HarvestDecision::Harvest(harvest) => harvest,
        HarvestDecision::Skip(why) => panic!("skipped: {why:?}"),
    }
}

/// Returns the skip, and panics on a proposal.
pub(crate) fn skip<'a>(
    policy: &'a Policy,
    position: &Position,
    market: Option<&Market>,
) -> HarvestSkip<'a> {
    match harvest(PolicyState::present(policy), position, market, now()) {
        HarvestDecision::Harvest(harvest) => panic!("proposed: {harvest:?}"),
        HarvestDecision::Skip(why) => why,
    }
}

/// Returns the reasons of a harvest, separated by spaces.
pub(crate) fn reasons(harvest: &Harvest<'_>) -> String {
    harvest.reasons().iter().collect::<Vec<_>>().join(" ")
}
