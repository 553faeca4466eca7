//! L4 Unknown is not yes: a required input that is absent, not finite, unreadable or contradicted fails the gate that
//! needs it.

use portcullis::{answer::Verdict, decide::SkipCode};
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
        "the sound entry is not a trade: {}",
        answered.text
    );
    let mut sound = sound.clone();
    // Spoiling may remove the timestamp of the intent, so the call needs a clock.
    sound.now = sound.judged_at();
    let (call, reason) = spoiled.spoil(sound);
    let answered = subject.decide(&World::of(&call), &call.intent, call.now);
    prop_assert_eq!(
        answered.verdict,
        Verdict::Skip,
        "{:?} was accepted: {}",
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

/// An engine that decides a changed intent.
struct Reading(fn(&mut IntentDraft));

impl Subject for Reading {
    fn decide(&self, world: &World, intent: &IntentDraft, now: Option<i64>) -> Answered {
        let mut read = intent.clone();
        (self.0)(&mut read);
        Portcullis.decide(world, &read, now)
    }
}

/// `if asked > given { … }`: this comparison is false for a NaN.
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

/// If a quantity has no price, the next field that states a size is used.
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

/// An engine that trades despite one skip reason.
struct Forgiving(SkipCode);

impl Subject for Forgiving {
    fn decide(&self, world: &World, intent: &IntentDraft, now: Option<i64>) -> Answered {
        let answered = Portcullis.decide(world, intent, now);
        if answered.reason != Some(self.0) {
            return answered;
        }
        // For a size of NaN, `size > limit` is false.
        answered.forged_trade((1.0, "intent:leverage"), (f64::NAN, "intent:size"))
    }
}

/// A symbol without a leverage gets a default of 10x.
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
fn l4_detects_an_accepted_nan() {
    UNKNOWN_IS_NOT_YES.bites(&NAN_IS_NOT_ABOVE, "Leverage(NaN) was accepted");
    UNKNOWN_IS_NOT_YES.bites(&Forgiving(SkipCode::PolicyMissingSize), "was accepted");
    UNKNOWN_IS_NOT_YES.bites(&Forgiving(SkipCode::PolicyLimitExceeded), "was accepted");
}

#[test]
fn l4_detects_an_accepted_unreadable_input() {
    UNKNOWN_IS_NOT_YES.bites(&UNREADABLE_IS_ABSENT, "LeverageText");
    UNKNOWN_IS_NOT_YES.bites(&FALLS_THROUGH, "QuantityWithoutPrice");
    UNKNOWN_IS_NOT_YES.bites(&LAST_TWIN_WINS, "Twice");
    UNKNOWN_IS_NOT_YES.bites(&AnyLeverageWillDo, "NoLeverageForIt was accepted");
    UNKNOWN_IS_NOT_YES.bites(&Forgiving(SkipCode::IntentStale), "AgeUnknown was accepted");
    UNKNOWN_IS_NOT_YES.bites(
        &Forgiving(SkipCode::ClockUntrusted),
        "LeadUnknown was accepted",
    );
}
