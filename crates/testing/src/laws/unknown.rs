//! Checks of L4, a gate fails on an unknown input.

use proptest::{option::weighted, prelude::*};

use super::trial::{Ask, Case, FailedDemand, Tested, Trial, demand};
use crate::{
    Row, Violation,
    strategies::{self, Call, HarvestCall, Missing, Spoiled, missing, number::unusable, spoiled},
};
use portcullis::{answer::Verdict, decide::SkipCode, harvest::HarvestAction};

pub(super) fn is_a_skip(trial: &Trial, ask: &mut Ask<'_>) -> Result<(), Violation> {
    // A question always has a `now`, so a missing time cannot be tested here.
    let kinds = spoiled().prop_filter("a question has a `now`", |it| {
        !matches!(it, Spoiled::NoTime)
    });
    trial.run(
        ask,
        (strategies::sound_entries(), kinds).boxed(),
        of_an_entry,
    )
}

pub(super) fn disables_parts(trial: &Trial, ask: &mut Ask<'_>) -> Result<(), Violation> {
    let inputs = (
        strategies::sound_harvests(),
        missing(),
        weighted(0.7, unusable()),
    );
    trial.run(ask, inputs.boxed(), of_a_harvest)
}

fn of_an_entry(
    case: &mut Case<'_, '_>,
    (sound, spoiled): &(Call, Spoiled),
) -> Result<Tested, FailedDemand> {
    let row = case.ask("a valid entry", sound.question())?;
    if row.decision != Verdict::Trade {
        return Ok(Tested::No);
    }
    let mut sound = sound.clone();
    // Spoiling may remove the timestamp of the intent, so the call needs a clock.
    sound.now = sound.decision_time();
    let (call, reason) = spoiled.spoil(sound);
    let row = case.ask(format!("the same entry, with {spoiled}"), call.question())?;
    demand(row.decision == Verdict::Skip, || {
        format!("an entry with {spoiled} must be a SKIP")
    })?;
    // A service may have skip reasons of its own.
    let own = |code: &str| code.parse::<SkipCode>().is_err();
    let fits = |code: &str| code == reason.code() || own(code);
    demand(row.reason.as_deref().is_some_and(fits), || {
        format!(
            "an entry with {spoiled} must be a SKIP with the reason {}",
            reason.code()
        )
    })?;
    Ok(Tested::Yes)
}

fn is_partial(row: &Row) -> bool {
    use HarvestAction::{Partial25, Partial50, Partial75};
    matches!(row.action(), Some(Partial25 | Partial50 | Partial75))
}

fn of_a_harvest(
    case: &mut Case<'_, '_>,
    (sound, missing, value): &(HarvestCall, Missing, Option<f64>),
) -> Result<Tested, FailedDemand> {
    let row = case.ask("a valid position", sound.question())?;
    if row.decision != Verdict::Harvest {
        return Ok(Tested::No);
    }
    let mut call = sound.clone();
    call.position = missing.from(call.position, *value);
    let what = format!("without {missing}");
    let row = case.ask(what.as_str(), call.question())?;
    let disabled: &[&str] = match (missing.disables_r(), missing.disables_k()) {
        (true, _) => &["r_net", "risk_unit", "cost", "stop_proposed"],
        (_, true) => &[
            "kill_score",
            "k_regime_flip",
            "k_sigma_spike",
            "k_ts_drop",
            "k_age_penalty",
        ],
        (false, false) if *missing == Missing::CurrentStop => &["stop_proposed"],
        (false, false) => &[],
    };
    for column in disabled {
        demand(row.number(column).is_none(), || {
            format!("{what}, `{column}` must be absent")
        })?;
    }
    let ladder = !missing.disables_r() && *missing != Missing::Harvested;
    demand(ladder || !is_partial(&row), || {
        format!("{what}, the ladder must not propose a partial close")
    })?;
    let full = HarvestAction::FullCloseProposed;
    let closes = row.action() == Some(full);
    demand(!missing.disables_k() || !closes, || {
        format!("{what}, `harvest_action` must not be {full}")
    })?;
    Ok(Tested::Yes)
}
