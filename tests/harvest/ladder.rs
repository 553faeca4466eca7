//! Tests of the part of a position that a stage closes: lots, minimum sizes and unknown quantities.

use portcullis::harvest::{Harvest, HarvestReason, Harvested, Position, SizeRules, Stage};
use proptest::{prelude::*, sample::select};

use crate::samples::{at_r, calm, proposal, reasons, whole_numbers};

/// An R for each stage, from none to the highest, under [`whole_numbers`].
const AT_STAGE: [f64; 4] = [0.0, 2.0, 4.0, 8.0];

/// Returns a position that has reached a stage, with these quantities and this lot size.
fn position(stage: usize, quantity: f64, peak: Option<f64>, lot: Option<f64>) -> Position {
    Position {
        quantity: Some(quantity),
        peak_quantity: peak,
        sizes: SizeRules {
            lot_size: lot,
            ..SizeRules::default()
        },
        ..at_r(AT_STAGE[stage])
    }
}

fn closed(harvest: &Harvest<'_>) -> Option<f64> {
    harvest.close_quantity().map(|quantity| quantity.get())
}

/// Returns the quantities that are closed in a climb through these stages.
fn climb(largest: f64, lot: f64, stages: &[usize]) -> Vec<f64> {
    let policy = whole_numbers();
    let mut held = largest;
    let closes = stages.iter().map(|stage| {
        let at = position(*stage, held, Some(largest), Some(lot));
        let closes = closed(&proposal(&policy, &at, Some(&calm()))).unwrap_or_default();
        held = ((held - closes) / lot).round() * lot;
        closes
    });
    closes.collect()
}

#[test]
fn a_climb_and_a_jump_leave_the_same() {
    assert_eq!(climb(0.01, 0.001, &[1, 2, 3]), [0.002, 0.003, 0.002]);
    assert_eq!(climb(0.01, 0.001, &[3]), [0.007]);
    assert_eq!(climb(0.01, 0.001, &[1, 3]), [0.002, 0.005]);
    assert_eq!(climb(0.003, 0.001, &[1, 2, 3]), [0.0, 0.001, 0.001]);
    assert_eq!(climb(0.003, 0.001, &[3]), [0.002]);
    assert_eq!(climb(4.0, 1.0, &[1, 2, 3]), [1.0, 1.0, 1.0]);
    assert_eq!(climb(0.9, 0.3, &[3]), [0.6]);
    assert_eq!(climb(100.0, 10.0, &[1, 2, 3]), [20.0, 30.0, 20.0]);
}

#[test]
fn a_stage_below_one_lot_is_not_taken() {
    let policy = whole_numbers();
    let below = position(1, 0.003, Some(0.003), Some(0.001));
    let harvest = proposal(&policy, &below, Some(&calm()));
    assert_eq!(harvest.action().as_str(), "NONE");
    assert_eq!((closed(&harvest), harvest.close_fraction()), (None, None));
    assert_eq!(reasons(&harvest), "profit_lock age_penalty below_lot");
    let single = position(3, 0.001, Some(0.001), Some(0.001));
    let harvest = proposal(&policy, &single, Some(&calm()));
    assert!(harvest.reasons().contains(HarvestReason::BelowLot));
}

#[test]
fn the_fraction_is_of_the_current_quantity() {
    let policy = whole_numbers();
    let close = |stage, quantity, peak, lot| {
        let harvest = proposal(
            &policy,
            &position(stage, quantity, peak, lot),
            Some(&calm()),
        );
        (
            closed(&harvest).unwrap(),
            harvest.close_fraction().unwrap().get(),
        )
    };
    assert_eq!(close(1, 4.0, Some(4.0), None), (1.0, 0.25));
    assert_eq!(close(2, 3.0, Some(4.0), None), (1.0, 1.0 / 3.0));
    assert_eq!(close(3, 2.0, Some(4.0), None), (1.0, 0.5));
    assert_eq!(close(3, 0.01, Some(0.01), Some(0.001)), (0.007, 0.7));
    // A short may be reported with a negative quantity.
    assert_eq!(close(2, -3.0, Some(-4.0), Some(1.0)), (1.0, 1.0 / 3.0));
    // A quantity above the stated largest one is itself the largest.
    assert_eq!(close(1, 8.0, Some(4.0), None), (2.0, 0.25));
    // Without a lot size, the quantity is rounded down to the 15th digit of the largest one.
    let (quantity, _) = close(1, 952_380_952.380_952, Some(952_380_952.380_952), None);
    assert_eq!(quantity, 238_095_238.095_238);
    assert_eq!(close(1, 1e-7, None, None).0, 2.5e-8);
    assert_eq!(close(1, 3e15, None, None).0, 7.5e14);
    assert_eq!(close(1, 1e20, None, None).0, 2.5e19);
}

