//! L5 Closed is not trapped.

use proptest::{option::weighted, prelude::*};

use super::{
    sources::same,
    trial::{Ask, Asking, Breach, Trial, Tried, demand},
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

pub(super) fn one_part_is_silent(trial: &Trial, ask: &mut Ask<'_>) -> Result<(), Violation> {
    let inputs = (
        strategies::sound_harvests(),
        missing(),
        weighted(0.7, unusable()),
    );
    trial.run(ask, inputs.boxed(), one_part)
}

fn exit(asking: &mut Asking<'_, '_>, (call, noise): &(Call, Noise)) -> Result<Tried, Breach> {
    let mut call = call.clone();
    call.intent = call.intent.with_noise(noise);
    let row = asking.ask("an exit of the exit owner or a delegate", call.question())?;
    demand(row.decision == Verdict::Exit, || {
        "an exit of the exit owner or a delegate must be an EXIT, whatever else is wrong".to_owned()
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
    Ok(Tried::Yes)
}

fn owners_entry(asking: &mut Asking<'_, '_>, call: &Call) -> Result<Tried, Breach> {
    let row = asking.ask("an entry of the exit owner or a delegate", call.question())?;
    demand(row.decision == Verdict::Skip, || {
        "an entry of the exit owner or a delegate must be a SKIP: it may be an exit that lost its flag".to_owned()
    })?;
    Ok(Tried::Yes)
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
    asking: &mut Asking<'_, '_>,
    (sound, missing, value): &(HarvestCall, Missing, Option<f64>),
) -> Result<Tried, Breach> {
    let whole = asking.ask("a sound position", sound.question())?;
    if whole.decision != Verdict::Harvest {
        return Ok(Tried::No);
    }
    let mut call = sound.clone();
    call.position = missing.from(call.position, *value);
    let what = format!("without {missing:?}");
    let row = asking.ask(what.as_str(), call.question())?;
    demand(row.decision == Verdict::Harvest, || {
        format!(
            "{what}, the answer must still be a HARVEST: the other parts do not need this input"
        )
    })?;
    let (r_goes, k_goes) = (!missing.silences_r(), !missing.silences_k());
    let lock_goes = r_goes && *missing != Missing::CurrentStop;
    for (columns, goes) in [
        (&R[..], r_goes),
        (&K[..], k_goes),
        (&["stop_proposed"], lock_goes),
    ] {
        for column in columns.iter().filter(|_| goes) {
            demand(same(row.number(column), whole.number(column)), || {
                format!("{what}, `{column}` must not change")
            })?;
        }
    }
    action(*missing, &whole, &row)?;
    for (reason, silent) in [
        (HarvestReason::RUnavailable, !r_goes),
        (HarvestReason::KillScoreUnavailable, !k_goes),
        (
            HarvestReason::LadderUnavailable,
            *missing == Missing::Harvested,
        ),
        (
            HarvestReason::ProfitLockUnavailable,
            *missing == Missing::CurrentStop,
        ),
    ] {
        let told = row.harvest_reasons.iter().any(|it| it == reason.as_str());
        demand(told == silent, || {
            let says = if silent {
                "must contain"
            } else {
                "must not contain"
            };
            format!("{what}, `harvest_reasons` {says} `{}`", reason.as_str())
        })?;
    }
    Ok(Tried::Yes)
}

/// The kill score has priority over the ladder. Without the kill score, the action of the ladder does not change.
fn action(missing: Missing, whole: &Row, row: &Row) -> Result<(), Breach> {
    let full = HarvestAction::FullCloseProposed.as_str();
    let killed = whole.harvest_action.as_deref() == Some(full);
    let ladder_goes = !missing.silences_r() && missing != Missing::Harvested;
    let stays = if killed {
        !missing.silences_k()
    } else {
        ladder_goes
    };
    demand(!stays || row.harvest_action == whole.harvest_action, || {
        format!("without {missing:?}, `harvest_action` must not change")
    })
}
