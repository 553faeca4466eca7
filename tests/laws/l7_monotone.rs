//! L7 Monotone: tightening never turns a skip into a trade, a lower leverage never raises a number of a trade, and a
//! higher R_net never lowers the stage.

use portcullis::{
    answer::Verdict,
    decide::SkipCode,
    harvest::{HarvestAction, Standing},
};
use proptest::prelude::*;

use crate::{
    Law, Portcullis, SOME,
    answered::Answered,
    strategies::{
        self, Call, HaltDraft, HarvestCall, IntentDraft, PositionDraft, Tightening,
        number::positive, tightening,
    },
    subject::{Subject, World},
};

const TIGHTER_NEVER_TRADES_MORE: Law<(Call, Tightening)> = Law {
    cases: 4 * SOME,
    inputs: || {
        let calls =
            prop_oneof![2 => strategies::calls_with_policy(), 1 => strategies::sound_entries()];
        (calls, tightening()).boxed()
    },
    demands: tighter_never_trades_more,
};

const LOWER_LEVERAGE_NEVER_RAISES: Law<(Call, f64, bool)> = Law {
    cases: SOME,
    inputs: || {
        let calls =
            prop_oneof![1 => strategies::calls_with_policy(), 2 => strategies::sound_entries()];
        (calls, positive(), any::<bool>()).boxed()
    },
    demands: lower_leverage_never_raises,
};

const HIGHER_R_NEVER_LOWERS: Law<(HarvestCall, f64, f64)> = Law {
    cases: SOME,
    inputs: || (strategies::sound_harvests(), -1.0..16.0_f64, -1.0..16.0_f64).boxed(),
    demands: higher_r_never_lowers,
};

const NUMBERS: [&str; 3] = ["leverage", "size_usd", "notional_usd"];

fn tighter_never_trades_more(
    subject: &dyn Subject,
    (call, tightening): &(Call, Tightening),
) -> Result<(), TestCaseError> {
    let call = tightening.comparable(call.clone());
    let tight = tightening.of(call.clone());
    let tight = subject.decide(&World::of(&tight), &tight.intent, tight.now);
    if tight.verdict != Verdict::Trade {
        return Ok(());
    }
    let loose = subject.decide(&World::of(&call), &call.intent, call.now);
    prop_assert_eq!(
        loose.verdict,
        Verdict::Trade,
        "{:?} turned this answer into a trade: {}",
        tightening,
        loose.text
    );
    for column in NUMBERS {
        prop_assert_eq!(
            tight.bits(column),
            loose.bits(column),
            "{:?} changed {}",
            tightening,
            column
        );
    }
    Ok(())
}

fn lower_leverage_never_raises(
    subject: &dyn Subject,
    (call, lower, of_policy): &(Call, f64, bool),
) -> Result<(), TestCaseError> {
    let mut lowered = call.clone();
    if *of_policy {
        for (_, leverage) in &mut lowered.policy.draft_mut().unwrap().leverages {
            *leverage = leverage.min(*lower);
        }
    } else if let Some(asked) = call.intent.number("leverage") {
        lowered.intent.set("leverage", asked.min(*lower));
    }
    let high = subject.decide(&World::of(call), &call.intent, call.now);
    let low = subject.decide(&World::of(&lowered), &lowered.intent, call.now);
    if high.verdict == Verdict::Trade && low.verdict == Verdict::Trade {
        for column in NUMBERS {
            prop_assert!(
                low.number(column) <= high.number(column),
                "a lower leverage raised {} from {:?} to {:?}",
                column,
                high.number(column),
                low.number(column)
            );
        }
    }
    Ok(())
}

fn higher_r_never_lowers(
    subject: &dyn Subject,
    (call, one, other): &(HarvestCall, f64, f64),
) -> Result<(), TestCaseError> {
    let world = World::of_harvest(call);
    // The R of this price before costs.
    let at = |r: f64| {
        let mut draft = call.position.clone();
        let position = &mut draft.position;
        let (Some(entry), Some(stop)) = (position.entry_price, position.stop_dist_pct) else {
            panic!("not a sound position");
        };
        let sign = match position.side {
            Some(Standing::Open(side)) => side.sign(),
            _ => panic!("not a sound position"),
        };
        position.current_price = Some(entry * (1.0 + sign * stop * r));
        subject.harvest(&world, &draft, call.now)
    };
    let (one, other) = (at(*one), at(*other));
    prop_assert_eq!(
        one.bits("kill_score"),
        other.bits("kill_score"),
        "kill_score depends on the price"
    );
    let (lower, higher) = if one.number("r_net") <= other.number("r_net") {
        (one, other)
    } else {
        (other, one)
    };
    prop_assert!(
        lower.action <= higher.action,
        "{:?} at an R_net of {:?}, {:?} at {:?}",
        lower.action,
        lower.number("r_net"),
        higher.action,
        higher.number("r_net")
    );
    Ok(())
}

#[test]
fn l7_tighter_never_trades_more() {
    TIGHTER_NEVER_TRADES_MORE.holds();
}

#[test]
fn l7_lower_leverage_never_raises() {
    LOWER_LEVERAGE_NEVER_RAISES.holds();
}

#[test]
fn l7_higher_r_never_lowers_the_stage() {
    HIGHER_R_NEVER_LOWERS.holds();
}

