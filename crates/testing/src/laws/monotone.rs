//! Checks of L7, monotone.

use proptest::prelude::*;

use super::{
    sources::same,
    trial::{Ask, Case, FailedDemand, Tested, Trial, demand},
};
use crate::{
    Question, Violation,
    strategies::{self, Call, HarvestCall, Tightening, number::positive, tightening},
};
use portcullis::{answer::Verdict, harvest::ReportedSide};

const NUMBERS: [&str; 3] = ["leverage", "size_usd", "notional_usd"];

pub(super) fn tighter_never_trades_more(trial: &Trial, ask: &mut Ask<'_>) -> Result<(), Violation> {
    let calls = prop_oneof![1 => strategies::sound_entries(), 2 => strategies::calls_with_policy()];
    trial.run(ask, (calls, tightening()).boxed(), tighter)
}

pub(super) fn lower_leverage_never_raises(
    trial: &Trial,
    ask: &mut Ask<'_>,
) -> Result<(), Violation> {
    let calls = prop_oneof![2 => strategies::sound_entries(), 1 => strategies::calls_with_policy()];
    trial.run(
        ask,
        (calls, positive(), any::<bool>()).boxed(),
        lower_leverage,
    )
}

pub(super) fn higher_r_never_lowers(trial: &Trial, ask: &mut Ask<'_>) -> Result<(), Violation> {
    let rs = || -1.0..16.0_f64;
    trial.run(
        ask,
        (strategies::sound_harvests(), rs(), rs()).boxed(),
        higher_r,
    )
}

fn tighter(
    case: &mut Case<'_, '_>,
    (call, tightening): &(Call, Tightening),
) -> Result<Tested, FailedDemand> {
    let call = tightening.comparable(call.clone());
    let loose = case.ask("before", call.question())?;
    let what = format!("the same, with {tightening}");
    let tight = case.ask(what, tightening.of(call).question())?;
    if tight.decision == Verdict::Trade {
        demand(loose.decision == Verdict::Trade, || {
            format!("{tightening} must not turn a SKIP into a TRADE")
        })?;
        for column in NUMBERS {
            demand(same(tight.number(column), loose.number(column)), || {
                format!("with {tightening}, the entry must be skipped or keep its `{column}`")
            })?;
        }
        demand(tight.not_after <= loose.not_after, || {
            format!("{tightening} must not raise `not_after`")
        })?;
    }
    let traded = loose.decision == Verdict::Trade;
    Ok(if traded { Tested::Yes } else { Tested::No })
}

fn lower_leverage(
    case: &mut Case<'_, '_>,
    (call, lower, of_policy): &(Call, f64, bool),
) -> Result<Tested, FailedDemand> {
    let mut lowered = call.clone();
    let requested = call.intent.number("leverage");
    if let (true, Some(policy)) = (*of_policy, lowered.policy.draft_mut()) {
        for (_, leverage) in &mut policy.leverages {
            *leverage = leverage.min(*lower);
        }
    } else if let Some(requested) = requested {
        lowered.intent.set("leverage", requested.min(*lower));
    }
    let high = case.ask("before", call.question())?;
    let low = case.ask("with a lower leverage", lowered.question())?;
    if high.decision != Verdict::Trade || low.decision != Verdict::Trade {
        return Ok(Tested::No);
    }
    for column in NUMBERS {
        demand(low.number(column) <= high.number(column), || {
            format!("a lower leverage must not raise `{column}`")
        })?;
    }
    Ok(Tested::Yes)
}

/// Returns the same position with another current price: `r` stop distances from the entry price,
/// in the direction of profit.
fn at(call: &HarvestCall, r: f64) -> Option<Question> {
    let mut call = call.clone();
    let position = &mut call.position.position;
    let sign = match position.side? {
        ReportedSide::Open(side) => side.sign(),
        ReportedSide::Flat | ReportedSide::Unreadable => return None,
    };
    let (entry, stop) = (position.entry_price?, position.stop_dist_pct?);
    position.current_price = Some(entry * (1.0 + sign * stop * r));
    Some(call.question())
}

fn higher_r(
    case: &mut Case<'_, '_>,
    (call, one, other): &(HarvestCall, f64, f64),
) -> Result<Tested, FailedDemand> {
    let (lower, higher) = if one <= other {
        (*one, *other)
    } else {
        (*other, *one)
    };
    let (Some(lower), Some(higher)) = (at(call, lower), at(call, higher)) else {
        return Ok(Tested::No);
    };
    let lower = case.ask("a position", lower)?;
    let higher = case.ask("the same with more profit", higher)?;
    // A price that would be negative is not valid, so there is no R.
    let (Some(less), Some(more)) = (lower.r_net, higher.r_net) else {
        return Ok(Tested::No);
    };
    demand(same(lower.kill_score, higher.kill_score), || {
        "`kill_score` must not depend on the price".to_owned()
    })?;
    demand(less <= more, || {
        "more profit must not lower `r_net`".to_owned()
    })?;
    demand(lower.action() <= higher.action(), || {
        "more profit must not lower the stage of `harvest_action`".to_owned()
    })?;
    Ok(Tested::Yes)
}
