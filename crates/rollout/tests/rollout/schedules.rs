//! Tests of schedules.

use portcullis::Timestamp;
use portcullis_rollout::{
    Action, ActionReason, Fault, Key, Measured, PolicySet, Progress, Refusal, Role, Schedule,
};

use crate::support::{NOW_SEC, arm, at, block, bps, now, other_hash, set, symbol};

const DAY: i64 = 86_400;

fn schedule() -> Schedule {
    Schedule::from_json(block("json schedule")).unwrap()
}

fn canary(share: u64) -> PolicySet {
    set(
        other_hash(1),
        &[arm(Role::Canary, other_hash(2), share)],
        false,
    )
}

/// Results with which a step of the documented schedule is complete.
fn good() -> Measured {
    Measured {
        progress: Progress {
            since: at(NOW_SEC - 2 * DAY),
            closed_trades: 100,
        },
        compared: 200,
        agreed: 160,
        drawdown: Some(0.05),
    }
}

fn next(set: &PolicySet, measured: &Measured, now: Timestamp) -> (Action, &'static str) {
    let next = schedule().next_action(set, other_hash(2), measured, now);
    let (action, reason) = next.unwrap();
    assert!(!reason.to_string().is_empty());
    (action, reason.code())
}

fn check(measured: &Measured, action: Action, code: &str) {
    assert_eq!(
        next(&canary(2500), measured, now()),
        (action, code),
        "{measured:?}"
    );
}

#[test]
fn an_arm_goes_through_all_steps() {
    let complete = "STEP_COMPLETE";
    let raise = |share| (Action::Raise(bps(share)), complete);
    assert_eq!(next(&canary(2500), &good(), now()), raise(5000));
    assert_eq!(next(&canary(5000), &good(), now()), raise(10_000));
    assert_eq!(
        next(&canary(10_000), &good(), now()),
        (Action::Promote, complete)
    );
}

#[test]
fn a_step_needs_its_time_and_trades() {
    let at_least = |seconds_ago, closed_trades| Measured {
        progress: Progress {
            since: at(NOW_SEC - seconds_ago),
            closed_trades,
        },
        ..good()
    };
    check(
        &at_least(DAY, 20),
        Action::Raise(bps(5000)),
        "STEP_COMPLETE",
    );
    check(&at_least(DAY - 1, 20), Action::Wait, "ROLLOUT_TOO_EARLY");
    check(&at_least(DAY, 19), Action::Wait, "ROLLOUT_TOO_FEW_TRADES");
    check(&at_least(-1, 20), Action::Wait, "ROLLOUT_CLOCK");
    // The last step has its own conditions.
    let full = canary(10_000);
    assert_eq!(
        next(&full, &at_least(2 * DAY - 1, 100), now()),
        (Action::Wait, "ROLLOUT_TOO_EARLY")
    );
    assert_eq!(
        next(&full, &at_least(2 * DAY, 99), now()),
        (Action::Wait, "ROLLOUT_TOO_FEW_TRADES")
    );
}

#[test]
fn a_breach_aborts() {
    let drawdown = |drawdown| Measured {
        drawdown: Some(drawdown),
        ..good()
    };
    check(&drawdown(0.0), Action::Raise(bps(5000)), "STEP_COMPLETE");
    for number in [0.050_001, 1.0, f64::INFINITY, f64::NAN, -0.01] {
        check(&drawdown(number), Action::Abort, "DRAWDOWN_EXCEEDED");
    }
    let agreement = |agreed, compared| Measured {
        compared,
        agreed,
        ..good()
    };
    check(
        &agreement(160, 200),
        Action::Raise(bps(5000)),
        "STEP_COMPLETE",
    );
    check(&agreement(159, 200), Action::Abort, "AGREEMENT_TOO_LOW");
    check(&agreement(0, 199), Action::Wait, "AGREEMENT_UNKNOWN");
    check(&agreement(201, 200), Action::Wait, "AGREEMENT_UNKNOWN");
    check(&agreement(0, u64::MAX), Action::Abort, "AGREEMENT_TOO_LOW");
    check(
        &agreement(u64::MAX, u64::MAX),
        Action::Raise(bps(5000)),
        "STEP_COMPLETE",
    );
    // A breach is found at any time, also while the kill switch is on and before the step is complete.
    let killed = canary(2500).kill().unwrap();
    let early = Measured {
        progress: Progress {
            since: now(),
            closed_trades: 0,
        },
        ..drawdown(0.06)
    };
    assert_eq!(
        next(&killed, &early, now()),
        (Action::Abort, "DRAWDOWN_EXCEEDED")
    );
}

#[test]
fn unknown_results_wait_until_the_deadline() {
    let unknown = Measured {
        drawdown: None,
        ..good()
    };
    check(&unknown, Action::Wait, "DRAWDOWN_UNKNOWN");
    let deadline = NOW_SEC + 604_800;
    assert_eq!(
        next(&canary(2500), &unknown, at(deadline)),
        (Action::Wait, "DRAWDOWN_UNKNOWN")
    );
    assert_eq!(
        next(&canary(2500), &unknown, at(deadline + 1)),
        (Action::Abort, "DEADLINE")
    );
    assert_eq!(
        next(&canary(10_000), &good(), at(deadline + 1)),
        (Action::Abort, "DEADLINE")
    );
}

