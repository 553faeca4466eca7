//! The laws of changes and schedules.

use portcullis::{PolicyHash, SignedDuration, Timestamp};
use portcullis_rollout::{
    Action, Arm, Bps, Measured, PolicySet, Progress, RaiseConditions, Refusal, Role, Salt, Schedule,
};
use proptest::{option::weighted, prelude::*, sample::select};
use serde_json::json;

use crate::{
    config,
    scenario::{role, share},
    support::{NOW_SEC, UNIVERSE, at, bps, now, other_hash, symbol},
};

/// One change of a set.
#[derive(Debug, Clone)]
enum Change {
    Start(Role, u8, u64, i64),
    Raise(u8, u64, Progress),
    Promote(u8),
    Abort(u8),
    ReplaceLive(u8),
    Kill,
    Unkill,
}

const CONDITIONS: RaiseConditions = RaiseConditions {
    min_sec: 60,
    min_closed_trades: 5,
};

fn progress(earliest: i64) -> impl Strategy<Value = Progress> {
    (earliest..4, 0..10_u64).prop_map(|(seconds, closed_trades)| Progress {
        since: at(NOW_SEC + seconds),
        closed_trades,
    })
}

fn change() -> impl Strategy<Value = Change> {
    let digit = || 1..6_u8;
    prop_oneof![
        4 => (role(), digit(), share(), -5..100_i64)
            .prop_map(|(role, digit, share, until)| Change::Start(role, digit, share, until)),
        3 => (digit(), share(), progress(-120))
            .prop_map(|(digit, share, progress)| Change::Raise(digit, share, progress)),
        2 => digit().prop_map(Change::Promote),
        1 => digit().prop_map(Change::Abort),
        1 => digit().prop_map(Change::ReplaceLive),
        1 => Just(Change::Kill),
        2 => Just(Change::Unkill),
    ]
}

fn new_arm(role: Role, digit: u8, share: u64, until: i64) -> Arm {
    let salt = Salt::new("canary-7").unwrap();
    Arm::new(
        role,
        other_hash(digit),
        bps(share),
        salt,
        at(NOW_SEC + until),
    )
    .unwrap()
}

impl Change {
    fn apply(&self, set: &PolicySet) -> Result<PolicySet, Refusal> {
        match *self {
            Self::Start(role, digit, share, until) => set
                .start(
                    new_arm(role, digit, share, until),
                    UNIVERSE.map(symbol),
                    now(),
                )
                .map(|started| started.set),
            Self::Raise(digit, share, progress) => {
                set.raise(other_hash(digit), bps(share), progress, &CONDITIONS, now())
            }
            Self::Promote(digit) => set.promote(other_hash(digit), now()),
            Self::Abort(digit) => set.abort(other_hash(digit)),
            Self::ReplaceLive(digit) => set.replace_live(other_hash(digit)),
            Self::Kill => set.kill(),
            Self::Unkill => set.unkill(),
        }
    }
}

/// Returns an error if a change has an effect that it must not have.
fn check(change: &Change, before: &PolicySet, after: &PolicySet) -> Result<(), TestCaseError> {
    prop_assert_eq!(after.seq(), before.seq() + 1);
    let read = PolicySet::from_json(&after.to_json()).unwrap();
    prop_assert_eq!(&read, after);
    prop_assert_eq!(read.hash(), after.hash());
    prop_assert_ne!(after.hash(), before.hash());
    for arm in after.arms() {
        let earlier = before.arm(arm.hash());
        // No change lowers a share or adds an arm, except a start.
        prop_assert!(earlier.is_none_or(|earlier| earlier.bps() <= arm.bps()));
        prop_assert!(earlier.is_some() || matches!(change, Change::Start(..)));
    }
    let is_kill = matches!(change, Change::Kill | Change::Unkill);
    prop_assert!(is_kill || after.is_killed() == before.is_killed());
    match *change {
        Change::Raise(digit, share, progress) => {
            prop_assert!(progress.since <= at(NOW_SEC - 60) && progress.closed_trades >= 5);
            let share_in = |set: &PolicySet| set.arm(other_hash(digit)).unwrap().bps();
            prop_assert!(share_in(before) < share_in(after) && share_in(after) == bps(share));
        }
        Change::Promote(digit) => {
            let arm = before.arm(other_hash(digit)).unwrap();
            prop_assert!(arm.role() == Role::Canary && arm.bps() == Bps::ALL);
            prop_assert_eq!(after.live(), other_hash(digit));
        }
        Change::Start(..)
        | Change::Abort(_)
        | Change::ReplaceLive(_)
        | Change::Kill
        | Change::Unkill => {}
    }
    let may_be_killed = !matches!(
        change,
        Change::Start(..) | Change::Raise(..) | Change::Promote(_)
    );
    prop_assert!(may_be_killed || !before.is_killed());
    Ok(())
}

