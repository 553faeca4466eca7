//! L5 Closed is not trapped: only exit ownership can deny an exit, and an exit owner cannot open a position. In a
//! harvest, a missing input disables only the part that needs it.

use portcullis::{
    answer::Verdict,
    decide::SkipCode,
    exit::ExitRule,
    harvest::{HarvestAction, HarvestReason},
};
use proptest::prelude::*;

use crate::{
    Law, Portcullis, SOME,
    answered::Answered,
    strategies::{
        self, Call, Closing, Door, HaltDraft, HarvestCall, IntentDraft, Kind, Missing, Noise,
        OWNER, PositionDraft, missing, noise, number::unusable,
    },
    subject::{Subject, World},
};

const AN_EXIT_IS_AN_EXIT: Law<(Call, Noise)> = Law {
    cases: SOME,
    inputs: || (strategies::exits(), noise()).boxed(),
    demands: an_exit_is_an_exit,
};

const AN_OWNER_NEVER_OPENS: Law<Call> = Law {
    cases: SOME,
    inputs: strategies::owners_entries,
    demands: an_owner_never_opens,
};

const ONE_PART_IS_SILENT: Law<(HarvestCall, Missing, Option<f64>)> = Law {
    cases: SOME,
    inputs: || {
        let value = prop_oneof![1 => Just(None), 2 => unusable().prop_map(Some)];
        (strategies::sound_harvests(), missing(), value).boxed()
    },
    demands: one_part_is_silent,
};

fn an_exit_is_an_exit(
    subject: &dyn Subject,
    (call, noise): &(Call, Noise),
) -> Result<(), TestCaseError> {
    let world = World::of(call);
    // The builder cannot add these members.
    let intent = call.intent.clone().with_noise(noise);
    let rule = match intent.source.as_deref() {
        Some(OWNER) => ExitRule::Owner,
        _ => ExitRule::Delegate,
    };
    for answered in [
        subject.decide(&world, &intent, call.now),
        subject.decide_traced(&world, &intent, call.now),
    ] {
        prop_assert_eq!(
            answered.verdict,
            Verdict::Exit,
            "an exit is blocked: {}",
            answered.text
        );
        prop_assert_eq!(answered.exit_rule, Some(rule), "wrong exit rule");
        prop_assert_eq!(answered.number("leverage"), None, "an exit has a leverage");
    }
    let rows = subject.decide_columns(&world, &[intent], call.now);
    let expected = match rule {
        ExitRule::Owner => portcullis::decide::Outcome::ExitByOwner,
        ExitRule::Delegate => portcullis::decide::Outcome::ExitByDelegate,
    };
    prop_assert_eq!(
        rows.first().map(|row| row.outcome),
        Some(expected),
        "an exit is blocked in a batch"
    );
    Ok(())
}

fn an_owner_never_opens(subject: &dyn Subject, call: &Call) -> Result<(), TestCaseError> {
    let answered = subject.decide(&World::of(call), &call.intent, call.now);
    prop_assert_eq!(
        answered.verdict,
        Verdict::Skip,
        "an exit owner opens: {}",
        answered.text
    );
    prop_assert_eq!(
        answered.reason,
        Some(SkipCode::IntentAmbiguous),
        "{}",
        answered.text
    );
    Ok(())
}

const R: [&str; 4] = ["r_net", "risk_unit", "cost", "stop"];
const K: [&str; 5] = [
    "kill_score",
    "k_regime_flip",
    "k_sigma_spike",
    "k_ts_drop",
    "k_age_penalty",
];

fn one_part_is_silent(
    subject: &dyn Subject,
    (call, missing, value): &(HarvestCall, Missing, Option<f64>),
) -> Result<(), TestCaseError> {
    let world = World::of_harvest(call);
    let whole = subject.harvest(&world, &call.position, call.now);
    let draft = missing.from(call.position.clone(), *value);
    let silenced = subject.harvest(&world, &draft, call.now);
    prop_assert_eq!(
        silenced.verdict,
        Verdict::Harvest,
        "{:?} disables the whole answer",
        missing
    );
    let (r_goes, k_goes) = (!missing.silences_r(), !missing.silences_k());
    for (columns, goes, name) in [(&R[..], r_goes, "R"), (&K[..], k_goes, "K")] {
        for column in columns {
            let expected = if goes { whole.bits(column) } else { None };
            prop_assert_eq!(
                silenced.bits(column),
                expected,
                "{:?} changes {} of {}",
                missing,
                column,
                name
            );
        }
    }
    let says = |reason| {
        silenced
            .harvest_reasons
            .is_some_and(|reasons| reasons.contains(reason))
    };
    prop_assert_eq!(
        says(HarvestReason::RUnavailable),
        !r_goes,
        "wrong reason for R"
    );
    prop_assert_eq!(
        says(HarvestReason::KillScoreUnavailable),
        !k_goes,
        "wrong reason for K"
    );
    prop_assert_eq!(
        says(HarvestReason::LadderUnavailable),
        *missing == Missing::Harvested,
        "wrong reason for the ladder"
    );
    prop_assert_eq!(
        says(HarvestReason::ProfitLockUnavailable),
        *missing == Missing::CurrentStop,
        "wrong reason for the profit lock"
    );
    let lock_goes = r_goes && *missing != Missing::CurrentStop;
    let stop = if lock_goes {
        whole.bits("stop_proposed")
    } else {
        None
    };
    prop_assert_eq!(
        silenced.bits("stop_proposed"),
        stop,
        "{:?} changes the profit lock",
        missing
    );
    let killed = whole.action == Some(HarvestAction::FullCloseProposed);
    if k_goes && killed {
        prop_assert_eq!(
            silenced.action,
            whole.action,
            "{:?} suppresses a full close",
            missing
        );
    } else if r_goes && !killed && *missing != Missing::Harvested {
        prop_assert_eq!(
            silenced.action,
            whole.action,
            "{:?} changes the ladder",
            missing
        );
    }
    Ok(())
}

