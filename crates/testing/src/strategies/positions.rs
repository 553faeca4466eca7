//! Strategies for positions and their markets.

use portcullis::{
    harvest::{Harvested, Market, Position, ReportedSide, SizeRules, Stage},
    types::{PositionSide, Symbol},
};
use proptest::{option::weighted, prelude::*, sample::select};

use super::{PositionDraft, number};

fn harvested() -> impl Strategy<Value = Harvested> {
    select(vec![
        Harvested::Stage(Stage::None),
        Harvested::Stage(Stage::None),
        Harvested::Stage(Stage::Partial25),
        Harvested::Stage(Stage::Partial50),
        Harvested::Stage(Stage::Partial75),
    ])
}

fn direction() -> impl Strategy<Value = ReportedSide> {
    select(vec![
        ReportedSide::Open(PositionSide::Long),
        ReportedSide::Open(PositionSide::Short),
    ])
}

/// Generates a number that may be missing or any float.
fn loose(usual: BoxedStrategy<f64>) -> BoxedStrategy<Option<f64>> {
    prop_oneof![
        16 => usual.prop_map(Some),
        1 => Just(None),
        1 => number::unusable().prop_map(Some),
        1 => number::any_bits().prop_map(Some),
    ]
    .boxed()
}

fn price() -> BoxedStrategy<f64> {
    prop_oneof![1 => Just(10.0), 1 => Just(200.0), 4 => 50.0..400.0_f64].boxed()
}

fn share() -> BoxedStrategy<f64> {
    (0.0..=1.0_f64).boxed()
}

fn sizes() -> impl Strategy<Value = SizeRules> {
    (
        weighted(0.5, select(vec![0.001, 0.5, 1.0, 2.0, 10.0])),
        weighted(0.2, select(vec![0.0, 1.0, 2.5])),
        weighted(0.2, select(vec![5.0, 200.0])),
    )
        .prop_map(|(lot_size, min_quantity, min_notional_usd)| SizeRules {
            lot_size,
            min_quantity,
            min_notional_usd,
        })
}

fn position(
    x: fn(BoxedStrategy<f64>) -> BoxedStrategy<Option<f64>>,
    side: BoxedStrategy<Option<ReportedSide>>,
    harvested: BoxedStrategy<Harvested>,
    current_sl: BoxedStrategy<Option<f64>>,
    stop_dist: BoxedStrategy<Option<f64>>,
) -> BoxedStrategy<PositionDraft> {
    let market = (
        x((0.0..0.1_f64).boxed()),
        x((-1.0..1.0_f64).boxed()),
        x(share()),
        x(share()),
        x(share()),
    );
    let peak = prop_oneof![1 => Just(None), 1 => x(select(vec![3.0, 3.5, 4.0, 12.0]).boxed())];
    let ages = x((0.0..2e5_f64).boxed());
    (
        (x(price()), x(price()), ages, current_sl, stop_dist),
        (side, harvested, any::<bool>(), any::<bool>(), peak, sizes()),
        market,
        prop_oneof![3 => Just(Some(0)), 1 => Just(Some(30_000_000)), 1 => Just(None)],
    )
        .prop_filter_map("invalid symbol", |(numbers, words, market, age)| {
            let (sigma, ts, p_trend, p_mr, p_chop) = market;
            Some(PositionDraft {
                position: Position {
                    symbol: Symbol::new("BTCUSDT").ok()?,
                    side: words.0,
                    quantity: words.3.then_some(3.0),
                    peak_quantity: words.4,
                    sizes: words.5,
                    entry_price: numbers.0,
                    current_price: numbers.1,
                    age_sec: numbers.2,
                    current_sl: numbers.3,
                    stop_dist_pct: numbers.4,
                    harvested: words.1,
                    as_of: None,
                },
                market: Some(Market {
                    sigma,
                    ts,
                    p_trend,
                    p_mr,
                    p_chop,
                    as_of: None,
                }),
                as_json: words.2,
                age,
            })
        })
        .boxed()
}

fn stop_dist() -> BoxedStrategy<f64> {
    prop_oneof![1 => Just(0.02), 2 => 0.001..0.3_f64].boxed()
}

/// Generates a position in which every number may be missing or any float, except the quantity and the sizes that the
/// market allows.
pub fn any_position() -> BoxedStrategy<PositionDraft> {
    let side = prop_oneof![
        12 => direction().prop_map(Some),
        1 => select(vec![None, Some(ReportedSide::Flat), Some(ReportedSide::Unreadable)]),
    ];
    let stage = prop_oneof![8 => harvested(), 1 => Just(Harvested::Unreadable)];
    let stop_dist = prop_oneof![3 => loose(stop_dist()), 1 => Just(None)];
    position(
        loose,
        side.boxed(),
        stage.boxed(),
        loose(price()),
        stop_dist.boxed(),
    )
}

/// Generates a position in which nothing is missing and every number is within its range.
pub fn sound_position() -> BoxedStrategy<PositionDraft> {
    let some = |usual: BoxedStrategy<f64>| usual.prop_map(Some).boxed();
    position(
        some,
        some_side(),
        harvested().boxed(),
        weighted(0.7, price()).boxed(),
        some(stop_dist()),
    )
}

fn some_side() -> BoxedStrategy<Option<ReportedSide>> {
    direction().prop_map(Some).boxed()
}
