//! Positions and markets, in code and as JSON.

use portcullis::{
    domain::{Instant, PositionSide, Symbol},
    harvest::{Harvested, Market, Position, Snapshot, Stage, Standing},
};
use proptest::{option::weighted, prelude::*, sample::select};

use super::number::{self, json, object, quote};

/// A position and its market before they are written down.
#[derive(Debug, Clone)]
pub(crate) struct PositionDraft {
    pub(crate) position: Position,
    pub(crate) market: Option<Market>,
    /// Handed over as JSON.
    pub(crate) as_json: bool,
    /// How long ago it was true, in microseconds, where it says so.
    age: Option<i64>,
}

impl PositionDraft {
    /// The same, its times about an instant.
    pub(crate) fn about(mut self, at: i64) -> Self {
        let then = self
            .age
            .map(|age| Instant::from_millis((at - age).div_euclid(1_000)).unwrap());
        self.position.as_of = then;
        if let Some(market) = &mut self.market {
            market.as_of = then;
        }
        self
    }

    /// As the engine gets it.
    pub(crate) fn read(&self) -> (Position, Option<Market>) {
        if !self.as_json {
            return (self.position, self.market);
        }
        let snapshot = Snapshot::from_json(&self.text(), self.position.as_of).unwrap();
        (snapshot.position, snapshot.market)
    }

    pub(crate) fn number(&self, field: &str) -> Option<f64> {
        match field {
            "entry_price" => self.position.entry_price,
            "current_price" => self.position.current_price,
            "stop_dist_pct" => self.position.stop_dist_pct,
            _ => None,
        }
    }

    fn text(&self) -> String {
        let position = &self.position;
        let mut members = vec![("symbol", quote(position.symbol.as_str()))];
        let side = position.side.map(|side| match side {
            Standing::Open(side) => quote(side.as_str()),
            Standing::Flat => quote("FLAT"),
            Standing::Unreadable => quote("BOTH"),
        });
        members.extend(side.map(|side| ("side", side)));
        members.push((
            "harvested",
            quote(match position.harvested {
                Harvested::Stage(Stage::None) => "NONE",
                Harvested::Stage(Stage::Partial25) => "partial_25",
                Harvested::Stage(Stage::Partial50) => "PARTIAL_50",
                Harvested::Stage(Stage::Partial75) => "PARTIAL_75",
                Harvested::Unreadable => "PARTIAL_99",
            }),
        ));
        numbers(
            &mut members,
            [
                ("quantity", position.quantity),
                ("entry_price", position.entry_price),
                ("current_price", position.current_price),
                ("age_sec", position.age_sec),
                ("current_sl", position.current_sl),
                ("stop_dist_pct", position.stop_dist_pct),
            ],
        );
        members.extend(self.market.map(|market| ("market", market_text(&market))));
        object(&members, 0)
    }
}

fn numbers<const N: usize>(
    members: &mut Vec<(&'static str, String)>,
    numbers: [(&'static str, Option<f64>); N],
) {
    let there = numbers.into_iter();
    members.extend(there.filter_map(|(field, x)| Some((field, json(x?, false)))));
}

fn market_text(market: &Market) -> String {
    let mut members = Vec::new();
    numbers(
        &mut members,
        [
            ("sigma", market.sigma),
            ("ts", market.ts),
            ("p_trend", market.p_trend),
            ("p_mr", market.p_mr),
            ("p_chop", market.p_chop),
        ],
    );
    let as_of = market.as_of.map(|at| at.as_millis().to_string());
    members.extend(as_of.map(|as_of| ("as_of", as_of)));
    object(&members, 0)
}

fn harvested() -> impl Strategy<Value = Harvested> {
    select(vec![
        Harvested::Stage(Stage::None),
        Harvested::Stage(Stage::None),
        Harvested::Stage(Stage::Partial25),
        Harvested::Stage(Stage::Partial50),
        Harvested::Stage(Stage::Partial75),
    ])
}

fn direction() -> impl Strategy<Value = Standing> {
    select(vec![
        Standing::Open(PositionSide::Long),
        Standing::Open(PositionSide::Short),
    ])
}

/// A number that may be missing or anything.
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

fn position(
    x: fn(BoxedStrategy<f64>) -> BoxedStrategy<Option<f64>>,
    side: BoxedStrategy<Option<Standing>>,
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
    let ages = x((0.0..2e5_f64).boxed());
    (
        (x(price()), x(price()), ages, current_sl, stop_dist),
        (side, harvested, any::<bool>(), any::<bool>()),
        market,
        prop_oneof![3 => Just(Some(0)), 1 => Just(Some(30_000_000)), 1 => Just(None)],
    )
        .prop_map(|(numbers, words, market, age)| {
            let (sigma, ts, p_trend, p_mr, p_chop) = market;
            PositionDraft {
                position: Position {
                    symbol: Symbol::new("BTCUSDT").unwrap(),
                    side: words.0,
                    quantity: words.3.then_some(3.0),
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
            }
        })
        .boxed()
}

fn stop_dist() -> BoxedStrategy<f64> {
    prop_oneof![1 => Just(0.02), 2 => 0.001..0.3_f64].boxed()
}

/// Every number of it may be missing or anything.
pub(crate) fn any_position() -> BoxedStrategy<PositionDraft> {
    let side = prop_oneof![
        12 => direction().prop_map(Some),
        1 => select(vec![None, Some(Standing::Flat), Some(Standing::Unreadable)]),
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

/// Nothing missing, and everything within its bounds.
pub(crate) fn sound_position() -> BoxedStrategy<PositionDraft> {
    let some = |usual: BoxedStrategy<f64>| usual.prop_map(Some).boxed();
    position(
        some,
        some_standing(),
        harvested().boxed(),
        weighted(0.7, price()).boxed(),
        some(stop_dist()),
    )
}

fn some_standing() -> BoxedStrategy<Option<Standing>> {
    direction().prop_map(Some).boxed()
}
