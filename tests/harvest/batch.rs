//! Property tests over all floats: the batch equals the single call, and a higher R never lowers a stage.

use portcullis::{
    harvest::{
        HarvestBatch, HarvestColumns, HarvestDecision, HarvestOutcome, HarvestReason, HarvestRow,
        HarvestSkip, Harvested, Market, Position, ReportedSide, SizeRules, Stage, harvest,
        harvest_batch,
    },
    policy::{Policy, PolicyState},
    types::{PositionSide, Symbol, Timestamp},
};
use proptest::{option, prelude::*, sample::select, test_runner::FileFailurePersistence};

use crate::samples::{
    at_r, calm, long, now, policy, policy_and, policy_with, whole_numbers_locking_at,
};

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct(
            "tests/regressions/harvest.txt",
        ))),
        ..ProptestConfig::default()
    }
}

/// Generates arbitrary bit patterns, edge values, and plausible values around `scale`.
fn float(scale: f64) -> impl Strategy<Value = f64> {
    prop_oneof![
        1 => any::<u64>().prop_map(f64::from_bits),
        1 => select(vec![
            0.0, -0.0, 0.5, 1.0, f64::MIN_POSITIVE, 5e-324, f64::MAX, f64::MIN, f64::INFINITY, f64::NEG_INFINITY,
            f64::NAN, -f64::NAN,
        ]),
        6 => (0.0..2.0).prop_map(move |x: f64| x * scale),
    ]
}

fn number(scale: f64) -> impl Strategy<Value = Option<f64>> {
    option::weighted(0.9, float(scale))
}

fn instant() -> impl Strategy<Value = Option<Timestamp>> {
    option::of(
        (-90_000_000_i64..90_000_000)
            .prop_map(|micros| Timestamp::from_micros(now().as_micros() + micros).unwrap()),
    )
}

fn side() -> impl Strategy<Value = Option<ReportedSide>> {
    prop_oneof![
        6 => select(vec![PositionSide::Long, PositionSide::Short])
            .prop_map(|side| Some(ReportedSide::Open(side))),
        1 => select(vec![None, Some(ReportedSide::Flat), Some(ReportedSide::Unreadable)]),
    ]
}

fn harvested() -> impl Strategy<Value = Harvested> {
    select(vec![
        Harvested::Stage(Stage::None),
        Harvested::Stage(Stage::None),
        Harvested::Stage(Stage::Partial25),
        Harvested::Stage(Stage::Partial50),
        Harvested::Stage(Stage::Partial75),
        Harvested::AtLeast(Stage::Partial25),
        Harvested::Unreadable,
    ])
}

/// Generates a quantity whose ratio to the other quantities matters for the ladder, or any number.
fn quantity() -> impl Strategy<Value = Option<f64>> {
    let usual = select(vec![0.001, 0.002, 0.003, 0.005, 0.008, 0.01, 1.0, 0.3, 2.5]);
    option::of(prop_oneof![3 => usual, 1 => float(1.0)])
}

prop_compose! {
    fn sizes()(lot_size in quantity(), min_quantity in quantity(), min_notional_usd in number(1.0)) -> SizeRules {
        SizeRules { lot_size, min_quantity, min_notional_usd }
    }
}

prop_compose! {
    fn position()(
        side in side(),
        quantity in quantity(),
        peak_quantity in quantity(),
        sizes in sizes(),
        entry_price in number(100.0),
        current_price in number(100.0),
        age_sec in number(72_000.0),
        current_sl in number(100.0),
        stop_dist_pct in number(0.02),
        harvested in harvested(),
        as_of in instant(),
    ) -> Position {
        Position {
            symbol: Symbol::new("BTCUSDT").unwrap(),
            side, quantity, peak_quantity, sizes, entry_price, current_price, age_sec, current_sl, stop_dist_pct, harvested, as_of,
        }
    }
}

prop_compose! {
    fn market()(
        sigma in number(0.02),
        ts in number(0.35),
        p_trend in number(0.5),
        p_mr in number(0.5),
        p_chop in number(0.5),
        as_of in instant(),
    ) -> Market {
        Market { sigma, ts, p_trend, p_mr, p_chop, as_of }
    }
}

