//! Checks of L9, nothing lost: a batch answers every row, in order, exactly as a single call does.

use portcullis::{
    answer::Verdict,
    decide::{BatchRow, LeverageFrom, Outcome, SkipCode},
    exit::ExitRule,
    harvest::{HarvestOutcome, HarvestRow},
    types::{Leverage, Notional},
};
use proptest::{prelude::*, sample::select};

use crate::{
    Property, SOME,
    answered::Answered,
    strategies::{self, Call, HarvestCall, IntentDraft, PositionDraft, positions::any_position},
    subject::{Portcullis, Subject, World},
};

/// A policy and guardrails, the intents of the batch with their ages, and the minimum number of
/// rows. The intents are repeated until there are enough rows.
type Batch = (Call, Vec<(IntentDraft, i64)>, usize);

const A_BATCH_ANSWERS_ROW_BY_ROW: Property<Batch> = Property {
    cases: SOME,
    inputs: || {
        let worlds = prop_oneof![1 => strategies::calls(), 2 => strategies::calls_with_policy()];
        let intent = prop_oneof![2 => strategies::intents::any_intent(), 1 => strategies::intents::sound_entry()];
        let intents = prop::collection::vec((intent, strategies::age()), 0..12);
        (worlds, intents, rows()).boxed()
    },
    demands: a_batch_answers_row_by_row,
};

const A_HARVEST_BATCH_ANSWERS_ROW_BY_ROW: Property<(HarvestCall, Vec<PositionDraft>, usize)> =
    Property {
        cases: SOME,
        inputs: || {
            let worlds =
                prop_oneof![1 => strategies::harvests(), 4 => strategies::harvests_with_policy()];
            (worlds, prop::collection::vec(any_position(), 0..12), rows()).boxed()
        },
        demands: a_harvest_batch_answers_row_by_row,
    };

/// Generates the smallest number of rows of a case: 0, or a number close to the block size or to a multiple of it.
fn rows() -> impl Strategy<Value = usize> {
    prop_oneof![8 => Just(0), 1 => select(vec![127, 128, 129, 255, 256, 257, 600])]
}

fn a_batch_answers_row_by_row(
    subject: &dyn Subject,
    (call, intents, rows): &Batch,
) -> Result<(), TestCaseError> {
    let world = World::of(call);
    let at = call.decision_time().unwrap_or(0);
    let intents: Vec<IntentDraft> = intents
        .iter()
        .map(|(intent, age)| intent.clone().sent_at(at - age))
        .collect();
    for now in [Some(at), None] {
        let alone: Vec<Answered> = intents
            .iter()
            .map(|intent| subject.decide(&world, intent, now))
            .collect();
        let count = (*rows).max(intents.len()).min(intents.len() * 1_000);
        let many: Vec<IntentDraft> = intents.iter().cycle().take(count).cloned().collect();
        let answers = subject.decide_columns(&world, &many, now);
        prop_assert_eq!(answers.len(), many.len(), "rows were lost");
        for (n, (row, alone)) in answers.iter().zip(alone.iter().cycle()).enumerate() {
            row_agrees(n, row, alone)?;
        }
        let of = |wanted: fn(&Outcome) -> bool| {
            answers.iter().filter(|row| wanted(&row.outcome)).count()
        };
        let (trades, skips) = (
            of(|o| *o == Outcome::Trade),
            of(|o| matches!(o, Outcome::Skip(_))),
        );
        let exits = of(|o| matches!(o, Outcome::ExitByOwner | Outcome::ExitByDelegate));
        prop_assert_eq!(trades + skips + exits, count, "the counts do not add up");
    }
    Ok(())
}

