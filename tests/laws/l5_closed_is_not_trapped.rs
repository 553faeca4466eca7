//! L5 Closed is not trapped: nothing but ownership stands before an exit, and nobody opens through that door.
//! In a harvest, a missing input silences the part that needs it and no other.

use portcullis::{
    answer::Verdict,
    decide::Reason,
    exit::ExitRule,
    harvest::{HarvestAction, HarvestReason, Harvested, Market},
};
use proptest::{prelude::*, sample::select};

use crate::{
    Law, Portcullis, SOME,
    answered::Answered,
    strategies::{
        self, Call, Closing, Door, HaltDraft, HarvestCall, IntentDraft, Kind, OWNER, PositionDraft,
        number::unusable,
    },
    subject::{Subject, World},
};

/// Members that spoil an entry and no exit.
type Noise = Vec<(&'static str, String)>;

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

fn noise() -> impl Strategy<Value = Noise> {
    let fields = vec![
        "leverage",
        "size",
        "quantity",
        "price",
        "stop_loss",
        "ts",
        "decided_at",
        "timestamp",
        "id",
        "policy_hash",
    ];
    let values = vec![
        "\"x\"", "\"nan\"", "null", "[]", "{}", "1e999", "-1", "\"\"",
    ];
    let one =
        (select(fields), select(values)).prop_map(|(field, json)| vec![(field, json.to_owned())]);
    let twice = select(vec![
        ("event_type", "\"trade.intent\""),
        ("intent_type", "\"EXIT\""),
        ("action", "\"CLOSE\""),
        ("action", "5"),
        ("side", "\"SELL\""),
        ("reduce_only", "true"),
        ("reduceOnly", "\"1\""),
    ])
    .prop_map(|(field, json)| vec![(field, json.to_owned()); 2]);
    prop::collection::vec(prop_oneof![3 => one, 1 => twice], 0..4).prop_map(|noise| noise.concat())
}

/// The keys without which an exit would not be one: of these each stands once.
const fn needed(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Entry => &[],
        Kind::Exit(Closing::Flag) => &["reduce_only", "side"],
        Kind::Exit(Closing::CamelFlag) => &["reduceOnly", "side"],
        Kind::Exit(Closing::Action) => &["action"],
        Kind::Exit(Closing::Side) => &["side"],
        Kind::Exit(Closing::Type) => &["intent_type"],
    }
}

fn an_exit_is_an_exit(
    subject: &dyn Subject,
    (call, noise): &(Call, Noise),
) -> Result<(), TestCaseError> {
    let world = World::of(call);
    let mut intent = call.intent.clone();
    // A builder has no place for it.
    intent.extra = noise.clone();
    let needed = needed(intent.kind);
    intent.extra.retain(|(field, _)| !needed.contains(field));
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
            "an exit is trapped: {}",
            answered.text
        );
        prop_assert_eq!(answered.exit_rule, Some(rule), "by another rule");
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
        "trapped in a batch"
    );
    Ok(())
}

fn an_owner_never_opens(subject: &dyn Subject, call: &Call) -> Result<(), TestCaseError> {
    let answered = subject.decide(&World::of(call), &call.intent, call.now);
    prop_assert_eq!(
        answered.verdict,
        Verdict::Skip,
        "an owner opens: {}",
        answered.text
    );
    prop_assert_eq!(
        answered.reason,
        Some(Reason::IntentAmbiguous),
        "{}",
        answered.text
    );
    Ok(())
}

/// An input of a harvest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Missing {
    Side,
    EntryPrice,
    CurrentPrice,
    StopDist,
    Age,
    Market,
    Sigma,
    TrendStrength,
    PTrend,
    PMr,
    PChop,
    Harvested,
    CurrentStop,
}

fn missing() -> impl Strategy<Value = Missing> {
    select(vec![
        Missing::Side,
        Missing::EntryPrice,
        Missing::CurrentPrice,
        Missing::StopDist,
        Missing::Age,
        Missing::Market,
        Missing::Sigma,
        Missing::TrendStrength,
        Missing::PTrend,
        Missing::PMr,
        Missing::PChop,
        Missing::Harvested,
        Missing::CurrentStop,
    ])
}

