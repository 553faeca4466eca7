//! Tests of the laws of a simulation: no result depends on later input, amounts add up, and runs
//! are deterministic.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::as_conversions,
    reason = "a test fails by panicking"
)]

mod worlds;

use std::collections::BTreeMap;

use portcullis_sim::simulate::{LedgerEntry, units::Money};
use proptest::prelude::*;

use worlds::{World, any_world, run};

/// The number of cases per law.
const CASES: u32 = 96;

fn config() -> ProptestConfig {
    ProptestConfig {
        cases: CASES,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

/// Returns the entries that result from prices before a minute. A stop is moved at the end of a candle, which is up to
/// half a minute after the beginning of the next minute, because candles can begin late.
fn before(entries: &[LedgerEntry], minute: usize) -> Vec<&LedgerEntry> {
    let ts = World::ts(minute);
    let is_before = |entry: &&LedgerEntry| {
        let at = entry.ts.as_millis();
        at < ts || (entry.event == "move_stop" && at < ts + 30_000)
    };
    entries.iter().filter(is_before).collect()
}

proptest! {
    #![proptest_config(config())]

    /// Replacing all prices and records from one minute on, but not the times of candles, does not change the entries
    /// before it.
    #[test]
    fn no_entry_depends_on_later_input(world in any_world(), other in any_world(), minute in 1..World::MINUTES) {
        let changed = world.changed_from(minute, &other);
        let (entries, _) = run(&world);
        let (others, _) = run(&changed);
        prop_assert_eq!(before(&entries, minute), before(&others, minute));
    }

    /// The final equity is exactly the starting cash plus profits less fees and funding.
    #[test]
    fn money_adds_up(world in any_world()) {
        let (entries, outcome) = run(&world);
        let mut expected = outcome.cash_at_start;
        for entry in &entries {
            expected = expected.plus(entry.pnl_usd).unwrap();
            expected = expected.minus(entry.fee_usd).unwrap();
            expected = expected.minus(entry.funding_usd).unwrap();
        }
        for trip in &outcome.trips {
            expected = expected.plus(trip.unrealised_usd).unwrap();
        }
        prop_assert_eq!(outcome.equity, expected);
        // The sums over round trips and over entries are equal.
        let mut net = outcome.cash_at_start;
        for trip in &outcome.trips {
            net = net.plus(trip.net().unwrap()).unwrap();
        }
        prop_assert_eq!(net, expected);
        let last = entries.last().map_or(outcome.cash_at_start, |entry| entry.cash_usd);
        prop_assert_eq!(outcome.cash, last);
    }

    /// Each realised profit follows from its fill prices, and no more is closed than was opened.
    #[test]
    fn profit_is_the_difference_of_fills(world in any_world()) {
        let (entries, outcome) = run(&world);
        let mut open: BTreeMap<u64, (f64, f64, f64)> = BTreeMap::new();
        for entry in &entries {
            let quantity = entry.quantity.map_or(0.0, |it| it.to_f64());
            let price = entry.price.map_or(f64::NAN, |it| it.to_f64());
            match entry.event {
                "open" => {
                    let is_new = open.insert(entry.n, (price, quantity, entry.side.sign())).is_none();
                    prop_assert!(is_new);
                    prop_assert_eq!(entry.pnl_usd, Money::ZERO);
                }
                "funding" | "move_stop" => prop_assert_eq!(entry.pnl_usd, Money::ZERO),
                "liquidation" => {
                    let (_, left, _) = open.remove(&entry.n).unwrap();
                    prop_assert!((left - quantity).abs() < 1e-7);
                    prop_assert!(entry.pnl_usd < Money::ZERO);
                }
                _ => {
                    let (paid, left, sign) = *open.get(&entry.n).unwrap();
                    let gain = sign * (price - paid) * quantity;
                    prop_assert!((gain - entry.pnl_usd.to_f64()).abs() < 0.005, "{gain} {entry:?}");
                    prop_assert!(quantity <= left + 1e-7);
                    open.insert(entry.n, (paid, left - quantity, sign));
                }
            }
        }
        let held = open.values().filter(|(_, left, _)| *left > 1e-7).count();
        prop_assert_eq!(held as u64, outcome.still_open);
    }

    /// Two runs with the same input have equal entries and outcomes.
    #[test]
    fn runs_are_deterministic(world in any_world()) {
        prop_assert_eq!(run(&world), run(&world));
    }

    /// Each order is filled or counted with a reason.
    #[test]
    fn no_order_is_lost(world in any_world()) {
        let (entries, outcome) = run(&world);
        let closed_by_exit = outcome.closes.get("exit").copied().unwrap_or_default();
        let rejected: u64 = outcome.rejected.values().sum();
        prop_assert_eq!(outcome.opened + closed_by_exit + rejected, world.orders());
        let opened = entries.iter().filter(|entry| entry.event == "open").count();
        prop_assert_eq!(opened as u64, outcome.opened);
        prop_assert_eq!(outcome.trips.len() as u64, outcome.opened);
        prop_assert!(entries.is_sorted_by_key(|entry| entry.ts));
    }
}

/// Runs without events would satisfy every law, so the generated worlds must contain every kind of
/// event.
#[test]
fn generated_worlds_contain_every_event() {
    use proptest::{strategy::ValueTree as _, test_runner::TestRunner};

    let mut runner = TestRunner::deterministic();
    let mut seen: BTreeMap<&str, u64> = BTreeMap::new();
    for _ in 0..CASES {
        let world = any_world().new_tree(&mut runner).unwrap().current();
        let (entries, outcome) = run(&world);
        for entry in &entries {
            *seen.entry(entry.event).or_insert(0) += 1;
        }
        for (why, count) in outcome.rejected {
            *seen.entry(why).or_insert(0) += count;
        }
    }
    for event in [
        "open",
        "funding",
        "move_stop",
        "stop",
        "target",
        "exit",
        "liquidation",
        "full_close",
        "partial_25",
        "partial_50",
        "partial_75",
        "already_open",
        "no_cash",
        "no_candles",
        "no_later_candle",
        "no_position",
        "gap",
    ] {
        assert!(seen.contains_key(event), "no {event}: {seen:?}");
    }
}