fn row_agrees(n: usize, row: &BatchRow, alone: &Answered) -> Result<(), TestCaseError> {
    let outcome = match (alone.verdict, alone.exit_rule, alone.reason) {
        (Verdict::Trade, None, None) => Outcome::Trade,
        (Verdict::Exit, Some(ExitRule::Owner), None) => Outcome::ExitByOwner,
        (Verdict::Exit, Some(ExitRule::Delegate), None) => Outcome::ExitByDelegate,
        (Verdict::Skip, None, Some(reason)) => Outcome::Skip(reason),
        _ => {
            return Err(TestCaseError::fail(
                "the answer is not a trade, exit or skip",
            ));
        }
    };
    prop_assert_eq!(row.outcome, outcome, "row {}: {}", n, alone.text);
    let bits = |x: Option<f64>| x.map(f64::to_bits);
    prop_assert_eq!(
        bits(row.leverage.map(|(leverage, _)| leverage.get())),
        alone.bits("leverage"),
        "row {}: leverage",
        n
    );
    prop_assert_eq!(
        bits(row.notional.map(Notional::get)),
        alone.bits("notional_usd"),
        "row {}: notional",
        n
    );
    if let (Some(source), Some((_, from))) = (alone.source("leverage"), row.leverage) {
        let from = match from {
            LeverageFrom::Policy => "policy:",
            LeverageFrom::Intent => "intent:",
            LeverageFrom::Position => "position:",
        };
        prop_assert!(
            source.starts_with(from),
            "row {n}: the source {source} does not start with {from}"
        );
    }
    Ok(())
}

fn a_harvest_batch_answers_row_by_row(
    subject: &dyn Subject,
    (call, positions, rows): &(HarvestCall, Vec<PositionDraft>, usize),
) -> Result<(), TestCaseError> {
    let world = World::of_harvest(call);
    let positions: Vec<PositionDraft> = positions
        .iter()
        .map(|position| position.clone().about(call.now))
        .collect();
    let count = (*rows).max(positions.len()).min(positions.len() * 1_000);
    let many: Vec<PositionDraft> = positions.iter().cycle().take(count).cloned().collect();
    let Some(answers) = subject.harvest_batch(&world, &many, call.now) else {
        return Ok(());
    };
    prop_assert_eq!(answers.len(), many.len(), "rows were lost");
    let alone: Vec<Answered> = positions
        .iter()
        .map(|position| subject.harvest(&world, position, call.now))
        .collect();
    for (n, (row, alone)) in answers.iter().zip(alone.iter().cycle()).enumerate() {
        harvest_row_agrees(n, row, alone)?;
    }
    Ok(())
}

fn harvest_row_agrees(n: usize, row: &HarvestRow, alone: &Answered) -> Result<(), TestCaseError> {
    let outcome = match (alone.reason, alone.action) {
        (None, Some(action)) => HarvestOutcome::Harvest(action),
        (Some(SkipCode::HarvestNoPosition), None) => HarvestOutcome::NoPosition,
        (Some(SkipCode::HarvestMissingStop), None) => HarvestOutcome::MissingStop,
        (Some(SkipCode::HarvestInvalidInput), None) => HarvestOutcome::InvalidInput,
        other => return Err(TestCaseError::fail(format!("row {n}: {other:?}"))),
    };
    prop_assert_eq!(row.outcome, outcome, "row {}", n);
    let reasons = alone.harvest_reasons.map_or(0, |reasons| reasons.bits());
    prop_assert_eq!(row.reasons.bits(), reasons, "row {}: reasons", n);
    for (column, number) in [
        ("r_net", row.r_net),
        ("stop_proposed", row.stop),
        ("kill_score", row.k),
    ] {
        prop_assert_eq!(
            number.map(f64::to_bits),
            alone.bits(column),
            "row {}: {}",
            n,
            column
        );
    }
    Ok(())
}

#[test]
fn l9_a_batch_answers_row_by_row() {
    A_BATCH_ANSWERS_ROW_BY_ROW.holds();
}

#[test]
fn l9_a_harvest_batch_answers_row_by_row() {
    A_HARVEST_BATCH_ANSWERS_ROW_BY_ROW.holds();
}

/// The engine with a planted bug that changes the rows of a batch.
struct ChangedRows(fn(&World, Option<i64>, &mut Vec<BatchRow>));

impl Subject for ChangedRows {
    fn decide_columns(
        &self,
        world: &World,
        intents: &[IntentDraft],
        now: Option<i64>,
    ) -> Vec<BatchRow> {
        let mut rows = Portcullis.decide_columns(world, intents, now);
        (self.0)(world, now, &mut rows);
        rows
    }
}