/// Puts a value that is none in the place of an input. What is legal there is kept out: a zero where zero is
/// a number like others, and the absence of a stop, which says that there is none.
fn without(mut draft: PositionDraft, missing: Missing, value: Option<f64>) -> PositionDraft {
    let position = &mut draft.position;
    let not_zero = value.map(|x| if x == 0.0 { f64::NAN } else { x });
    let beyond = not_zero.map(|x| if x.is_finite() { f64::INFINITY } else { x });
    let mut of_market = |place: fn(&mut Market) -> &mut Option<f64>, value| {
        if let Some(market) = &mut draft.market {
            *place(market) = value;
        }
    };
    match missing {
        Missing::Side => position.side = value.map(|_| portcullis::harvest::Standing::Unreadable),
        Missing::EntryPrice => position.entry_price = value,
        Missing::CurrentPrice => position.current_price = value,
        Missing::StopDist => position.stop_dist_pct = value.or(Some(f64::NAN)),
        Missing::Age => position.age_sec = not_zero,
        Missing::Sigma => of_market(|market| &mut market.sigma, not_zero),
        Missing::TrendStrength => of_market(|market| &mut market.ts, beyond),
        Missing::PTrend => of_market(|market| &mut market.p_trend, not_zero),
        Missing::PMr => of_market(|market| &mut market.p_mr, not_zero),
        Missing::PChop => of_market(|market| &mut market.p_chop, not_zero),
        Missing::Market => draft.market = None,
        Missing::Harvested => position.harvested = Harvested::Unreadable,
        Missing::CurrentStop => position.current_sl = value.or(Some(f64::NAN)),
    }
    draft
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
    let draft = without(call.position.clone(), *missing, *value);
    let silenced = subject.harvest(&world, &draft, call.now);
    prop_assert_eq!(
        silenced.verdict,
        Verdict::Harvest,
        "{:?} silences everything",
        missing
    );
    let (r_goes, k_goes) = match missing {
        Missing::Side | Missing::EntryPrice | Missing::CurrentPrice | Missing::StopDist => {
            (false, true)
        }
        Missing::Age
        | Missing::Market
        | Missing::Sigma
        | Missing::TrendStrength
        | Missing::PTrend
        | Missing::PMr
        | Missing::PChop => (true, false),
        Missing::Harvested | Missing::CurrentStop => (true, true),
    };
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
        "R does not say so"
    );
    prop_assert_eq!(
        says(HarvestReason::KillScoreUnavailable),
        !k_goes,
        "K does not say so"
    );
    prop_assert_eq!(
        says(HarvestReason::LadderUnavailable),
        *missing == Missing::Harvested,
        "the ladder"
    );
    prop_assert_eq!(
        says(HarvestReason::ProfitLockUnavailable),
        *missing == Missing::CurrentStop,
        "the lock"
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
        "{:?} changes the lock",
        missing
    );
    let killed = whole.action == Some(HarvestAction::FullCloseProposed);
    if k_goes && killed {
        prop_assert_eq!(
            silenced.action,
            whole.action,
            "{:?} keeps a close from being proposed",
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
fn l5_a_missing_input_silences_one_part() {
    ONE_PART_IS_SILENT.holds();
}

/// Lets nothing through for a reason that stops entries only.
struct Gated(fn(&World, &IntentDraft, Option<i64>) -> Option<Reason>);

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
    matches!(world.guardrails.halt, HaltDraft::Everything).then_some(Reason::TradingHalted)
});

const BY_THE_UNIVERSE: Gated = Gated(|world, intent, _| {
    let policy = world.policy.as_ref().ok()?;
    let symbol = portcullis::domain::Symbol::new(&intent.symbol).ok()?;
    (!policy.lists(&symbol)).then_some(Reason::PolicyUniverseFilter)
});

const BY_THE_POLICY: Gated =
    Gated(|world, _, _| world.policy.is_err().then_some(Reason::PolicyMissing));

const BY_TIME: Gated = Gated(|_, intent, now| {
    now.or(intent.event_time())
        .is_none()
        .then_some(Reason::IntentInvalid)
});

const BY_SIZE: Gated = Gated(|_, intent, _| {
    intent
        .numbers
        .iter()
        .any(|(_, x)| x.is_nan())
        .then_some(Reason::PolicyMissingSize)
});

/// Takes an exit that lost its flag for what it then looks like.
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

/// Knows one way to say that an intent closes.
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

/// Without a price there is nothing to say.
struct KillNeedsPrice;

impl Subject for KillNeedsPrice {
    fn harvest(&self, world: &World, position: &PositionDraft, now: i64) -> Answered {
        let answered = Portcullis.harvest(world, position, now);
        match answered.number("r_net") {
            None => answered.forged_skip(Reason::HarvestInvalidInput),
            Some(_) => answered,
        }
    }
}

/// A missing probability is taken as none at all.
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
fn l5_bites_an_exit_that_is_gated() {
    for gated in [BY_A_HALT, BY_THE_UNIVERSE, BY_THE_POLICY, BY_TIME, BY_SIZE] {
        AN_EXIT_IS_AN_EXIT.bites(&gated, "an exit is trapped");
    }
}

#[test]
fn l5_bites_a_lost_flag() {
    AN_OWNER_NEVER_OPENS.bites(&LostFlagOpens, "an owner opens: TRADE");
    AN_EXIT_IS_AN_EXIT.bites(&OneFlagOnly, "an exit is trapped");
}

#[test]
fn l5_bites_a_part_that_silences_another() {
    ONE_PART_IS_SILENT.bites(&KillNeedsPrice, "silences everything");
    ONE_PART_IS_SILENT.bites(&NoProbabilityIsZero, "PMr changes kill_score of K");
}
