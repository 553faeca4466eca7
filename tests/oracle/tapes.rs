//! Random lines, policies and guardrails, chosen so that every reason occurs.

pub(crate) mod intent;
pub(crate) mod policy;
pub(crate) mod position;
pub(crate) mod text;

use super::naive::{Candle, Flaw, Guardrails, Halt, World};
use proptest::option::weighted;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

/// 2025-12-24 04:32:14.062733 UTC in microseconds. No group of digits is zero, so that a loss of
/// precision is detected.
pub(crate) const BASE: i64 = 1_766_550_734_062_733;

/// Everything that one answer depends on.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub line: String,
    pub policy: Option<String>,
    pub guardrails: Guardrails,
    pub exit_owner: String,
    pub delegates: Vec<String>,
    /// The clock of the caller in microseconds; a replay has none.
    pub now: Option<i64>,
}

impl Case {
    /// Returns the inputs of the case, except the line and the clock, for the engines.
    pub(crate) fn world(&self, flaw: Option<Flaw>) -> World<'_> {
        World {
            policy: self.policy.as_deref(),
            guardrails: &self.guardrails,
            exit_owner: &self.exit_owner,
            delegates: &self.delegates,
            flaw,
        }
    }
}

/// Generates intents with a policy and guardrails.
pub(crate) fn intents() -> impl Strategy<Value = Case> {
    case(intent::lines().boxed())
}

/// Generates position snapshots with a policy and guardrails.
pub(crate) fn positions() -> impl Strategy<Value = Case> {
    // A quantity that has no 15 significant digits as an f64 is too small for the arithmetic of the engine.
    let has_digits = |line: &String| !line.contains("e-32");
    let lines = position::lines().prop_filter("a quantity without digits", has_digits);
    case(lines.boxed())
}

fn case(lines: BoxedStrategy<String>) -> impl Strategy<Value = Case> {
    let delegates = select(vec![
        vec![],
        vec!["emergency".to_owned()],
        vec!["desk".to_owned(), "emergency".to_owned()],
    ]);
    let now = prop_oneof![3 => Just(None), 2 => near(BASE).prop_map(Some)];
    (lines, policy::texts(), guardrails(), delegates, now).prop_map(
        |(line, policy, guardrails, delegates, now)| Case {
            line,
            policy,
            guardrails,
            exit_owner: "exitbrain_v3_5".to_owned(),
            delegates,
            now,
        },
    )
}

/// Generates timestamps that are equal to `micros`, or that differ from it by a little or a lot.
pub(crate) fn near(micros: i64) -> impl Strategy<Value = i64> {
    let steps = vec![
        1,
        733,
        999,
        1_000,
        999_999,
        1_000_000,
        30_000_000,
        59_999_999,
        60_000_000,
        60_000_001,
        3_600_000_000,
    ];
    prop_oneof![
        6 => Just(micros),
        3 => select(steps.clone()).prop_map(move |step| micros - step),
        3 => select(steps).prop_map(move |step| micros + step),
        1 => (-120_000_000_i64..120_000_000).prop_map(move |step| micros + step),
    ]
}

fn guardrails() -> impl Strategy<Value = Guardrails> {
    prop_oneof![1 => Just(1e-6), 1 => Just(0.15)].prop_flat_map(|odds| {
        let bound = |values: Vec<f64>| weighted(odds, select(values));
        let money = vec![1e-3, 25.0, 99.99, 200.0, 1_600.0, 1e4, 1e9, 1e300];
        let seconds = vec![1e-6, 0.001, 1.0, 59.999_999, 60.0, 86_400.0];
        let symbols = || subsequence(text::SYMBOLS.to_vec(), 1..4).prop_map(normalised);
        let halt = prop_oneof![
            2 => Just(Halt::Everything),
            2 => symbols().prop_map(Halt::Symbols),
        ];
        let place = |here: &'static str| {
            weighted(odds, select(vec![here.to_owned(), "elsewhere".to_owned()]))
        };
        (
            (
                bound(vec![0.5, 1.0, 5.0, 8.0, 20.0]),
                bound(money.clone()),
                bound(money),
            ),
            bound(vec![0.000_001, 3_599.999_999, 3_600.0, 7_200.0, 1e6, 1e12]),
            (
                bound(seconds.clone()),
                weighted(odds * 3.0, select(seconds.clone())),
                weighted(odds * 3.0, select(seconds)),
            ),
            (weighted(odds, symbols()), place("usdm"), place("binance")),
            (prop::bool::weighted(odds), prop::bool::weighted(odds)),
            weighted(odds, halt),
            (
                bound(vec![1e-6, 0.01, 0.1, 1.0]),
                bound(vec![1e-6, 0.02, 0.1, 1.0]),
                weighted(0.1, subsequence(intent::IGNORED.to_vec(), 1..3)),
                weighted(odds, select(vec!["ai", "trading-bot"])),
                select(vec![Candle::Close, Candle::Open(60.0), Candle::Open(900.0)]),
            ),
        )
            .prop_map(
                |(money, max_validity_sec, times, places, required, halt, intents)| Guardrails {
                    max_leverage: money.0,
                    max_position_usd: money.1,
                    max_notional_usd: money.2,
                    max_validity_sec,
                    max_intent_age_sec: times.0,
                    max_future_skew_sec: times.1,
                    max_plan_age_sec: times.2,
                    symbols: places.0,
                    market: places.1,
                    venue: places.2,
                    require_hash: required.0,
                    require_metadata: required.1,
                    halt: halt.unwrap_or(Halt::Nothing),
                    max_price_deviation: intents.0,
                    max_stop_distance: intents.1,
                    ignored_fields: intents.2.into_iter().flatten().map(str::to_owned).collect(),
                    timestamps: intents
                        .3
                        .map(|source| (source.to_owned(), intents.4))
                        .into_iter()
                        .collect(),
                },
            )
    })
}

fn normalised(symbols: Vec<&str>) -> Vec<String> {
    symbols.into_iter().map(str::to_ascii_uppercase).collect()
}
