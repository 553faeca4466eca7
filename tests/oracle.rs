//! Comparison of the engine with a second, naive engine that was written independently and shares
//! no code with it.
//!
//! Both engines answer random lines under random policies and guardrails; every column of the two
//! answers must be equal. The cases are the same on each run; with a number of cases in `PORTCULLIS_CASES`, they are
//! random.

#![expect(
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "a failed unwrap fails the test, and all other kinds of JSON values are unusable"
)]

/// The naive engine, the random inputs, and the adapter to the engine under test.
mod oracle {
    pub(crate) mod compare;
    pub(crate) mod engine;
    mod known;
    mod laws;
    pub(crate) mod naive;
    pub(crate) mod tapes;
}

use oracle::compare::differences;
use oracle::naive::{Answer, Flaw, World};
use oracle::tapes::{self, Case};
use oracle::{engine, naive};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, FileFailurePersistence, RngSeed, TestRunner};
use std::collections::{BTreeMap, BTreeSet};

/// A function that answers one line.
type Answering = fn(&World<'_>, &str, Option<i64>) -> Answer;

#[expect(
    clippy::disallowed_methods,
    reason = "the environment sets the number of cases"
)]
fn config() -> Config {
    let cases = std::env::var("PORTCULLIS_CASES")
        .ok()
        .and_then(|cases| cases.parse().ok());
    Config {
        cases: cases.unwrap_or(if cfg!(debug_assertions) {
            4_000
        } else {
            20_000
        }),
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct(
            "tests/regressions/oracle.txt",
        ))),
        // Without a given number of cases, each run has the same cases, so that only a change of the code can make the
        // comparison fail.
        rng_seed: match cases {
            Some(_) => RngSeed::Random,
            None => RngSeed::Fixed(1),
        },
        ..Config::default()
    }
}

fn check(case: &Case, engine: Answering, naive: Answering) -> Result<(), TestCaseError> {
    let world = case.world(None);
    let left = engine(&world, &case.line, case.now);
    let right = naive(&world, &case.line, case.now);
    let differences = differences(&left, &right);
    prop_assert!(
        differences.is_empty(),
        "{}\nengine {left:?}\nnaive  {right:?}",
        differences.join("\n")
    );
    Ok(())
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn both_engines_decide_the_same(case in tapes::intents()) {
        check(&case, engine::decide, naive::decide::decide)?;
    }

    #[test]
    fn both_engines_harvest_the_same(case in tapes::positions()) {
        check(&case, engine::harvest, naive::harvest::harvest)?;
    }
}

/// Generates the same cases on every run.
fn cases(strategy: &impl Strategy<Value = Case>, count: usize) -> Vec<Case> {
    let mut runner = TestRunner::deterministic();
    (0..count)
        .map(|_| strategy.new_tree(&mut runner).unwrap().current())
        .collect()
}

/// Returns true if a planted flaw in the naive engine causes a difference in at least one of the
/// cases.
fn is_seen(flaw: Flaw, cases: &[Case], engine: Answering, naive: Answering) -> bool {
    cases.iter().any(|case| {
        let answer = engine(&case.world(None), &case.line, case.now);
        let differs = |flaw| {
            let naive = naive(&case.world(flaw), &case.line, case.now);
            !differences(&answer, &naive).is_empty()
        };
        !differs(None) && differs(Some(flaw))
    })
}

#[test]
fn each_flaw_in_deciding_causes_a_difference() {
    let cases = cases(&tapes::intents(), 16_000);
    for flaw in [
        Flaw::TenfoldLeverage,
        Flaw::RequestedLeverageUncapped,
        Flaw::OverflowPasses,
        Flaw::ExpiryIsExclusive,
        Flaw::HashUnchecked,
        Flaw::DuplicatesAccepted,
        Flaw::HaltStopsExits,
        Flaw::LegIgnored,
        Flaw::FractionBecomesEverything,
        Flaw::SecondsAccepted,
        Flaw::SmallerSizeWins,
        Flaw::UnsupportedIgnored,
    ] {
        assert!(
            is_seen(flaw, &cases, engine::decide, naive::decide::decide),
            "{flaw:?}"
        );
    }
}