#[test]
fn l5_an_exit_is_an_exit() {
    AN_EXIT_IS_AN_EXIT.holds();
}

#[test]
fn l5_an_owner_never_opens() {
    AN_OWNER_NEVER_OPENS.holds();
}

#[test]
fn l5_a_missing_input_disables_one_part() {
    ONE_PART_IS_SILENT.holds();
}

/// An engine that denies exits for a reason that must only deny entries.
struct Gated(fn(&World, &IntentDraft, Option<i64>) -> Option<SkipCode>);

impl Subject for Gated {
    fn decide(&self, world: &World, intent: &IntentDraft, now: Option<i64>) -> Answered {
        let answered = Portcullis.decide(world, intent, now);
        match (self.0)(world, intent, now) {
            Some(reason) => answered.forged_skip(reason),
            None => answered,
        }
    }
}

const BY_A_HALT: Gated = Gated(|world, _, _| {
    matches!(world.guardrails.halt, HaltDraft::Everything).then_some(SkipCode::TradingHalted)
});

const BY_THE_UNIVERSE: Gated = Gated(|world, intent, _| {
    let policy = world.policy.as_ref().ok()?;
    let symbol = portcullis::types::Symbol::new(&intent.symbol).ok()?;
    (!policy.lists(&symbol)).then_some(SkipCode::PolicyUniverseFilter)
});

const BY_THE_POLICY: Gated =
    Gated(|world, _, _| world.policy.is_err().then_some(SkipCode::PolicyMissing));

const BY_TIME: Gated = Gated(|_, intent, now| {
    now.or(intent.event_time())
        .is_none()
        .then_some(SkipCode::IntentInvalid)
});

const BY_SIZE: Gated = Gated(|_, intent, _| {
    intent
        .numbers
        .iter()
        .any(|(_, x)| x.is_nan())
        .then_some(SkipCode::PolicyMissingSize)
});

/// Decides an intent without its source, so that an exit that lost its flag opens a position.
struct LostFlagOpens;

impl Subject for LostFlagOpens {
    fn decide(&self, world: &World, intent: &IntentDraft, now: Option<i64>) -> Answered {
        let by_anyone = IntentDraft {
            source: None,
            ..intent.clone()
        };
        Portcullis.decide(world, &by_anyone, now)
    }
}

/// Recognizes `reduce_only` but not `reduceOnly`.
struct OneFlagOnly;

impl Subject for OneFlagOnly {
    fn decide(&self, world: &World, intent: &IntentDraft, now: Option<i64>) -> Answered {
        let mut intent = intent.clone();
        if intent.kind == Kind::Exit(Closing::CamelFlag) {
            intent.kind = Kind::Entry;
            intent.door = Door::Flat;
        }
        Portcullis.decide(world, &intent, now)
    }
}

/// Skips the whole answer if R is unavailable, although K does not need the price.
struct KillNeedsPrice;

impl Subject for KillNeedsPrice {
    fn harvest(&self, world: &World, position: &PositionDraft, now: i64) -> Answered {
        let answered = Portcullis.harvest(world, position, now);
        match answered.number("r_net") {
            None => answered.forged_skip(SkipCode::HarvestInvalidInput),
            Some(_) => answered,
        }
    }
}

/// Treats a missing probability as 0.
struct NoProbabilityIsZero;

impl Subject for NoProbabilityIsZero {
    fn harvest(&self, world: &World, position: &PositionDraft, now: i64) -> Answered {
        let mut filled = position.clone();
        if let Some(market) = &mut filled.market {
            market.p_mr = market.p_mr.or(Some(0.0));
        }
        Portcullis.harvest(world, &filled, now)
    }
}

#[test]
fn l5_detects_a_blocked_exit() {
    for gated in [BY_A_HALT, BY_THE_UNIVERSE, BY_THE_POLICY, BY_TIME, BY_SIZE] {
        AN_EXIT_IS_AN_EXIT.bites(&gated, "an exit is blocked");
    }
}

#[test]
fn l5_detects_a_lost_flag() {
    AN_OWNER_NEVER_OPENS.bites(&LostFlagOpens, "an exit owner opens: TRADE");
    AN_EXIT_IS_AN_EXIT.bites(&OneFlagOnly, "an exit is blocked");
}

#[test]
fn l5_detects_a_part_that_disables_another() {
    ONE_PART_IS_SILENT.bites(&KillNeedsPrice, "disables the whole answer");
    ONE_PART_IS_SILENT.bites(&NoProbabilityIsZero, "PMr changes kill_score of K");
}
