//! Tests of the laws of a simulation: no result depends on later input, amounts add up, and runs
//! are deterministic. `PORTCULLIS_CASES` sets the number of cases per law.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::as_conversions,
    reason = "a test fails by panicking"
)]

mod boundaries;
mod hand;
mod orders;
mod policy_sets;
mod worlds;

use std::collections::BTreeMap;

use portcullis_sim::simulate::{LedgerEntry, units::Money};
use proptest::{prelude::*, sample::select};

use worlds::{Prices, World, any_world, run};

/// The amounts of an entry of the log.
const AMOUNTS: [fn(&LedgerEntry) -> Money; 4] = [
    |entry| entry.pnl_usd,
    |entry| entry.fee_usd,
    |entry| entry.funding_usd,
    |entry| entry.cash_usd,
];

/// The number of cases per law.
const CASES: u32 = 96;

fn config() -> ProptestConfig {
    let cases = std::env::var("PORTCULLIS_CASES");
    ProptestConfig {
        cases: cases.map_or(CASES, |cases| cases.parse().unwrap()),
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

    /// Every fill is at a price that was traded. Entries and market closes are filled at the open, and so are liquidations
    /// and stops that the open has passed; funding is charged on the value at the open. A target that the open has passed
    /// is filled between the previous close and the open. All other fills are between the low and the high.
    #[test]
    fn fills_are_at_prices_that_were_traded(world in any_world()) {
        let (entries, outcome) = run(&world);
        let candles = ["BTCUSDT", "ETHUSDT"].map(|symbol| {
            (symbol, world.candles(usize::from(symbol == "ETHUSDT")))
        });
        for entry in entries.iter().filter(|entry| entry.event != "move_stop") {
            let price = entry.price.unwrap().to_f64();
            let (_, candles) = candles.iter().find(|(symbol, _)| *symbol == entry.symbol.as_str()).unwrap();
            let ts = entry.ts.as_millis();
            let at_open = candles.iter().position(|it| it.start == ts);
            let is_open = at_open.is_some_and(|place| candles[place].open == price);
            let within = |it: &Prices| it.end == ts && (it.low..=it.high).contains(&price);
            let is_traded = match entry.event {
                "stop" | "liquidation" => is_open || candles.iter().any(within),
                "target" if entry.target_gap_usd.is_some() => {
                    let place = at_open.unwrap();
                    let (before, open) = (candles[place - 1].close, candles[place].open);
                    (before.min(open)..=before.max(open)).contains(&price)
                }
                "target" => candles.iter().any(within),
                _ => is_open,
            };
            prop_assert!(is_traded, "{entry:?}");
            prop_assert!(entry.target_gap_usd.is_none_or(|gap| gap >= Money::ZERO), "{entry:?}");
            prop_assert!(entry.beyond_margin_usd.is_none_or(|loss| loss >= Money::ZERO), "{entry:?}");
        }
        let sum = |of: fn(&LedgerEntry) -> Option<Money>| {
            let amounts = entries.iter().filter_map(of);
            amounts.fold(Money::ZERO, |sum, amount| sum.plus(amount).unwrap())
        };
        prop_assert_eq!(outcome.target_gap_usd, sum(|entry| entry.target_gap_usd));
        prop_assert_eq!(outcome.beyond_margin_usd, sum(|entry| entry.beyond_margin_usd));
    }

    /// If all prices are multiplied by 10^6 and all quantities divided by it, every amount is the same to 12 digits.
    #[test]
    fn money_does_not_depend_on_the_scale_of_prices(
        mut world in any_world(),
        exponent in select(vec![6, -6, -9]),
        has_lots in any::<bool>(),
    ) {
        world.has_lots = has_lots;
        let mut scaled = world.clone();
        scaled.exponent = exponent;
        let ((entries, outcome), (others, other)) = (run(&world), run(&scaled));
        prop_assert_eq!(&outcome.rejected, &other.rejected);
        let events = |entries: &[LedgerEntry]| -> Vec<String> {
            entries.iter().map(|it| format!("{} {} {}", it.ts.as_millis() % 100_000_000, it.n, it.event)).collect()
        };
        prop_assert_eq!(events(&entries), events(&others));
        let digits = |amount: Money, largest: Money| {
            format!("{:.0}", amount.to_f64() / largest.to_f64() * 1e12)
        };
        let largest = outcome.curve.exposure_max_usd.max(outcome.cash_at_start);
        for (entry, scaled) in entries.iter().zip(&others) {
            prop_assert_eq!((entry.ts, entry.n, entry.event), (scaled.ts, scaled.n, scaled.event));
            for of in AMOUNTS {
                prop_assert_eq!(digits(of(entry), largest), digits(of(scaled), largest), "{:?} {:?}", entry, scaled);
            }
        }
        prop_assert_eq!(digits(outcome.equity, largest), digits(other.equity, largest));
    }

    /// After a stage of the ladder, at most its share of the opened quantity is left, in whole lots; and every quantity is
    /// a multiple of the lot size.
    #[test]
    fn a_stage_leaves_at_most_its_share(world in any_world()) {
        let (entries, _) = run(&world);
        let mut open: BTreeMap<u64, (f64, f64)> = BTreeMap::new();
        for entry in &entries {
            let Some(quantity) = entry.quantity else { continue };
            let lot = if entry.symbol.as_str() == "BTCUSDT" { 0.01 } else { 0.3 };
            let lots = quantity.to_f64() / lot;
            prop_assert!((lots - lots.round()).abs() < 1e-6, "{entry:?}");
            if entry.event == "open" {
                open.insert(entry.n, (lots.round(), lots.round()));
                continue;
            }
            let (opened, held) = open.get_mut(&entry.n).unwrap();
            *held -= lots.round();
            let share = match entry.event {
                "partial_25" => 0.75,
                "partial_50" => 0.5,
                "partial_75" => 0.25,
                _ => 0.0,
            };
            let kept = (*opened * share).ceil();
            // A rest below the minimum of 0.02 units is closed whole, and so is one below the minimum of 60 USD in the
            // second symbol. The price can jump by less than a fifth between the decision and the fill.
            let rest_usd = entry.price.map(|price| kept * lot * price.to_f64());
            let has_min_usd = entry.symbol.as_str() == "ETHUSDT";
            let may_be_below_usd = has_min_usd && rest_usd.is_some_and(|usd| usd < 60.0 * 1.2);
            let may_be_below = kept * lot < 0.02 || may_be_below_usd;
            let is_exact = share == 0.0 || *held == kept || (*held == 0.0 && may_be_below);
            prop_assert!(is_exact, "{held} of {opened} lots after {entry:?}");
        }
    }

    /// Two runs with the same input have equal entries and outcomes.
    #[test]
    fn runs_are_deterministic(world in any_world()) {
        prop_assert_eq!(run(&world), run(&world));
    }

    /// The counts, the round trips and the cash of an outcome follow from the log.
    #[test]
    fn an_outcome_is_the_sum_of_its_log(world in any_world()) {
        let (entries, outcome) = run(&world);
        let mut closes: BTreeMap<&str, u64> = BTreeMap::new();
        let mut last_close: BTreeMap<u64, (i64, &str)> = BTreeMap::new();
        let is_close = |entry: &&LedgerEntry| !["open", "funding", "move_stop"].contains(&entry.event);
        for entry in entries.iter().filter(is_close) {
            *closes.entry(entry.event).or_insert(0) += 1;
            last_close.insert(entry.n, (entry.ts.as_millis(), entry.event));
        }
        prop_assert_eq!(&outcome.closes, &closes);
        let open = outcome.trips.iter().filter(|trip| trip.closed.is_none()).count();
        prop_assert_eq!(open as u64, outcome.still_open);
        for trip in &outcome.trips {
            let of_trip = || entries.iter().filter(|entry| entry.n == trip.n);
            let sum = |of: fn(&LedgerEntry) -> Money| {
                of_trip().map(of).fold(Money::ZERO, |sum, amount| sum.plus(amount).unwrap())
            };
            prop_assert_eq!(trip.pnl_usd, sum(|entry| entry.pnl_usd));
            prop_assert_eq!(trip.fees_usd, sum(|entry| entry.fee_usd));
            prop_assert_eq!(trip.funding_usd, sum(|entry| entry.funding_usd));
            let opening = of_trip().next().unwrap();
            prop_assert_eq!(opening.event, "open");
            prop_assert_eq!((trip.opened, trip.side, &trip.symbol), (opening.ts, opening.side, &opening.symbol));
            prop_assert_eq!((Some(trip.entry_price), Some(trip.quantity)), (opening.price, opening.quantity));
            if let Some(closed) = trip.closed {
                let reason = trip.reason.map(|reason| reason.as_str());
                prop_assert_eq!(Some(&(closed.as_millis(), reason.unwrap())), last_close.get(&trip.n));
                prop_assert_eq!(trip.unrealised_usd, Money::ZERO);
            }
            // A long pays a positive rate, and a short receives it.
            for entry in of_trip().filter(|entry| entry.event == "funding") {
                prop_assert_eq!(entry.funding_usd > Money::ZERO, trip.side.sign() > 0.0);
            }
        }
    }

    /// A stop only moves in favour of the position, and it is filled at the last price that the log states for it, or
    /// beyond it.
    #[test]
    fn stops_follow_from_the_log(world in any_world()) {
        let (entries, _) = run(&world);
        let mut stops: BTreeMap<u64, f64> = BTreeMap::new();
        for entry in &entries {
            let sign = entry.side.sign();
            prop_assert!(entry.stop.is_none() || ["open", "move_stop"].contains(&entry.event), "{entry:?}");
            match entry.event {
                "move_stop" => {
                    let (stop, before) = (entry.stop.unwrap().to_f64(), stops.get(&entry.n));
                    prop_assert!(before.is_none_or(|before| sign * (stop - before) > 0.0), "{entry:?} {before:?}");
                }
                "stop" => {
                    let (price, stop) = (entry.price.unwrap().to_f64(), stops[&entry.n]);
                    prop_assert!(sign * (price - stop) <= 0.0, "{entry:?} {stop}");
                }
                _ => {}
            }
            stops.extend(entry.stop.map(|stop| (entry.n, stop.to_f64())));
        }
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
        prop_assert!(outcome.trips.is_sorted_by_key(|trip| (trip.opened, trip.n)));
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
            if entry.target_gap_usd.is_some_and(|gap| gap > Money::ZERO) {
                *seen.entry("target_gap").or_insert(0) += 1;
            }
            if entry
                .beyond_margin_usd
                .is_some_and(|loss| loss > Money::ZERO)
            {
                *seen.entry("beyond_margin").or_insert(0) += 1;
            }
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
        "below_min",
        "beyond_stop",
        "beyond_target",
        "target_gap",
        "beyond_margin",
    ] {
        assert!(seen.contains_key(event), "no {event}: {seen:?}");
    }
}
