//! The check that a row of columns gets the same answer as the intent alone.

use portcullis::{
    decide::{Decision, DecisionColumns, Engine, IntentColumns, LeverageFrom, Outcome},
    exit::ExitRule,
    intent::Intent,
    policy::PolicyState,
    provenance::Source,
    types::Timestamp,
};

/// Checks that the same intent as a row of columns gets the same answer.
pub(crate) fn check_columns(
    engine: &Engine,
    state: PolicyState<'_>,
    intent: &Intent<'_>,
    now: Option<Timestamp>,
    decision: &Decision<'_>,
) {
    let (mut intents, mut answers) = (IntentColumns::default(), DecisionColumns::default());
    assert!(intents.is_empty() && answers.is_empty());
    intents.push(intent);
    engine.decide_columns(state, &intents, now, &mut answers);
    assert!(!intents.is_empty() && !answers.is_empty());
    let row = answers.row(0).unwrap();
    let (outcome, numbers) = match decision {
        Decision::Trade(trade) => {
            let from = if matches!(trade.leverage().source(), Source::Intent(_)) {
                LeverageFrom::Intent
            } else {
                LeverageFrom::Policy
            };
            let numbers = ((trade.leverage().value(), from), trade.notional().value());
            (Outcome::Trade, Some(numbers))
        }
        Decision::Exit(permit) => match permit.rule() {
            ExitRule::Owner => (Outcome::ExitByOwner, None),
            ExitRule::Delegate => (Outcome::ExitByDelegate, None),
        },
        Decision::Skip(skip) => (Outcome::Skip(skip.reason()), None),
    };
    assert_eq!(answers.outcomes(), [outcome], "{decision}");
    assert_eq!(row.outcome, outcome, "{decision}");
    assert_eq!(row.leverage.zip(row.notional), numbers, "{decision}");
}
