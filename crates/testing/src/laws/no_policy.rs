//! Checks of L1, no policy, no trade.

use proptest::prelude::*;

use super::trial::{Ask, Case, FailedDemand, Tested, Trial, demand};
use crate::{
    Row, Violation,
    strategies::{self, Call, HarvestCall},
};
use portcullis::answer::Verdict;

pub(super) fn no_trade(trial: &Trial, ask: &mut Ask<'_>) -> Result<(), Violation> {
    trial.run(ask, strategies::calls_without_policy(), of_a_decision)
}

pub(super) fn no_harvest(trial: &Trial, ask: &mut Ask<'_>) -> Result<(), Violation> {
    // In a grace period, θ may be used although the policy has expired, so the grace period is removed.
    let calls = strategies::harvests_without_policy().prop_map(|mut call| {
        if let Some(policy) = call.policy.draft_mut() {
            policy.grace_sec = None;
        }
        call
    });
    trial.run(ask, calls.boxed(), of_a_harvest)
}

fn of_a_decision(case: &mut Case<'_, '_>, call: &Call) -> Result<Tested, FailedDemand> {
    let row = case.ask("no policy is in force", call.question())?;
    if call.intent.is_entry() {
        demand(row.decision == Verdict::Skip, || {
            "an entry without a policy in force must be a SKIP".to_owned()
        })?;
    }
    demand(row.decision != Verdict::Trade, || {
        "an exit must not be a TRADE".to_owned()
    })?;
    let of_an_exit: &[&str] = if row.decision == Verdict::Exit {
        &["quantity", "quantity_fraction", "trigger_price"]
    } else {
        &[]
    };
    no_number(&row, of_an_exit)
}

fn of_a_harvest(case: &mut Case<'_, '_>, call: &HarvestCall) -> Result<Tested, FailedDemand> {
    let row = case.ask("no θ is in force", call.question())?;
    demand(row.decision == Verdict::Skip, || {
        "a position without a θ in force must be a SKIP".to_owned()
    })?;
    no_number(&row, &[])
}

/// Checks that the answer has no numbers except for those in the given columns.
fn no_number(row: &Row, except: &[&str]) -> Result<Tested, FailedDemand> {
    let mut numbers = row.numbers().into_iter();
    match numbers.find(|(column, _)| !except.contains(column)) {
        Some((column, _)) => Err(FailedDemand::new(format!(
            "an answer without a policy in force must have no `{column}`"
        ))),
        None => Ok(Tested::Yes),
    }
}
