//! Checks of L5, exits are never blocked.

use proptest::{option::weighted, prelude::*};

use super::{
    sources::same,
    trial::{Ask, Case, FailedDemand, Tested, Trial, demand},
};
use crate::{
    Row, Violation,
    strategies::{
        self, Call, HarvestCall, Missing, Noise, OWNER, missing, noise, number::unusable,
    },
};
use portcullis::{
    answer::Verdict,
    exit::ExitRule,
    harvest::{HarvestAction, HarvestReason},
};

pub(super) fn an_exit_is_an_exit(trial: &Trial, ask: &mut Ask<'_>) -> Result<(), Violation> {
    trial.run(ask, (strategies::exits(), noise()).boxed(), exit)
}

pub(super) fn an_owner_never_opens(trial: &Trial, ask: &mut Ask<'_>) -> Result<(), Violation> {
    trial.run(ask, strategies::owners_entries(), owners_entry)
}

pub(super) fn one_part_is_disabled(trial: &Trial, ask: &mut Ask<'_>) -> Result<(), Violation> {
    let inputs = (
        strategies::sound_harvests(),
        missing(),
        weighted(0.7, unusable()),
    );
    trial.run(ask, inputs.boxed(), one_part)
}

fn exit(case: &mut Case<'_, '_>, (call, noise): &(Call, Noise)) -> Result<Tested, FailedDemand> {
    let mut call = call.clone();
    call.intent = call.intent.with_noise(noise);
    let row = case.ask("an exit of the exit owner or a delegate", call.question())?;
    demand(row.decision == Verdict::Exit, || {
        "an exit of the exit owner or a delegate must be an EXIT, even if other inputs are invalid"
            .to_owned()
    })?;
    let rule = match call.intent.source.as_deref() {
        Some(OWNER) => ExitRule::Owner,
        Some(_) | None => ExitRule::Delegate,
    };
    demand(row.exit_rule.as_deref() == Some(rule.as_str()), || {
        format!("the `exit_rule` of this exit must be `{}`", rule.as_str())
    })?;
    let opens = row.leverage.or(row.size_usd).or(row.notional_usd);
    demand(opens.is_none(), || {
        "an EXIT must have no leverage, size or notional".to_owned()
    })?;
    Ok(Tested::Yes)
}

fn owners_entry(case: &mut Case<'_, '_>, call: &Call) -> Result<Tested, FailedDemand> {
    let row = case.ask("an entry of the exit owner or a delegate", call.question())?;
    demand(row.decision == Verdict::Skip, || {
        "an entry of the exit owner or a delegate must be a SKIP, because it could be an exit that lost its `reduce_only`".to_owned()
    })?;
    Ok(Tested::Yes)
}

const R: [&str; 3] = ["r_net", "risk_unit", "cost"];
const K: [&str; 5] = [
    "kill_score",
    "k_regime_flip",
    "k_sigma_spike",
    "k_ts_drop",
    "k_age_penalty",
];

fn one_part(
    case: &mut Case<'_, '_>,
    (sound, missing, value): &(HarvestCall, Missing, Option<f64>),
) -> Result<Tested, FailedDemand> {
    let whole = case.ask("a valid position", sound.question())?;
    if whole.decision != Verdict::Harvest {
        return Ok(Tested::No);
    }
    let mut call = sound.clone();
    call.position = missing.from(call.position, *value);
    let what = format!("without {missing}");
    let row = case.ask(what.as_str(), call.question())?;
    demand(row.decision == Verdict::Harvest, || {
        format!(
            "{what}, the answer must still be a HARVEST: the other parts do not need this input"
        )
    })?;
    let (has_r, has_k) = (!missing.disables_r(), !missing.disables_k());
    let has_lock = has_r && *missing != Missing::CurrentStop;
    for (columns, is_available) in [
        (&R[..], has_r),
        (&K[..], has_k),
        (&["stop_proposed"], has_lock),
    ] {
        for column in columns.iter().filter(|_| is_available) {
            demand(same(row.number(column), whole.number(column)), || {
                format!("{what}, `{column}` must not change")
            })?;
        }
    }
    action(*missing, &whole, &row)?;
    for (reason, is_disabled) in [
        (HarvestReason::RUnavailable, !has_r),
        (HarvestReason::KillScoreUnavailable, !has_k),
        (
            HarvestReason::LadderUnavailable,
            *missing == Missing::Harvested,
        ),
        (
            HarvestReason::ProfitLockUnavailable,
            *missing == Missing::CurrentStop,
        ),
    ] {
        let is_listed = row.harvest_reasons.iter().any(|it| it == reason.as_str());
        demand(is_listed == is_disabled, || {
            let requirement = if is_disabled {
                "must contain"
            } else {
                "must not contain"
            };
            format!(
                "{what}, `harvest_reasons` {requirement} `{}`",
                reason.as_str()
            )
        })?;
    }
    Ok(Tested::Yes)
}

/// Checks the action after an input is removed. The kill score has priority over the ladder;
/// without the kill score, the action of the ladder does not change.
fn action(missing: Missing, whole: &Row, row: &Row) -> Result<(), FailedDemand> {
    let full = HarvestAction::FullCloseProposed.as_str();
    let killed = whole.harvest_action.as_deref() == Some(full);
    let has_ladder = !missing.disables_r() && missing != Missing::Harvested;
    let is_unchanged = if killed {
        !missing.disables_k()
    } else {
        has_ladder
    };
    demand(
        !is_unchanged || row.harvest_action == whole.harvest_action,
        || format!("without {missing}, `harvest_action` must not change"),
    )
}