fn schedule() -> impl Strategy<Value = Schedule> {
    let step = (1..10_000_u64, 0..8_u64, 0..4_u64);
    let steps = prop::collection::vec(step, 0..4);
    let agreement = weighted(0.6, (share(), 0..20_u64));
    let conditions = (agreement, weighted(0.6, share()));
    (steps, (0..8_u64, 0..4_u64), conditions, -3..20_i64).prop_map(
        |(mut steps, (sec, trades), (agreement, drawdown), deadline)| {
            steps.sort_unstable();
            steps.dedup_by_key(|step| step.0);
            steps.push((10_000, sec, trades));
            let step = |(bps, min_sec, trades): &(u64, u64, u64)| {
                json!({"bps": bps, "min_sec": min_sec, "min_closed_trades": trades})
            };
            let mut conditions = json!({});
            if let Some((min_bps, min_compared)) = agreement {
                conditions["agreement"] = json!({"min_bps": min_bps, "min_compared": min_compared});
            }
            if let Some(bound) = drawdown {
                conditions["max_drawdown_bps"] = json!(bound);
            }
            let steps: Vec<_> = steps.iter().map(step).collect();
            let deadline = at(NOW_SEC + deadline).to_string();
            let text = json!({"format": 1, "steps": steps, "conditions": conditions, "deadline": deadline});
            Schedule::from_json(&text.to_string()).unwrap()
        },
    )
}

fn measured() -> impl Strategy<Value = Measured> {
    let drawdown =
        prop_oneof![4 => 0.0..1.0_f64, 1 => select(vec![0.0, f64::NAN, f64::INFINITY, -0.1])];
    (progress(-8), 0..40_u64, 0..40_u64, weighted(0.8, drawdown)).prop_map(
        |(progress, compared, agreed, drawdown)| Measured {
            progress,
            compared,
            agreed,
            drawdown,
        },
    )
}

/// Returns a set with one arm, and the conditions of a raise from its share.
fn apply(
    set: &PolicySet,
    schedule: &Schedule,
    action: Action,
    hash: PolicyHash,
    measured: &Measured,
    now: Timestamp,
) -> Result<Option<PolicySet>, Refusal> {
    match action {
        Action::Raise(to) => {
            let step = set
                .arm(hash)
                .and_then(|arm| schedule.step(arm.bps()))
                .unwrap();
            let conditions = step.conditions();
            set.raise(hash, to, measured.progress, &conditions, now)
                .map(Some)
        }
        Action::Promote => set.promote(hash, now).map(Some),
        Action::Abort => set.abort(hash).map(Some),
        Action::Wait => Ok(None),
    }
}

proptest! {
    #![proptest_config(config())]

    /// Planted bugs: a raise accepts an equal share; a promotion leaves the arm in the set; a raise keeps the sequence.
    #[test]
    fn every_change_returns_a_valid_set(changes in prop::collection::vec(change(), 1..20)) {
        let mut set = PolicySet::new(0, other_hash(1));
        for change in &changes {
            let result = change.apply(&set);
            match result {
                Ok(after) => {
                    check(change, &set, &after)?;
                    set = after;
                }
                Err(refusal) => prop_assert!(refusal.code().starts_with("ROLLOUT_")),
            }
        }
    }

    /// Planted bug: a start lists all symbols of the universe.
    #[test]
    fn a_start_lists_the_symbols_that_are_then_assigned(
        changes in prop::collection::vec(change(), 0..6),
        share in share(),
    ) {
        let mut set = PolicySet::new(0, other_hash(1));
        for change in &changes {
            set = change.apply(&set).unwrap_or(set);
        }
        let arm = new_arm(Role::Canary, 9, share, 100);
        if let Ok(started) = set.start(arm, UNIVERSE.map(symbol), now()) {
            let hash = other_hash(9);
            let assigned = UNIVERSE.map(symbol).into_iter().filter(|symbol| {
                started.set.assigned(*symbol, None).is_some_and(|(arm, _)| arm.hash() == hash)
            });
            prop_assert_eq!(assigned.collect::<Vec<_>>(), started.symbols);
        }
    }

    /// Planted bugs: the end of the arm is not checked; a promotion is due for an arm with `match`; an unknown drawdown
    /// counts as 0; a step is complete one second early.
    #[test]
    fn a_set_accepts_every_action_of_a_schedule(
        schedule in schedule(),
        measured in measured(),
        (role, is_matched, kill) in (role(), weighted(0.2, Just(())), weighted(0.1, Just(()))),
        step in weighted(0.9, any::<prop::sample::Index>()),
        (share, until, seconds) in (share(), 0..10_i64, 0..10_i64),
    ) {
        let share = step.map_or(share, |step| step.get(schedule.steps()).bps().get().into());
        let (hash, now) = (other_hash(2), now().saturating_add(SignedDuration::from_micros(seconds * 1_000_000)));
        let mut arm = new_arm(role, 2, share.max(1), until);
        if is_matched.is_some() {
            arm = arm.with_symbol(symbol("BTCUSDT"));
        }
        let mut set = crate::support::set(other_hash(1), &[arm.clone()], false);
        if kill.is_some() {
            set = set.kill().unwrap();
        }
        let (action, reason) = schedule.next_action(&set, hash, &measured, now).unwrap();
        let next = apply(&set, &schedule, action, hash, &measured, now);
        prop_assert!(next.is_ok(), "{action:?} {reason}: {next:?}");
        let advances = matches!(action, Action::Raise(_) | Action::Promote);
        prop_assert_eq!(advances, reason.code() == "STEP_COMPLETE");
        if advances {
            let has_drawdown = schedule.to_json().contains("max_drawdown_bps");
            prop_assert!(!has_drawdown || measured.drawdown.is_some_and(|it| it >= 0.0));
            let step = schedule.step(arm.bps()).unwrap();
            prop_assert!(step.conditions().check(measured.progress, now).is_ok());
        }
    }
}