#[test]
fn each_flaw_in_harvesting_causes_a_difference() {
    let cases = cases(&tapes::positions(), 4_000);
    for flaw in [
        Flaw::DefaultStop,
        Flaw::LooseningLock,
        Flaw::KillNeedsPrice,
        Flaw::ExpiryIsExclusive,
        Flaw::StageOfCurrentSize,
        Flaw::LotsRoundedUp,
    ] {
        assert!(
            is_seen(flaw, &cases, engine::harvest, naive::harvest::harvest),
            "{flaw:?}"
        );
    }
}

/// Counts the values in these columns of the answers.
fn counts(cases: &[Case], answering: Answering, columns: &[&str]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for case in cases {
        let answer = answering(&case.world(None), &case.line, case.now);
        for column in columns {
            for word in answer
                .get(*column)
                .and_then(|value| value.as_str())
                .unwrap_or_default()
                .split(',')
            {
                *counts.entry(word.to_owned()).or_insert(0) += 1;
            }
        }
    }
    counts
}

fn assert_reached(counts: &BTreeMap<String, usize>, wanted: &[&str]) {
    let missing: BTreeSet<_> = wanted
        .iter()
        .filter(|word| counts.get(**word).is_none_or(|count| *count < 5))
        .collect();
    assert!(
        missing.is_empty(),
        "in fewer than 5 cases: {missing:?} in {counts:#?}"
    );
}

const POLICY: [&str; 7] = [
    "POLICY_MISSING",
    "POLICY_MISSING_FIELD",
    "POLICY_PARSE_ERROR",
    "POLICY_INVALID",
    "POLICY_HASH_MISMATCH",
    "POLICY_NOT_YET_VALID",
    "POLICY_STALE",
];

#[test]
fn the_intents_reach_every_reason() {
    let cases = cases(&tapes::intents(), 4_000);
    let counts = counts(
        &cases,
        naive::decide::decide,
        &[
            "decision",
            "reason",
            "size_basis",
            "leverage_source",
            "exit_rule",
            "position_leg",
            "size_source",
        ],
    );
    assert_reached(&counts, &POLICY);
    assert_reached(
        &counts,
        &[
            "TRADE",
            "EXIT",
            "SKIP",
            "INTENT_UNREADABLE",
            "INTENT_INVALID",
            "INTENT_AMBIGUOUS",
            "INTENT_NOT_ACTIONABLE",
            "INTENT_UNSUPPORTED",
            "DENY_NOT_EXIT_OWNER",
            "TRADING_HALTED",
            "POLICY_CONSTRAINT_VIOLATION",
            "INTENT_STALE",
            "CLOCK_UNTRUSTED",
            "POLICY_UNIVERSE_FILTER",
            "POLICY_MISSING_LEVERAGE",
            "POLICY_MISSING_SIZE",
            "POLICY_LIMIT_EXCEEDED",
            "margin",
            "notional",
            "intent:leverage",
            "policy:leverage_by_symbol.BTCUSDT",
            "owner",
            "delegate",
            "LONG",
            "SHORT",
            "intent:quantity*price",
            "intent:qty*entry_price",
            "intent:position_usd",
            "intent:stake_amount",
            "intent:size",
            "intent:position_size_usd",
        ],
    );
}

#[test]
fn the_positions_reach_every_reason() {
    let cases = cases(&tapes::positions(), 4_000);
    let counts = counts(
        &cases,
        naive::harvest::harvest,
        &[
            "decision",
            "reason",
            "harvest_action",
            "harvest_reasons",
            "stop_source",
        ],
    );
    assert_reached(&counts, &POLICY);
    assert_reached(
        &counts,
        &[
            "HARVEST",
            "SKIP",
            "INTENT_UNREADABLE",
            "HARVEST_NO_POSITION",
            "HARVEST_MISSING_STOP",
            "HARVEST_INVALID_INPUT",
            "NONE",
            "PARTIAL_25",
            "PARTIAL_50",
            "PARTIAL_75",
            "FULL_CLOSE_PROPOSED",
            "harvest_partial_25",
            "harvest_partial_50",
            "harvest_partial_75",
            "profit_lock",
            "kill_score_triggered",
            "regime_flip",
            "sigma_spike",
            "ts_drop",
            "age_penalty",
            "r_unavailable",
            "ladder_unavailable",
            "profit_lock_unavailable",
            "kill_score_unavailable",
            "below_lot",
            "position:stop_dist_pct",
            "policy:harvest_params.fallback_stop_pct",
        ],
    );
}
