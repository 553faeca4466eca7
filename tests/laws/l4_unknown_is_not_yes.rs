//! L4 Unknown is not yes: an input that is absent where it is required, not finite, unreadable or contradicted
//! fails the gate that it feeds.

use portcullis::{answer::Verdict, decide::Reason};
use proptest::{prelude::*, sample::select};

use crate::{
    Law, Portcullis, SOME,
    answered::Answered,
    strategies::{
        self, Call, Door, IntentDraft, OUTSIDER, PolicyInput, TimeField,
        number::{positive, unusable},
    },
    subject::{Subject, World},
};

/// One thing wrong with an entry that would trade.
#[derive(Debug, Clone, Copy)]
enum Spoiled {
    Leverage(f64),
    LeverageText(&'static str),
    Size(f64),
    SizeText(&'static str),
    NoSize,
    QuantityWithoutPrice(f64),
    MarginWithoutLeverage(f64),
    ProductTooLarge,
    ProductTooSmall,
    MarginOverflows,
    MarginVanishes,
    Symbol(&'static str),
    NotListed,
    NoLeverageForIt,
    Stop(f64),
    StopOnTheWrongSide,
    NoTime,
    /// A member of its own, that cannot be read or contradicts another.
    Member(&'static str, &'static str, Reason),
    /// One that stands there twice.
    Twice(&'static str),
    AgeUnknown,
    LeadUnknown,
    MarketUnknown,
    HashUnstated,
}

const UNKNOWN_IS_NOT_YES: Law<(Call, Spoiled)> = Law {
    cases: 2 * SOME,
    inputs: || (strategies::sound_entries(), spoiled()).boxed(),
    demands: unknown_is_not_yes,
};

fn spoiled() -> impl Strategy<Value = Spoiled> {
    let texts = vec![
        "\"x\"", "\"\"", "[]", "{}", "true", "\"0x10\"", "\"1,5\"", "\"nan\"", "\"inf\"", "0",
        "\"0\"", "-1", "1e999",
    ];
    let member = |key, json, reason| Just(Spoiled::Member(key, json, reason));
    let by_number = prop_oneof![
        unusable().prop_map(Spoiled::Leverage),
        select(texts.clone()).prop_map(Spoiled::LeverageText),
        unusable().prop_map(Spoiled::Size),
        select(texts).prop_map(Spoiled::SizeText),
        positive().prop_map(Spoiled::QuantityWithoutPrice),
        positive().prop_map(Spoiled::MarginWithoutLeverage),
        unusable().prop_map(Spoiled::Stop),
    ];
    let by_kind = select(vec![
        Spoiled::NoSize,
        Spoiled::ProductTooLarge,
        Spoiled::ProductTooSmall,
        Spoiled::MarginOverflows,
        Spoiled::MarginVanishes,
        Spoiled::Symbol(""),
        Spoiled::Symbol("BTC USDT"),
        Spoiled::Symbol("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456"),
        Spoiled::NotListed,
        Spoiled::NoLeverageForIt,
        Spoiled::StopOnTheWrongSide,
        Spoiled::NoTime,
        Spoiled::AgeUnknown,
        Spoiled::LeadUnknown,
        Spoiled::MarketUnknown,
        Spoiled::HashUnstated,
    ]);
    let by_member = prop_oneof![
        member("action", "\"HOLD\"", Reason::IntentAmbiguous),
        member("action", "\"UP\"", Reason::IntentInvalid),
        member("action", "7", Reason::IntentInvalid),
        member("reduce_only", "\"maybe\"", Reason::IntentInvalid),
        member("reduceOnly", "2", Reason::IntentInvalid),
        member("decided_at", "\"soon\"", Reason::IntentInvalid),
        member("decided_at", "1500.5", Reason::IntentInvalid),
        member("source", "5", Reason::IntentAmbiguous),
        member("payload", "{}", Reason::IntentAmbiguous),
        select(vec![
            "symbol",
            "side",
            "source",
            "leverage",
            "size",
            "timestamp"
        ])
        .prop_map(Spoiled::Twice),
    ];
    prop_oneof![3 => by_number, 3 => by_kind, 2 => by_member]
}

/// Takes whatever says a size out of an intent.
fn without_size(intent: &mut IntentDraft) {
    intent.numbers.retain(|(field, _)| *field == "leverage");
}

/// The same call with one thing wrong, and the reason that it must be refused for.
fn spoil(mut call: Call, spoiled: Spoiled) -> (Call, Reason) {
    let intent = &mut call.intent;
    let reason = match spoiled {
        Spoiled::Leverage(x) => {
            intent.set("leverage", x);
            Reason::PolicyMissingLeverage
        }
        Spoiled::LeverageText(json) => {
            as_text(intent).remove("leverage");
            intent.extra.push(("leverage", json.to_owned()));
            Reason::PolicyMissingLeverage
        }
        Spoiled::Size(x) => {
            without_size(intent);
            intent.set("position_size_usd", x);
            Reason::PolicyMissingSize
        }
        Spoiled::SizeText(json) => {
            without_size(as_text(intent));
            intent.extra.push(("size", json.to_owned()));
            Reason::PolicyMissingSize
        }
        Spoiled::NoSize => {
            without_size(intent);
            Reason::PolicyMissingSize
        }
        Spoiled::QuantityWithoutPrice(x) => {
            without_size(intent);
            intent.set("quantity", x);
            // It does not fall through to the next way to say a size.
            intent.set("position_size_usd", 200.0);
            Reason::PolicyMissingSize
        }
        Spoiled::MarginWithoutLeverage(x) => {
            intent.numbers = vec![("position_usd", x), ("position_size_usd", 200.0)];
            Reason::PolicyMissingSize
        }
        Spoiled::ProductTooLarge | Spoiled::ProductTooSmall => {
            let x = if matches!(spoiled, Spoiled::ProductTooLarge) {
                1e200
            } else {
                1e-200
            };
            without_size(intent);
            intent.numbers.extend([("quantity", x), ("price", x)]);
            Reason::PolicyMissingSize
        }
        Spoiled::MarginOverflows => {
            intent.numbers = vec![("position_usd", f64::MAX), ("leverage", 1e300)];
            call.policy.draft_mut().leverages = leverage_of(&intent.symbol, 2.0);
            Reason::PolicyLimitExceeded
        }
        Spoiled::MarginVanishes => {
            intent.numbers = vec![("position_size_usd", 5e-324)];
            call.policy.draft_mut().leverages = leverage_of(&intent.symbol, 1e300);
            Reason::PolicyLimitExceeded
        }
        Spoiled::Symbol(text) => {
            intent.symbol = text.to_owned();
            Reason::IntentInvalid
        }
        Spoiled::NotListed => {
            intent.symbol = OUTSIDER.to_owned();
            Reason::PolicyUniverseFilter
        }
        Spoiled::NoLeverageForIt => {
            call.policy.draft_mut().leverages.clear();
            Reason::PolicyMissingLeverage
        }
        Spoiled::Stop(x) => {
            intent.set("stop_loss", x);
            Reason::IntentInvalid
        }
        Spoiled::StopOnTheWrongSide => {
            let entry = intent.number("entry_price").unwrap_or(100.0);
            intent.set("entry_price", entry);
            // On the entry itself it would be hit at once.
            intent.set("stop_loss", entry);
            Reason::IntentAmbiguous
        }
        Spoiled::NoTime => {
            call.now = None;
            intent.time = None;
            Reason::IntentInvalid
        }
        Spoiled::Member(key, json, reason) => {
            as_text(intent).source = intent.source.take().filter(|_| key != "source");
            intent.extra.push((key, json.to_owned()));
            if key == "payload" {
                intent.extra.push(("data", json.to_owned()));
            }
            reason
        }
        Spoiled::Twice(key) => {
            // Equal or not: nobody can tell which of the two is meant.
            as_text(intent).extra.push((key, "\"1\"".to_owned()));
            intent.extra.push((key, "\"1\"".to_owned()));
            Reason::IntentInvalid
        }
        Spoiled::AgeUnknown => {
            let age = call.judged_at().map(|_| ("max_intent_age_sec", 1e9));
            call.guardrails.numbers.extend(age);
            call.intent.time = None;
            Reason::IntentStale
        }
        Spoiled::LeadUnknown => {
            call.guardrails.set("max_intent_skew_sec", 1e9);
            call.intent.time = None;
            Reason::ClockUntrusted
        }
        Spoiled::MarketUnknown => {
            call.policy.draft_mut().market = None;
            call.guardrails.market = Some("usdm");
            Reason::PolicyConstraintViolation
        }
        Spoiled::HashUnstated => {
            call.policy.draft_mut().stated_hash = strategies::policy::StatedHash::None;
            call.guardrails.requires_hash = true;
            Reason::PolicyConstraintViolation
        }
    };
    (call, reason)
}

fn leverage_of(symbol: &str, leverage: f64) -> Vec<(String, f64)> {
    vec![(symbol.to_uppercase(), leverage)]
}

/// What no builder can say is said in JSON.
fn as_text(intent: &mut IntentDraft) -> &mut IntentDraft {
    intent.door = Door::Flat;
    if let Some((field, _)) = &mut intent.time {
        *field = TimeField::Timestamp;
    }
    intent
}

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
    let (call, reason) = spoil(sound, *spoiled);
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
