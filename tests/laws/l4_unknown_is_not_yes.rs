//! L4 Unknown is not yes: an input that is absent where it is required, not finite, unreadable or contradicted
//! fails the gate that it feeds.

use portcullis::{answer::Verdict, decide::Reason};
use proptest::prelude::*;

use crate::{
    Law, Portcullis, SOME,
    answered::Answered,
    strategies::{self, Call, IntentDraft, PolicyInput, Spoiled, spoiled},
    subject::{Subject, World},
};

const UNKNOWN_IS_NOT_YES: Law<(Call, Spoiled)> = Law {
    cases: 2 * SOME,
    inputs: || (strategies::sound_entries(), spoiled()).boxed(),
    demands: unknown_is_not_yes,
};

fn unknown_is_not_yes(
    subject: &dyn Subject,
    (sound, spoiled): &(Call, Spoiled),
) -> Result<(), TestCaseError> {
    let answered = subject.decide(&World::of(sound), &sound.intent, sound.now);
    prop_assert_eq!(
        answered.verdict,
        Verdict::Trade,
        "the sound one does not trade: {}",
        answered.text
    );
    let mut sound = sound.clone();
    // With nothing to tell its age by, it needs a clock.
    sound.now = sound.judged_at();
    let (call, reason) = spoiled.spoil(sound);
    let answered = subject.decide(&World::of(&call), &call.intent, call.now);
    prop_assert_eq!(
        answered.verdict,
        Verdict::Skip,
        "{:?} got through: {}",
        spoiled,
        answered.text
    );
    prop_assert_eq!(
        answered.reason,
        Some(reason),
        "{:?}: {}",
        spoiled,
        answered.text
    );
    Ok(())
}

#[test]
fn l4_unknown_is_not_yes() {
    UNKNOWN_IS_NOT_YES.holds();
}

/// An engine that reads another intent than the one that it was given.
struct Reading(fn(&mut IntentDraft));

impl Subject for Reading {
    fn decide(&self, world: &World, intent: &IntentDraft, now: Option<i64>) -> Answered {
        let mut read = intent.clone();
        (self.0)(&mut read);
        Portcullis.decide(world, &read, now)
    }
}

/// `if asked > given { … }`: a NaN is not above anything.
const NAN_IS_NOT_ABOVE: Reading = Reading(|intent| {
    intent
        .numbers
        .retain(|(field, x)| *field != "leverage" || !x.is_nan());
});

const UNREADABLE_IS_ABSENT: Reading = Reading(|intent| {
    intent
        .extra
        .retain(|(field, json)| *field != "leverage" || json.parse::<f64>().is_ok());
});

/// A quantity without a price falls through to the next field.
const FALLS_THROUGH: Reading = Reading(|intent| {
    if intent
        .number("price")
        .or(intent.number("entry_price"))
        .is_none()
    {
        intent.remove("quantity");
    }
});

const LAST_TWIN_WINS: Reading = Reading(|intent| {
    if let [(one, _), (other, _)] = &intent.extra[..]
        && one == other
    {
        intent.extra.clear();
    }
});

/// Reasons that are let through.
struct Forgiving(Reason);

impl Subject for Forgiving {
    fn decide(&self, world: &World, intent: &IntentDraft, now: Option<i64>) -> Answered {
        let answered = Portcullis.decide(world, intent, now);
        if answered.reason != Some(self.0) {
            return answered;
        }
        // No size is a size of NaN here, and `size > limit` is false for it.
        answered.forged_trade((1.0, "intent:leverage"), (f64::NAN, "intent:size"))
    }
}

/// What has no leverage gets that of the first symbol.
struct AnyLeverageWillDo;

impl Subject for AnyLeverageWillDo {
    fn decide(&self, world: &World, intent: &IntentDraft, now: Option<i64>) -> Answered {
        let mut input = world.input.clone();
        if let PolicyInput::Draft(draft) = &mut input
            && draft.leverage(&intent.symbol).is_none()
        {
            draft.leverages.push((intent.symbol.clone(), 10.0));
        }
        Portcullis.decide(&World::new(&input, &world.guardrails), intent, now)
    }
}

#[test]
fn l4_bites_nan_let_through() {
    UNKNOWN_IS_NOT_YES.bites(&NAN_IS_NOT_ABOVE, "Leverage(NaN) got through");
    UNKNOWN_IS_NOT_YES.bites(&Forgiving(Reason::PolicyMissingSize), "got through");
    UNKNOWN_IS_NOT_YES.bites(&Forgiving(Reason::PolicyLimitExceeded), "got through");
}

#[test]
fn l4_bites_the_unreadable_let_through() {
    UNKNOWN_IS_NOT_YES.bites(&UNREADABLE_IS_ABSENT, "LeverageText");
    UNKNOWN_IS_NOT_YES.bites(&FALLS_THROUGH, "QuantityWithoutPrice");
    UNKNOWN_IS_NOT_YES.bites(&LAST_TWIN_WINS, "Twice");
    UNKNOWN_IS_NOT_YES.bites(&AnyLeverageWillDo, "NoLeverageForIt got through");
    UNKNOWN_IS_NOT_YES.bites(&Forgiving(Reason::IntentStale), "AgeUnknown got through");
    UNKNOWN_IS_NOT_YES.bites(
        &Forgiving(Reason::ClockUntrusted),
        "LeadUnknown got through",
    );
}