const DROPS_INVALID_INTENTS: ChangedRows = ChangedRows(|_, _, rows| {
    rows.retain(|row| row.outcome != Outcome::Skip(SkipCode::IntentInvalid))
});

const LOSES_THE_LAST_BLOCK: ChangedRows = ChangedRows(|_, _, rows| rows.truncate(256));

const TRADES_FIRST: ChangedRows =
    ChangedRows(|_, _, rows| rows.sort_by_key(|row| row.outcome != Outcome::Trade));

const NOTIONAL_ROUNDED: ChangedRows = ChangedRows(|_, _, rows| {
    for row in rows {
        let narrow = row.notional.map(|notional| notional.get().next_up());
        row.notional = narrow.and_then(|x| Notional::new(x).ok());
    }
});

const LEVERAGE_FROM_THE_POLICY: ChangedRows = ChangedRows(|_, _, rows| {
    for row in rows {
        row.leverage = row
            .leverage
            .map(|(leverage, _)| (leverage, LeverageFrom::Policy));
    }
});

/// The engine that trades with 10x and 200 USD if there is no policy.
const TENFOLD_FALLBACK: ChangedRows = ChangedRows(|_, _, rows| {
    for row in rows {
        if row.outcome == Outcome::Skip(SkipCode::PolicyMissing) {
            row.outcome = Outcome::Trade;
            row.leverage = Leverage::new(10.0)
                .ok()
                .map(|ten| (ten, LeverageFrom::Policy));
            row.notional = Notional::new(200.0).ok();
        }
    }
});

const EXPIRY_IS_EXCLUSIVE: ChangedRows = ChangedRows(|world, now, rows| {
    let expires = world
        .policy
        .as_ref()
        .map(|policy| policy.valid_until().as_micros());
    for row in rows {
        if expires.ok() == now && row.outcome == Outcome::Trade {
            row.outcome = Outcome::Skip(SkipCode::PolicyStale);
        }
    }
});

/// The engine with a planted bug that changes the rows of a batch of positions.
struct ChangedHarvests(fn(&mut Vec<HarvestRow>));

impl Subject for ChangedHarvests {
    fn harvest_batch(
        &self,
        world: &World,
        positions: &[PositionDraft],
        now: i64,
    ) -> Option<Vec<HarvestRow>> {
        let mut rows = Portcullis.harvest_batch(world, positions, now)?;
        (self.0)(&mut rows);
        Some(rows)
    }
}

const DROPS_FLAT_POSITIONS: ChangedHarvests =
    ChangedHarvests(|rows| rows.retain(|row| row.outcome != HarvestOutcome::NoPosition));

const KILL_SCORE_ROUNDED: ChangedHarvests = ChangedHarvests(|rows| {
    for row in rows {
        row.k = row.k.map(|k| if k > 0.7 { k.next_down() } else { k });
    }
});

#[test]
fn l9_detects_a_batch_that_loses_rows() {
    A_BATCH_ANSWERS_ROW_BY_ROW.detects(&DROPS_INVALID_INTENTS, "rows were lost");
    A_BATCH_ANSWERS_ROW_BY_ROW.detects(&LOSES_THE_LAST_BLOCK, "rows were lost");
    A_HARVEST_BATCH_ANSWERS_ROW_BY_ROW.detects(&DROPS_FLAT_POSITIONS, "rows were lost");
}

#[test]
fn l9_detects_a_batch_that_answers_differently() {
    A_BATCH_ANSWERS_ROW_BY_ROW.detects(&TRADES_FIRST, "row ");
    A_BATCH_ANSWERS_ROW_BY_ROW.detects(&NOTIONAL_ROUNDED, ": notional");
    A_BATCH_ANSWERS_ROW_BY_ROW.detects(
        &LEVERAGE_FROM_THE_POLICY,
        "the source intent:leverage does not start with policy:",
    );
    A_BATCH_ANSWERS_ROW_BY_ROW.detects(&TENFOLD_FALLBACK, "row ");
    A_BATCH_ANSWERS_ROW_BY_ROW.detects(&EXPIRY_IS_EXCLUSIVE, "row ");
    A_HARVEST_BATCH_ANSWERS_ROW_BY_ROW.detects(&KILL_SCORE_ROUNDED, ": kill_score");
}
