//! The direction of each harvest parameter, checked with the harvests of the engine.

use portcullis::{
    Policy, PolicyState,
    harvest::{
        Harvest, HarvestAction, HarvestDecision, Harvested, Market, Position, ReportedSide,
        SizeRules, Stage, harvest,
    },
    types::PositionSide,
};
use portcullis_forge::Parameter;
use proptest::{option, prelude::*, sample::select};
use serde_json::{Value as Json, json};

use crate::{REGIMES, config, support};

/// Returns a policy with the harvest parameters of a regime, in which one has another value.
fn policy(regime: &str, parameter: Parameter, value: f64) -> Option<Policy> {
    let (mut harvest, mut kill) = support::theta(regime);
    let group: &mut Json = match parameter.group() {
        "harvest_params" => &mut harvest,
        _ => &mut kill,
    };
    group[parameter.to_string()] = json!(value);
    let document = json!({
        "policy_version": "direction", "valid_until_epoch": 1, "universe_symbols": ["A"], "leverage_by_symbol": {},
        "harvest_params": harvest, "kill_params": kill,
    });
    Policy::from_json(&document.to_string()).ok()
}

fn value(regime: &str, parameter: Parameter) -> f64 {
    let (harvest, kill) = support::theta(regime);
    let name = parameter.to_string();
    harvest[&name]
        .as_f64()
        .or_else(|| kill[&name].as_f64())
        .unwrap()
}

fn position() -> impl Strategy<Value = Position> {
    (
        any::<bool>(),
        -5.0..15.0,
        option::of(0.005..0.05),
        0.0..100_000.0,
    )
        .prop_map(
            |(is_long, profit, stop_dist_pct, age): (_, f64, _, _)| Position {
                symbol: support::symbol("A"),
                side: Some(ReportedSide::Open(if is_long {
                    PositionSide::Long
                } else {
                    PositionSide::Short
                })),
                quantity: None,
                peak_quantity: None,
                sizes: SizeRules {
                    lot_size: None,
                    min_quantity: None,
                    min_notional_usd: None,
                },
                entry_price: Some(100.0),
                current_price: Some(if is_long {
                    100.0 + profit
                } else {
                    100.0 - profit
                }),
                age_sec: Some(age),
                current_sl: None,
                stop_dist_pct,
                harvested: Harvested::Stage(Stage::None),
                as_of: None,
            },
        )
}

fn market() -> impl Strategy<Value = Market> {
    (0.0..0.06, -0.5..1.0, 0.0..1.0).prop_map(|(sigma, ts, p_trend): (f64, f64, f64)| Market {
        sigma: Some(sigma),
        ts: Some(ts),
        p_trend: Some(p_trend),
        p_mr: Some(0.0),
        p_chop: Some(1.0 - p_trend),
        as_of: None,
    })
}

const fn closed(harvest: &Harvest<'_>) -> u8 {
    match harvest.action() {
        HarvestAction::None => 0,
        HarvestAction::Partial25 => 25,
        HarvestAction::Partial50 => 50,
        HarvestAction::Partial75 => 75,
        HarvestAction::FullCloseProposed => 100,
    }
}

/// Returns true if the tighter policy closes at least as much, with a stop that is not further from the price, and for
/// costs, at an R that is not lower.
fn closes_earlier(looser: &Harvest<'_>, tighter: &Harvest<'_>, parameter: Parameter) -> bool {
    let distance = |harvest: &Harvest<'_>| {
        let stop = harvest.stop()?.value().get();
        Some(match harvest.side()? {
            PositionSide::Long => -stop,
            PositionSide::Short => stop,
        })
    };
    let is_nearer = match (distance(looser), distance(tighter)) {
        (Some(looser), Some(tighter)) => tighter <= looser,
        // A stop that is too near to the price is not proposed.
        (Some(_), None) => parameter == Parameter::BePlusPct,
        (None, _) => true,
    };
    let kill = |harvest: &Harvest<'_>| harvest.kill().map(|it| it.k()).ok();
    // Costs change R only a little, so they seldom change the stage.
    let r = |harvest: &Harvest<'_>| harvest.r().map(|it| it.r_net().get()).ok();
    let has_r = parameter != Parameter::CostBps || r(looser) <= r(tighter);
    has_r && is_nearer && closed(looser) <= closed(tighter) && kill(looser) <= kill(tighter)
}

/// Counts the cases in which the two policies give different results.
fn check(
    parameter: Parameter,
    regime: &str,
    factor: f64,
    position: &Position,
    market: Option<&Market>,
) -> Result<bool, TestCaseError> {
    let one = value(regime, parameter);
    let other = one * factor;
    let (looser, tighter) = if parameter.tighter().is_looser(one, other) {
        (one, other)
    } else {
        (other, one)
    };
    let (Some(looser), Some(tighter)) = (
        policy(regime, parameter, looser),
        policy(regime, parameter, tighter),
    ) else {
        return Ok(false);
    };
    let now = portcullis::types::Timestamp::MIN;
    let run = |policy| harvest(PolicyState::present(policy), position, market, now);
    let (HarvestDecision::Harvest(looser), HarvestDecision::Harvest(tighter)) =
        (run(&looser), run(&tighter))
    else {
        return Err(TestCaseError::fail("a harvest was skipped"));
    };
    prop_assert!(
        closes_earlier(&looser, &tighter, parameter),
        "{parameter}: {looser:?}\n{tighter:?}"
    );
    Ok(!closes_earlier(&tighter, &looser, parameter))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, ..config() })]

    /// Planted bug: each of the directions in the table of `parameter.rs` reversed.
    #[test]
    fn a_tighter_parameter_closes_earlier(
        parameter in select(Parameter::all().collect::<Vec<_>>()), regime in select(REGIMES.to_vec()), factor in 0.5..1.8,
        position in position(), market in option::of(market()),
    ) {
        check(parameter, regime, factor, &position, market.as_ref())?;
    }
}

#[test]
fn each_parameter_makes_a_difference() {
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    for parameter in Parameter::all() {
        let differs = (0..4000).any(|i: usize| {
            let position = position().new_tree(&mut runner).unwrap().current();
            let market = option::of(market())
                .new_tree(&mut runner)
                .unwrap()
                .current();
            let factor = if i % 8 < 4 { 0.6 } else { 1.4 };
            check(
                parameter,
                REGIMES[i % 4],
                factor,
                &position,
                market.as_ref(),
            )
            .unwrap()
        });
        assert!(differs, "{parameter}");
    }
}
