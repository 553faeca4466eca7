//! Checks of L6, deterministic, on every path: an intent gets the same answer if it is traced, if
//! another thread decides it, if a replay decides it at its event time, and if it is built in code
//! instead of parsed.

use std::thread;

use portcullis::{answer::Verdict, decide::SkipCode};
use proptest::prelude::*;

use crate::{
    Property, SOME,
    answered::Answered,
    strategies::{self, Call, IntentDraft, IntentForm, TimeField},
    subject::{Portcullis, Subject, World},
};

const SAME_ANSWER: Property<Call> = Property {
    cases: SOME,
    inputs: strategies::calls,
    demands: same_answer,
};

const SAME_ANSWER_IN_A_REPLAY: Property<Call> = Property {
    cases: SOME,
    inputs: strategies::calls,
    demands: same_answer_in_a_replay,
};

const SAME_ANSWER_TO_A_TEXT: Property<Call> = Property {
    cases: SOME,
    inputs: || {
        let is_built = |call: &Call| call.intent.form == IntentForm::Builder;
        let calls = prop_oneof![
            strategies::calls_with_policy(),
            strategies::sound_entries(),
            strategies::exits()
        ];
        calls.prop_filter("not a built intent", is_built).boxed()
    },
    demands: same_answer_to_a_text,
};

fn check_same(path: &str, answered: &Answered, plain: &Answered) -> Result<(), TestCaseError> {
    prop_assert_eq!(&answered.bytes, &plain.bytes, "{}: the row differs", path);
    prop_assert_eq!(&answered.text, &plain.text, "{}: the text differs", path);
    prop_assert_eq!(
        &answered.numbers,
        &plain.numbers,
        "{}: the numbers differ",
        path
    );
    prop_assert_eq!(&answered.gates, &plain.gates, "{}: the gates differ", path);
    Ok(())
}

fn same_answer(subject: &dyn Subject, call: &Call) -> Result<(), TestCaseError> {
    let world = World::of(call);
    let plain = subject.decide(&world, &call.intent, call.now);
    let traced = subject.decide_traced(&world, &call.intent, call.now);
    check_same("traced", &traced, &plain)?;
    let decide = || subject.decide(&world, &call.intent, call.now);
    let elsewhere = thread::scope(|scope| scope.spawn(decide).join()).unwrap();
    check_same("on another thread", &elsewhere, &plain)
}

fn same_answer_in_a_replay(subject: &dyn Subject, call: &Call) -> Result<(), TestCaseError> {
    let world = World::of(call);
    let replayed = subject.decide(&world, &call.intent, None);
    if call.intent.is_entry() && call.intent.event_time().is_none() {
        let reason = Some(SkipCode::IntentInvalid);
        prop_assert_eq!(replayed.reason, reason, "an entry without a time");
        return Ok(());
    }
    let at = call.intent.event_time().unwrap_or_default();
    let plain = subject.decide(&world, &call.intent, Some(at));
    check_same("in a replay", &replayed, &plain)
}

fn same_answer_to_a_text(subject: &dyn Subject, call: &Call) -> Result<(), TestCaseError> {
    let world = World::of(call);
    let now = call.decision_time().or(Some(0));
    let built = subject.decide(&world, &call.intent, now);
    // Only the field `timestamp` has microseconds, like the time of an intent that is built in
    // code.
    let text = IntentDraft {
        form: IntentForm::Flat,
        time: call.intent.time.map(|(_, at)| (TimeField::Timestamp, at)),
        ..call.intent.clone()
    };
    let parsed = subject.decide(&world, &text, now);
    prop_assert_eq!(
        built.verdict,
        parsed.verdict,
        "the verdict differs: {} and {}",
        built.text,
        parsed.text
    );
    prop_assert_eq!(built.reason, parsed.reason, "the reason differs");
    prop_assert_eq!(built.exit_rule, parsed.exit_rule, "the exit rule differs");
    prop_assert_eq!(&built.numbers, &parsed.numbers, "the numbers differ");
    Ok(())
}

#[test]
fn l6_same_answer_traced_and_on_another_thread() {
    SAME_ANSWER.holds();
}

#[test]
fn l6_same_answer_in_a_replay() {
    SAME_ANSWER_IN_A_REPLAY.holds();
}

#[test]
fn l6_same_answer_to_a_text() {
    SAME_ANSWER_TO_A_TEXT.holds();
}

/// The engine that returns another answer when a decision is traced.
struct Traced;

impl Subject for Traced {
    fn decide_traced(&self, world: &World, intent: &IntentDraft, now: Option<i64>) -> Answered {
        let answered = Portcullis.decide_traced(world, intent, now);
        match answered.verdict {
            Verdict::Trade => Answered {
                bytes: String::new(),
                ..answered
            },
            _ => answered,
        }
    }
}

/// The engine that omits the last gate from its trace.
struct GateLost;

impl Subject for GateLost {
    fn decide_traced(&self, world: &World, intent: &IntentDraft, now: Option<i64>) -> Answered {
        let mut answered = Portcullis.decide_traced(world, intent, now);
        answered.gates.pop();
        answered
    }
}

/// The engine that returns another answer on a thread without a name, as an engine with
/// thread-local state could do.
struct Threaded;

impl Subject for Threaded {
    fn decide(&self, world: &World, intent: &IntentDraft, now: Option<i64>) -> Answered {
        let mut answered = Portcullis.decide(world, intent, now);
        if thread::current().name().is_none() {
            answered.text.clear();
        }
        answered
    }
}

/// The engine that decides an entry without a timestamp at the start of the epoch.
struct EpochIsNow;

impl Subject for EpochIsNow {
    fn decide(&self, world: &World, intent: &IntentDraft, now: Option<i64>) -> Answered {
        let now = now.or(intent.event_time()).unwrap_or_default();
        Portcullis.decide(world, intent, Some(now))
    }
}

/// The engine that rounds the event time of a replay down to seconds.
struct WholeSeconds;

impl Subject for WholeSeconds {
    fn decide(&self, world: &World, intent: &IntentDraft, now: Option<i64>) -> Answered {
        let whole = |at: i64| at.div_euclid(1_000_000) * 1_000_000;
        Portcullis.decide(world, intent, now.or(intent.event_time().map(whole)))
    }
}

/// The engine that ignores the requested leverage of an intent that was built in code.
struct BuilderForgets;

impl Subject for BuilderForgets {
    fn decide(&self, world: &World, intent: &IntentDraft, now: Option<i64>) -> Answered {
        let mut intent = intent.clone();
        if intent.form == IntentForm::Builder {
            intent.remove("leverage");
        }
        Portcullis.decide(world, &intent, now)
    }
}

#[test]
fn l6_detects_a_path_that_differs() {
    SAME_ANSWER.detects(&Traced, "traced: the row differs");
    SAME_ANSWER.detects(&GateLost, "traced: the gates differ");
    SAME_ANSWER.detects(&Threaded, "on another thread: the text differs");
    SAME_ANSWER_IN_A_REPLAY.detects(&EpochIsNow, "an entry without a time");
    SAME_ANSWER_IN_A_REPLAY.detects(&WholeSeconds, "in a replay: ");
    SAME_ANSWER_TO_A_TEXT.detects(&BuilderForgets, "differs");
}
