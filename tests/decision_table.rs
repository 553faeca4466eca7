//! The decision table: every combination of the states of what each gate looks at, put to the real engine and
//! held against an expectation of its own.
//!
//! With optimisation every combination of all states is executed; without, every state of each gate beside the
//! corners of the others, and every combination of the last three gates. Both leave the same table.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod decision_table {
    pub(crate) mod expectation;
    pub(crate) mod states;
    pub(crate) mod table;
    pub(crate) mod world;
}

use decision_table::{
    expectation::{Answer, GATES, Judge},
    states::{Age, Asked, Case, Space},
    table::{Table, each, prepare, run},
    world::observed,
};
use portcullis::decide::{Gate, Reason};

/// What no stateless decision on an intent can answer.
const ELSEWHERE: [Reason; 5] = [
    Reason::IntentDuplicate,
    Reason::IntentSuperseded,
    Reason::HarvestNoPosition,
    Reason::HarvestMissingStop,
    Reason::HarvestInvalidInput,
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
fn every_combination_is_answered_as_expected() {
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

/// The states leave no gate and no reason out.
fn check_is_complete(table: &Table) {
    let told: Vec<(Gate, Reason)> = table
        .answers()
        .filter_map(|answer| match answer {
            Answer::Skip { gate, reason, .. } => Some((*gate, *reason)),
            Answer::Exit { .. } | Answer::Trade { .. } => None,
        })
        .collect();
    for gate in Gate::ALL {
        assert!(told.iter().any(|(g, _)| *g == gate), "{gate} never answers");
    }
    for reason in Reason::ALL {
        let occurs = told.iter().any(|(_, r)| r == reason);
        assert_ne!(occurs, ELSEWHERE.contains(reason), "{reason}");
    }
}

/// The number of cases that are not as expected where something is wrong with the expectation.
fn mismatches(gates: &[Judge; 10], space: &Space) -> usize {
    run(&prepare(space), space, gates).mismatches
}

#[test]
fn two_gates_in_the_wrong_order_are_noticed() {
    let space = Space::corners();
    assert_eq!(mismatches(&GATES, &space), 0);
    for first in 0..GATES.len() - 1 {
        let mut gates = GATES;
        gates.swap(first, first + 1);
        assert_ne!(mismatches(&gates, &space), 0, "{}", Gate::ALL[first]);
    }
}

#[test]
fn a_gate_that_stands_open_is_noticed() {
    let space = Space::corners();
    for place in 0..GATES.len() {
        let mut gates = GATES;
        gates[place] = |_| None;
        assert_ne!(mismatches(&gates, &space), 0, "{}", Gate::ALL[place]);
    }
}

#[test]
fn one_wrong_expectation_is_noticed() {
    let mut space = Space::corners();
    space.asked = &[Asked::Nothing, Asked::Less, Asked::Equal, Asked::More];

    // An intent of just the greatest age would be too old.
    let mut gates = GATES;
    gates[5] = |case: &Case| {
        let mut case = *case;
        if case.age == Age::AtBound {
            case.age = Age::OldForPolicy;
        }
        GATES[5](&case)
    };
    assert_ne!(mismatches(&gates, &space), 0);

    // An intent could get more leverage than the policy gives.
    let mut gates = GATES;
    gates[9] = |case: &Case| match (GATES[9](case), case.asked) {
        (None, Asked::More) => Some(Answer::Trade {
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
fn the_record_of_a_decision_names_every_gate_passed() {
    let space = Space::corners();
    let world = prepare(&space);
    each(&world, &space, &space.intents, |asking| {
        let decision = asking
            .engine
            .decide(asking.state, asking.intent, asking.now);
        let (traced, trace) =
            asking
                .engine
                .decide_traced(asking.state, asking.intent, Some(asking.now));
        assert_eq!(observed(&traced), observed(&decision), "{:?}", asking.case);
        let passed: Vec<Gate> = trace.passed().iter().map(|seen| seen.gate()).collect();
        assert_eq!(passed, decision.gates_passed(), "{:?}", asking.case);
    });
}