#[test]
fn the_end_of_an_arm_aborts() {
    let later = block("json schedule").replace("2026-01-12", "2026-01-20");
    let later = Schedule::from_json(&later).unwrap();
    let action = |seconds| later.next_action(&canary(2500), other_hash(2), &good(), at(seconds));
    assert_eq!(
        action(NOW_SEC + 604_800).unwrap().0,
        Action::Raise(bps(5000))
    );
    let until = at(NOW_SEC + 604_800);
    assert_eq!(
        action(NOW_SEC + 604_801),
        Ok((Action::Abort, ActionReason::Expired(until)))
    );
}

#[test]
fn an_arm_that_cannot_advance_waits() {
    assert_eq!(
        next(&canary(2500).kill().unwrap(), &good(), now()),
        (Action::Wait, "ROLLOUT_KILLED")
    );
    assert_eq!(
        next(&canary(3000), &good(), now()),
        (Action::Wait, "NOT_ON_SCHEDULE")
    );
    let matched = arm(Role::Canary, other_hash(2), 10_000).with_symbol(symbol("BTCUSDT"));
    let matched = set(other_hash(1), &[matched], false);
    assert_eq!(
        next(&matched, &good(), now()),
        (Action::Wait, "ROLLOUT_MATCH")
    );
    let shadow = arm(Role::Shadow(Key::Id), other_hash(2), 10_000);
    let shadow = set(other_hash(1), &[shadow], false);
    assert_eq!(
        next(&shadow, &good(), now()),
        (Action::Wait, "ROLLOUT_SHADOW")
    );
    let unknown = schedule().next_action(&canary(2500), other_hash(9), &good(), now());
    assert_eq!(unknown, Err(Refusal::UnknownArm(other_hash(9))));
}

#[test]
fn absent_conditions_are_not_checked() {
    let text = r#"{"format": 1, "steps": [{"bps": 10000, "min_sec": 0, "min_closed_trades": 0}],
        "conditions": {}, "deadline": "2026-01-12T00:00:00Z"}"#;
    let schedule = Schedule::from_json(text).unwrap();
    let measured = Measured {
        progress: Progress {
            since: now(),
            closed_trades: 0,
        },
        compared: 10,
        agreed: 0,
        drawdown: None,
    };
    let next = schedule.next_action(&canary(10_000), other_hash(2), &measured, now());
    assert_eq!(next.unwrap().0, Action::Promote);
}

#[test]
fn schedules_are_read_strictly() {
    assert_eq!(
        Schedule::from_json(&schedule().to_json()).unwrap(),
        schedule()
    );
    assert_eq!(schedule().steps()[0].bps(), bps(2500));
    for (from, to, path, message) in [
        (
            "\"format\": 1",
            "\"format\": 2",
            "format",
            "this version reads format 1",
        ),
        (
            "\"min_sec\": 86400",
            "\"min_sec\": -1",
            "steps[0].min_sec",
            "expected a whole number",
        ),
        (
            "\"min_sec\": 86400",
            "\"min_sec\": null",
            "steps[0].min_sec",
            "expected a whole number",
        ),
        (
            "\"min_sec\": 86400, ",
            "",
            "steps[0].min_sec",
            "missing field `min_sec`",
        ),
        (
            "5000",
            "2500",
            "steps[1].bps",
            "the share is not higher than that of the previous step",
        ),
        (
            "10000",
            "9999",
            "steps",
            "the last step must have 10000 bps",
        ),
        ("10000", "10001", "steps[2].bps", "10001 is above 10000"),
        (
            "\"min_compared\": 200",
            "\"least\": 200",
            "conditions.agreement.least",
            "unknown field",
        ),
        (
            "\"max_drawdown_bps\": 500",
            "\"max_drawdown_bps\": null",
            "conditions.max_drawdown_bps",
            "expected a whole number",
        ),
        (
            "\"max_drawdown_bps\": 500",
            "\"max_drawdown\": 0.05",
            "conditions.max_drawdown",
            "unknown field",
        ),
        ("2026-01-12", "3026-01-12", "deadline", "correct the year"),
        (
            ",\n \"deadline\": \"2026-01-12T00:00:00Z\"",
            "",
            "deadline",
            "missing field `deadline`",
        ),
    ] {
        let text = block("json schedule");
        assert!(text.contains(from), "{from}");
        let error = Schedule::from_json(&text.replacen(from, to, 1)).unwrap_err();
        let paths: Vec<&str> = error.faults().iter().map(Fault::path).collect();
        assert_eq!(paths, [path], "{error}");
        assert!(error.to_string().contains(message), "{error}");
    }
    let none = block("json schedule")
        .split_once("\"conditions\"")
        .unwrap()
        .1;
    let none = format!("{{\"format\": 1, \"steps\": [], \"conditions\"{none}");
    assert_eq!(
        Schedule::from_json(&none).unwrap_err().faults()[0].path(),
        "steps"
    );
}