#[test]
fn quantities_decide_which_stage_was_taken() {
    let policy = whole_numbers();
    let action = |stage, quantity, harvested| {
        let position = Position {
            harvested,
            ..position(stage, quantity, Some(0.01), Some(0.001))
        };
        proposal(&policy, &position, Some(&calm()))
            .action()
            .to_string()
    };
    let none = Harvested::Stage(Stage::None);
    assert_eq!(action(1, 0.01, none), "PARTIAL_25");
    assert_eq!(action(1, 0.009, none), "PARTIAL_25");
    assert_eq!(action(1, 0.008, none), "NONE");
    assert_eq!(action(2, 0.006, none), "PARTIAL_50");
    assert_eq!(action(2, 0.005, none), "NONE");
    assert_eq!(action(3, 0.003, none), "NONE");
    // If both quantities are known, the reported stage has no effect, but a proposed stage counts as taken.
    assert_eq!(
        action(1, 0.01, Harvested::Stage(Stage::Partial75)),
        "PARTIAL_25"
    );
    assert_eq!(action(1, 0.01, Harvested::Unreadable), "PARTIAL_25");
    assert_eq!(
        action(1, 0.01, Harvested::AtLeast(Stage::Partial25)),
        "NONE"
    );
    assert_eq!(
        action(2, 0.005, Harvested::AtLeast(Stage::Partial25)),
        "NONE"
    );
}

#[test]
fn the_reported_stage_counts_if_the_largest_quantity_is_unknown() {
    let policy = whole_numbers();
    let close = |stage, quantity: Option<f64>, harvested| {
        let position = Position {
            quantity,
            harvested: Harvested::Stage(harvested),
            ..position(stage, 1.0, None, Some(0.001))
        };
        let harvest = proposal(&policy, &position, Some(&calm()));
        (
            closed(&harvest),
            harvest.close_fraction().map(|part| part.get()),
        )
    };
    assert_eq!(close(1, Some(0.01), Stage::None), (Some(0.002), Some(0.2)));
    assert_eq!(close(1, Some(0.01), Stage::Partial25), (None, None));
    assert_eq!(
        close(2, Some(0.009), Stage::Partial25),
        (Some(0.003), Some(1.0 / 3.0))
    );
    assert_eq!(
        close(3, Some(0.004), Stage::Partial50),
        (Some(0.002), Some(0.5))
    );
    assert_eq!(close(3, None, Stage::Partial50), (None, Some(0.5)));
    assert_eq!(close(2, None, Stage::Partial25), (None, Some(1.0 / 3.0)));
    assert_eq!(close(3, None, Stage::None), (None, Some(0.75)));
}

#[test]
fn a_rest_below_a_minimum_is_closed_whole() {
    let policy = whole_numbers();
    let close = |quantity, sizes: SizeRules| {
        let position = Position {
            sizes: SizeRules {
                lot_size: Some(1.0),
                ..sizes
            },
            ..position(3, quantity, Some(quantity), None)
        };
        closed(&proposal(&policy, &position, Some(&calm()))).unwrap()
    };
    let at_least = |units| SizeRules {
        min_quantity: Some(units),
        ..SizeRules::default()
    };
    assert_eq!(close(8.0, at_least(2.0)), 6.0);
    assert_eq!(close(8.0, at_least(2.5)), 8.0);
    // The current price is 136 USD.
    let worth = |usd| SizeRules {
        min_notional_usd: Some(usd),
        ..SizeRules::default()
    };
    assert_eq!(close(8.0, worth(272.0)), 6.0);
    assert_eq!(close(8.0, worth(272.1)), 8.0);
    assert_eq!(close(8.0, SizeRules::default()), 6.0);
}

#[test]
fn an_unusable_size_makes_the_ladder_unavailable() {
    let policy = whole_numbers();
    let edits: [fn(&mut Position, f64); 5] = [
        |position, value| position.quantity = Some(value),
        |position, value| position.peak_quantity = Some(value),
        |position, value| position.sizes.lot_size = Some(value),
        |position, value| position.sizes.min_quantity = Some(value),
        |position, value| position.sizes.min_notional_usd = Some(value),
    ];
    for edit in edits {
        for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let mut position = position(3, 1.0, Some(1.0), None);
            edit(&mut position, value);
            let harvest = proposal(&policy, &position, Some(&calm()));
            assert_eq!(harvest.action().as_str(), "NONE", "{position:?}");
            assert!(harvest.reasons().contains(HarvestReason::LadderUnavailable));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    /// After a stage with the share c, ceil((1 − c) · largest / lot) lots are left, whichever stages were taken before,
    /// unless an earlier stage left fewer.
    #[test]
    fn a_stage_leaves_no_more_than_its_share(
        lots in 1_u32..3000,
        lot in select(vec![0.001, 0.01, 0.3, 0.5, 1.0, 1e-8, 25.0]),
        path in prop::collection::vec(1_usize..4, 1..6),
    ) {
        let policy = whole_numbers();
        let quantity = |lots: u32| {
            // The multiple of the lot as a decimal number, as a venue reports it.
            format!("{:.10}", f64::from(lots) * lot).parse::<f64>().unwrap()
        };
        let mut held = lots;
        let mut highest = 0_u32;
        for stage in path {
            let at = position(stage, quantity(held), Some(quantity(lots)), Some(lot));
            let closes = closed(&proposal(&policy, &at, Some(&calm()))).unwrap_or_default();
            let closed_lots = (closes / lot).round();
            prop_assert_eq!(format!("{:.10}", closed_lots * lot), format!("{closes:.10}"));
            let is_closed = |count: &u32| (f64::from(*count) - closed_lots).abs() < 0.5;
            held -= (0..=held).find(is_closed).unwrap();
            highest = highest.max(u32::try_from(stage).unwrap());
            prop_assert_eq!(held, ((4 - highest) * lots).div_ceil(4), "after {}", stage);
        }
    }
}