/// The engine with a change to its answers.
struct Doctored(fn(&World, &IntentDraft, Option<i64>, Answered) -> Answered);

impl Subject for Doctored {
    fn decide(&self, world: &World, intent: &IntentDraft, now: Option<i64>) -> Answered {
        (self.0)(world, intent, now, Portcullis.decide(world, intent, now))
    }
}

/// Treats the maximum notional as a minimum.
const LIMIT_IS_A_FLOOR: Doctored = Doctored(|world, _, _, answered| {
    let limit = world
        .input
        .draft()
        .and_then(|p| p.number("limits.max_notional_usd"));
    match (answered.verdict, limit) {
        (Verdict::Trade, Some(_)) => answered.forged_skip(SkipCode::PolicyLimitExceeded),
        (Verdict::Skip, Some(_)) if answered.reason == Some(SkipCode::PolicyLimitExceeded) => {
            answered.forged_trade((1.0, "intent:leverage"), (1.0, "intent:size"))
        }
        _ => answered,
    }
});

/// Treats the halted symbols as the permitted symbols.
const HALT_IS_A_PERMIT: Doctored =
    Doctored(|world, intent, _, answered| match &world.guardrails.halt {
        HaltDraft::Symbols(symbols) if symbols.contains(&intent.symbol) => {
            answered.forged_trade((1.0, "intent:leverage"), (1.0, "intent:size"))
        }
        _ => answered,
    });

/// Trades a symbol that the guardrails permit although it is not in the universe.
const PERMITTED_IS_LISTED: Doctored =
    Doctored(
        |world, intent, _, answered| match &world.guardrails.permitted {
            Some(permitted)
                if answered.reason == Some(SkipCode::PolicyUniverseFilter)
                    && permitted.contains(&intent.symbol) =>
            {
                answered.forged_trade((1.0, "intent:leverage"), (1.0, "intent:size"))
            }
            _ => answered,
        },
    );

/// Accepts a policy only in the last hour of its validity.
const LATE_IS_BETTER: Doctored = Doctored(|world, intent, now, answered| {
    let now = now.or(intent.event_time());
    match (world.input.draft(), now) {
        (Some(policy), Some(now)) if policy.expires_at() - now > 3_600_000_000 => {
            answered.forged_skip(SkipCode::PolicyConstraintViolation)
        }
        _ => answered,
    }
});

/// Reduces a size to its limit.
const LIMITS_SHAVE: Doctored = Doctored(|_, _, _, answered| {
    match (
        answered.reason,
        answered.source("limit").map(str::to_owned),
        answered.number("limit"),
    ) {
        (Some(SkipCode::PolicyLimitExceeded), Some(source), Some(limit))
            if source.ends_with("_usd") =>
        {
            answered.forged_trade((1.0, "intent:leverage"), (limit, "intent:size"))
        }
        _ => answered,
    }
});

/// Raises the size if the leverage is lower.
const SAME_RISK: Doctored = Doctored(|_, _, _, mut answered| {
    if let (Some(leverage), Some(size)) = (answered.number("leverage"), answered.number("size_usd"))
    {
        answered.forge("size_usd", size / leverage, Some("intent:size"));
    }
    answered
});

/// Swaps the first and the last stage of the ladder.
struct UpsideDown;

impl Subject for UpsideDown {
    fn harvest(&self, world: &World, position: &PositionDraft, now: i64) -> Answered {
        let mut answered = Portcullis.harvest(world, position, now);
        answered.action = answered.action.map(|action| match action {
            HarvestAction::Partial75 => HarvestAction::Partial25,
            HarvestAction::Partial25 => HarvestAction::Partial75,
            other => other,
        });
        answered
    }
}

/// Omits the second stage of the ladder.
struct RungMissing;

impl Subject for RungMissing {
    fn harvest(&self, world: &World, position: &PositionDraft, now: i64) -> Answered {
        let mut answered = Portcullis.harvest(world, position, now);
        if answered.action == Some(HarvestAction::Partial50) {
            answered.action = Some(HarvestAction::None);
        }
        answered
    }
}

#[test]
fn l7_detects_tightening_that_permits_more() {
    TIGHTER_NEVER_TRADES_MORE.bites(&LIMIT_IS_A_FLOOR, "Limit(\"limits.max_notional_usd\"");
    TIGHTER_NEVER_TRADES_MORE.bites(&HALT_IS_A_PERMIT, "HaltOf");
    TIGHTER_NEVER_TRADES_MORE.bites(&PERMITTED_IS_LISTED, "turned this answer into a trade");
    TIGHTER_NEVER_TRADES_MORE.bites(&LATE_IS_BETTER, "EarlierExpiry");
    TIGHTER_NEVER_TRADES_MORE.bites(&LIMITS_SHAVE, "changed");
}

#[test]
fn l7_detects_less_leverage_that_raises_a_size() {
    LOWER_LEVERAGE_NEVER_RAISES.bites(&SAME_RISK, "a lower leverage raised size_usd");
}

#[test]
fn l7_detects_a_ladder_that_falls() {
    HIGHER_R_NEVER_LOWERS.bites(&UpsideDown, "Partial25");
    HIGHER_R_NEVER_LOWERS.bites(&RungMissing, "None");
}
