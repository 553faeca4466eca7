//! The decision table: the engine decides every combination of the states that the gates check, and
//! each answer is compared with an independently written expectation.
//!
//! A build with optimization runs every combination of all states. A build without optimization
//! runs every state of each gate with two states of each other gate, and every combination of the
//! last three gates. Both produce the same table.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod decision_table {
    pub(crate) mod expectation;
    pub(crate) mod observed;
    pub(crate) mod states;
    pub(crate) mod table;
    pub(crate) mod world;
}

use decision_table::{
    expectation::{Answer, GATES, Replayer},
    observed::observed,
    states::{Age, Case, RequestedLeverage, Space},
    table::{Table, each, prepare, run},
};
use portcullis::decide::{Gate, SkipCode};

/// The skip reasons that do not occur in the table, because they need the state of a service or belong to harvests.
const ELSEWHERE: [SkipCode; 5] = [
    SkipCode::IntentDuplicate,
    SkipCode::IntentSuperseded,
    SkipCode::HarvestNoPosition,
    SkipCode::HarvestMissingStop,
    SkipCode::HarvestInvalidInput,
];

fn whole() -> Table {
    let spaces = if cfg!(debug_assertions) {
        Space::one_gate_at_a_time().to_vec()
    } else {
        vec![Space::whole()]
    };
    let mut table = Table::default();
    for space in &spaces {
        table.merge(run(&prepare(space), space, &GATES));
    }
    let sizes = spaces.iter().map(Space::size);
    assert_eq!(table.cases, sizes.sum::<usize>());
    table
}

#[test]
fn every_combination_matches_the_expectation() {
    let table = whole();
    assert_eq!(table.mismatch, None, "{} mismatches", table.mismatches);
    check_is_complete(&table);
    insta::with_settings!({
        snapshot_path => "../snapshots",
        prepend_module_to_snapshot => false,
        omit_expression => true,
    }, {
        insta::assert_snapshot!("decision_table", table.text());
    });
}

/// Checks that every gate and every reason occurs in the table.
fn check_is_complete(table: &Table) {
    let found: Vec<(Gate, SkipCode)> = table
        .answers()
        .filter_map(|answer| match answer {
            Answer::Skip { gate, reason, .. } => Some((*gate, *reason)),
            Answer::Exit { .. } | Answer::Trade { .. } => None,
        })
        .collect();
    for gate in Gate::ALL.iter().copied() {
        assert!(found.iter().any(|(g, _)| *g == gate), "{gate} never skips");
    }
    for reason in SkipCode::ALL {
        let occurs = found.iter().any(|(_, r)| r == reason);
        assert_ne!(occurs, ELSEWHERE.contains(reason), "{reason}");
    }
}

/// Returns the number of cases that differ from an expectation with a planted error.
fn mismatches(gates: &[Replayer; 10], space: &Space) -> usize {
    run(&prepare(space), space, gates).mismatches
}

#[test]
fn two_swapped_gates_are_detected() {
    let space = Space::corners();
    assert_eq!(mismatches(&GATES, &space), 0);
    for first in 0..GATES.len() - 1 {
        let mut gates = GATES;
        gates.swap(first, first + 1);
        assert_ne!(mismatches(&gates, &space), 0, "{}", Gate::ALL[first]);
    }
}

#[test]
fn a_missing_gate_is_detected() {
    let space = Space::corners();
    for place in 0..GATES.len() {
        let mut gates = GATES;
        gates[place] = |_| None;
        assert_ne!(mismatches(&gates, &space), 0, "{}", Gate::ALL[place]);
    }
}

#[test]
fn one_wrong_expectation_is_detected() {
    let mut space = Space::corners();
    space.requested = &[
        RequestedLeverage::Nothing,
        RequestedLeverage::Less,
        RequestedLeverage::Equal,
        RequestedLeverage::More,
    ];

    // Planted error: an intent at exactly the largest age is too old.
    let mut gates = GATES;
    gates[5] = |case: &Case| {
        let mut case = *case;
        if case.age == Age::AtBound {
            case.age = Age::OldForPolicy;
        }
        GATES[5](&case)
    };
    assert_ne!(mismatches(&gates, &space), 0);

    // Planted error: an intent gets a higher leverage than that of the policy.
    let mut gates = GATES;
    gates[9] = |case: &Case| match (GATES[9](case), case.requested) {
        (None, RequestedLeverage::More) => Some(Answer::Trade {
            leverage: 10.0,
            leverage_source: "intent:leverage",
            leverage_requested: Some(10.0),
            notional: 400.0,
            margin: 40.0,
            size_source: "intent:position_size_usd",
        }),
        (answer, _) => answer,
    };
    assert_ne!(mismatches(&gates, &space), 0);
}

#[test]
fn the_trace_contains_every_passed_gate() {
    let space = Space::corners();
    let world = prepare(&space);
    each(&world, &space, &space.intents, |combination| {
        let decision =
            combination
                .engine
                .decide(combination.state, combination.intent, combination.now);
        let (traced, trace) = combination.engine.decide_traced(
            combination.state,
            combination.intent,
            Some(combination.now),
        );
        assert_eq!(
            observed(&traced),
            observed(&decision),
            "{:?}",
            combination.case
        );
        let passed: Vec<Gate> = trace.passed().iter().map(|seen| seen.gate()).collect();
        assert_eq!(passed, decision.gates_passed(), "{:?}", combination.case);
    });
}