fn some_policy() -> impl Strategy<Value = Policy> {
    select(vec![0, 1, 2, 3]).prop_map(|which| match which {
        0 => policy(),
        1 => policy_with(&[(
            r#""kill_threshold": 0.55"#,
            r#""kill_threshold": 0.55, "fallback_stop_pct": 0.02"#,
        )]),
        2 => policy_and(r#""limits": {"max_position_age_sec": 60}"#),
        _ => policy_and(r#""limits": {"max_position_age_sec": 1e30, "max_market_age_sec": 30}"#),
    })
}

type Row = (Position, Option<Market>);

fn check_batch(policy: &Policy, at: Timestamp, rows: &[Row]) -> Result<(), TestCaseError> {
    let mut columns = HarvestColumns::new();
    // Rows that were pushed before `clear` must not affect the result.
    columns.push(&long(), None);
    columns.clear();
    let mut batch = HarvestBatch::new();
    for (position, market) in rows {
        columns.push(position, market.as_ref());
    }
    for _ in 0..2 {
        harvest_batch(policy.theta_in_force(at).unwrap(), &columns, &mut batch);
        prop_assert_eq!(batch.len(), rows.len());
        prop_assert_eq!(batch.is_empty(), rows.is_empty());
        prop_assert_eq!(columns.is_empty(), rows.is_empty());
    }
    let found: Vec<_> = (0..rows.len()).filter_map(|i| batch.row(i)).collect();
    prop_assert!(batch.outcomes().eq(found.iter().map(|row| row.outcome)));
    let numbers = |of: fn(&HarvestRow) -> Option<f64>| found.iter().map(of).collect::<Vec<_>>();
    for (numbers, column) in [
        (numbers(|row| row.r_net), batch.r_net()),
        (numbers(|row| row.k), batch.k()),
        (numbers(|row| row.stop), batch.stop()),
    ] {
        let column = column.iter().map(|x| Some(*x).filter(|x| !x.is_nan()));
        prop_assert_eq!(numbers, column.collect::<Vec<_>>());
    }
    for (i, (position, market)) in rows.iter().enumerate() {
        let row = batch.row(i).unwrap();
        let bits = |x: Option<f64>| x.map(f64::to_bits);
        let single = harvest(PolicyState::present(policy), position, market.as_ref(), at);
        match single {
            HarvestDecision::Harvest(harvest) => {
                let debug = format!("{harvest:?}");
                let r = harvest.r().ok().map(|r| r.r_net().get());
                let k = harvest.kill().ok().map(|kill| kill.k());
                let stop = harvest.stop().map(|stop| stop.value().get());
                let outcome = HarvestOutcome::Harvest(harvest.action());
                prop_assert_eq!(row.outcome, outcome, "{}", debug);
                prop_assert_eq!(row.reasons, harvest.reasons(), "{}", debug);
                prop_assert_eq!(bits(row.r_net), bits(r), "{}", debug);
                prop_assert_eq!(bits(row.k), bits(k), "{}", debug);
                prop_assert_eq!(bits(row.stop), bits(stop), "{}", debug);
                let unavailable = row.reasons.contains(HarvestReason::RUnavailable);
                prop_assert_eq!(unavailable, r.is_none());
            }
            HarvestDecision::Skip(why) => {
                let outcome = match why {
                    HarvestSkip::NoPosition => HarvestOutcome::NoPosition,
                    HarvestSkip::MissingStop { .. } => HarvestOutcome::MissingStop,
                    HarvestSkip::InvalidInput { .. } => HarvestOutcome::InvalidInput,
                    HarvestSkip::NotInForce(_) => panic!("{why:?}"),
                };
                prop_assert_eq!(row.outcome, outcome, "{:?} {:?}", why, position);
                prop_assert!(row.reasons.is_empty());
                prop_assert_eq!((row.r_net, row.k, row.stop), (None, None, None));
            }
        }
    }
    prop_assert!(batch.row(rows.len()).is_none());
    Ok(())
}

proptest! {
    // Each case contains a whole batch, so fewer cases suffice.
    #![proptest_config(config(64))]

    #[test]
    fn batch_equals_single_call(
        policy in some_policy(),
        rows in prop::collection::vec((position(), option::weighted(0.9, market())), 0..300),
    ) {
        check_batch(&policy, now(), &rows)?;
    }
}

proptest! {
    #![proptest_config(config(256))]

    #[test]
    fn a_higher_r_never_lowers_the_stage(
        policy in some_policy(),
        position in position(),
        market in option::of(market()),
        prices in (float(100.0), float(100.0)),
    ) {
        let proposal = |price: f64| {
            let position = Position { current_price: Some(price), ..position };
            match harvest(PolicyState::present(&policy), &position, market.as_ref(), now()) {
                HarvestDecision::Harvest(harvest) => {
                    let r = harvest.r().ok()?.r_net();
                    Some((r, harvest.action()))
                }
                HarvestDecision::Skip(_) => None,
            }
        };
        if let (Some(a), Some(b)) = (proposal(prices.0), proposal(prices.1)) {
            let (low, high) = if a.0 <= b.0 { (a, b) } else { (b, a) };
            prop_assert!(low.1 <= high.1, "{:?} {:?}", low, high);
        }
    }

    #[test]
    fn k_and_components_are_within_bounds(policy in some_policy(), position in position(), market in market()) {
        let decision = harvest(PolicyState::present(&policy), &position, Some(&market), now());
        if let HarvestDecision::Harvest(harvest) = decision && let Ok(kill) = harvest.kill() {
            prop_assert!((0.5..=1.0).contains(&kill.k()));
            prop_assert!((0.0..=1.8).contains(&kill.sigma_spike()));
            prop_assert!((0.0..=0.45).contains(&kill.ts_drop()));
            prop_assert!((0.0..=1.0).contains(&kill.age_penalty()));
            prop_assert!(kill.regime_flip() == 0.0 || kill.regime_flip() == 1.0);
        }
    }
}

#[test]
fn an_empty_batch_has_no_rows() {
    check_batch(&policy(), now(), &[]).unwrap();
}

#[test]
fn batch_has_the_thresholds_of_the_single_call() {
    let rows: Vec<Row> = [-1.0, 0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]
        .into_iter()
        .flat_map(|r| [(at_r(r), None), (at_r(r.next_down()), Some(calm()))])
        .flat_map(|(position, market)| {
            [None, Some(120.0), Some(129.0)].map(|current_sl| {
                let position = Position {
                    current_sl,
                    ..position
                };
                (position, market)
            })
        })
        .collect();
    for be_plus_pct in ["0.0078125", "0.00390625"] {
        let policy = whole_numbers_locking_at(be_plus_pct);
        check_batch(&policy, now(), &rows).unwrap();
    }

    // `p_trend` is at its threshold, and just below it.
    let rows = [0.25, 0.25_f64.next_down()].map(|p_trend| {
        let market = Market {
            p_trend: Some(p_trend),
            p_mr: Some(0.75),
            ..calm()
        };
        (long(), Some(market))
    });
    check_batch(&policy(), now(), &rows).unwrap();

    // K is at its threshold, and one step below and above it.
    let spike = Market {
        sigma: Some(0.03),
        ..calm()
    };
    let k = 0.713_000_162_752_281_6_f64;
    for threshold in [k.next_down(), k, k.next_up()] {
        let new = format!(r#""kill_threshold": {threshold}"#);
        let policy = policy_with(&[(r#""kill_threshold": 0.55"#, &new)]);
        check_batch(&policy, now(), &[(long(), Some(spike))]).unwrap();
    }
}

#[test]
fn an_unknown_age_exceeds_every_limit() {
    let policy =
        policy_and(r#""limits": {"max_position_age_sec": 1e30, "max_market_age_sec": 1e30}"#);
    let known = Some(Timestamp::MIN);
    let row = |position, market| {
        let position = Position {
            as_of: position,
            ..long()
        };
        let market = Market {
            as_of: market,
            ..calm()
        };
        (position, Some(market))
    };
    let rows = [
        row(None, None),
        row(None, known),
        row(known, None),
        row(known, known),
    ];
    for at in [Timestamp::MIN, now()] {
        check_batch(&policy, at, &rows).unwrap();
    }
}

/// The cases are a position and its market at the largest allowed age and one microsecond older,
/// each with a usable stop, an unusable stop and no stop.
#[test]
fn the_largest_age_is_not_too_old() {
    for limits in [
        r#""limits": {"max_position_age_sec": 60}"#,
        r#""limits": {"max_market_age_sec": 60}"#,
    ] {
        let oldest = now().as_micros() - 60_000_000;
        let rows: Vec<Row> = [oldest, oldest - 1]
            .into_iter()
            .flat_map(|as_of| [Some(0.02), Some(0.0), None].map(|stop| (as_of, stop)))
            .flat_map(|(as_of, stop_dist_pct)| {
                let as_of = Timestamp::from_micros(as_of).ok();
                let position = Position {
                    as_of,
                    stop_dist_pct,
                    ..long()
                };
                let market = Market { as_of, ..calm() };
                [(position, Some(market)), (position, None)]
            })
            .collect();
        check_batch(&policy_and(limits), now(), &rows).unwrap();
    }
}
