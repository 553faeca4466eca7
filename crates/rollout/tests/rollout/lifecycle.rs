//! Tests of the changes of a set.

use portcullis::Symbol;
use portcullis_rollout::{
    Arm, Key, PolicySet, Progress, RaiseConditions, Refusal, Role, Salt, Started,
};

use crate::support::{NOW_SEC, UNIVERSE, arm, at, bps, now, other_hash, set, symbol};

const DAY: i64 = 86_400;
const CONDITIONS: RaiseConditions = RaiseConditions {
    min_sec: 86_400,
    min_closed_trades: 20,
};

fn universe() -> Vec<Symbol> {
    UNIVERSE.map(symbol).to_vec()
}

fn empty() -> PolicySet {
    PolicySet::new(4, other_hash(1))
}

/// Returns a set with a canary of 2500 bps and a shadow.
fn running() -> PolicySet {
    let shadow = arm(Role::Shadow(Key::Source), other_hash(3), 10_000);
    set(
        other_hash(1),
        &[arm(Role::Canary, other_hash(2), 2500), shadow],
        false,
    )
}

fn done() -> Progress {
    Progress {
        since: at(NOW_SEC - DAY),
        closed_trades: 20,
    }
}

fn names(started: &Started) -> Vec<&str> {
    started.symbols.iter().map(Symbol::as_str).collect()
}

#[track_caller]
fn check<T: std::fmt::Debug>(result: Result<T, Refusal>, code: &str, message: &str) {
    let refusal = result.unwrap_err();
    assert_eq!(refusal.code(), code);
    assert!(refusal.to_string().contains(message), "{refusal}");
}

#[test]
fn a_start_lists_the_symbols_that_the_salt_assigns() {
    let canary = |share| arm(Role::Canary, other_hash(2), share);
    let started = empty().start(canary(2500), universe(), now()).unwrap();
    assert_eq!(names(&started), ["SOLUSDT", "DOTUSDT"]);
    assert_eq!((started.set.seq(), started.set.live()), (5, other_hash(1)));
    assert_eq!(started.set.arms(), [canary(2500)]);
    let started = empty().start(canary(5000), universe(), now()).unwrap();
    assert_eq!(
        names(&started),
        ["BTCUSDT", "ETHUSDT", "SOLUSDT", "DOTUSDT"]
    );
}

/// None of ten symbols has a bucket below 1000 with the salt `canary-7`.
#[test]
fn an_arm_without_a_symbol_is_refused() {
    let ten = [
        "BTCUSDT", "ETHUSDT", "SOLUSDT", "DOTUSDT", "LINKUSDT", "XRPUSDT", "ADAUSDT", "BNBUSDT",
        "AVAXUSDT", "LTCUSDT",
    ];
    let below: Vec<&str> = ten
        .into_iter()
        .filter(|it| portcullis_rollout::bucket("canary-7", it).get() < 1000)
        .collect();
    assert_eq!(below, [""; 0]);
    let canary = arm(Role::Canary, other_hash(2), 1000);
    let result = empty().start(canary, ten.map(symbol), now());
    check(
        result,
        "ROLLOUT_NO_SYMBOL",
        "use more than 1947 bps, or another salt",
    );
    let canary = arm(Role::Canary, other_hash(2), 10_000);
    check(
        empty().start(canary.clone(), [], now()),
        "ROLLOUT_NO_SYMBOL",
        "change the `match`",
    );
    let elsewhere = canary.with_symbol(symbol("XRPUSDT"));
    check(
        empty().start(elsewhere, universe(), now()),
        "ROLLOUT_NO_SYMBOL",
        "change the `match`",
    );
    let none = arm(Role::Canary, other_hash(2), 0);
    check(
        empty().start(none, universe(), now()),
        "ROLLOUT_NO_SYMBOL",
        "of SOLUSDT",
    );
}

#[test]
fn a_start_considers_earlier_canaries_and_matches() {
    let second = |share| arm(Role::Canary, other_hash(4), share);
    // The salt is the same, so the first canary takes SOLUSDT and DOTUSDT.
    let started = running().start(second(5000), universe(), now()).unwrap();
    assert_eq!(names(&started), ["BTCUSDT", "ETHUSDT"]);
    let result = running().start(second(2500), universe(), now());
    check(
        result,
        "ROLLOUT_NO_SYMBOL",
        "the lowest bucket is 3692, of BTCUSDT",
    );
    // A canary for one source leaves the records of other sources.
    let by_source = arm(Role::Canary, other_hash(2), 2500)
        .with_source("momentum")
        .unwrap();
    let partly = set(other_hash(1), &[by_source], false);
    let started = partly.start(second(2500), universe(), now()).unwrap();
    assert_eq!(names(&started), ["SOLUSDT", "DOTUSDT"]);
    // A shadow is not limited by canaries; if its key is not the symbol, it can apply to all symbols.
    let shadow = arm(Role::Shadow(Key::Symbol), other_hash(4), 2500);
    let started = running().start(shadow, universe(), now()).unwrap();
    assert_eq!(names(&started), ["SOLUSDT", "DOTUSDT"]);
    let shadow = arm(Role::Shadow(Key::Id), other_hash(4), 1).with_symbol(symbol("BTCUSDT"));
    let started = running().start(shadow, universe(), now()).unwrap();
    assert_eq!(names(&started), ["BTCUSDT"]);
}

#[test]
fn a_start_that_breaks_a_rule_is_refused() {
    let start = |set: &PolicySet, arm: Arm| set.start(arm, universe(), now());
    let full = |digit| arm(Role::Canary, other_hash(digit), 10_000);
    check(
        start(&running(), full(1)),
        "ROLLOUT_INVALID_SET",
        "`arms[2].hash`: this is the hash of `live`",
    );
    check(
        start(&running(), full(2)),
        "ROLLOUT_INVALID_SET",
        "arms[0] has the same hash",
    );
    let shadow = |digit| arm(Role::Shadow(Key::Id), other_hash(digit), 10_000);
    let two = start(&running(), shadow(4)).unwrap().set;
    check(
        start(&two, shadow(5)),
        "ROLLOUT_INVALID_SET",
        "3 arms have the role `shadow`",
    );
    check(
        start(&running().kill().unwrap(), full(4)),
        "ROLLOUT_KILLED",
        "turn it off first",
    );
    let until = at(NOW_SEC - 1);
    let past = Arm::new(
        Role::Canary,
        other_hash(4),
        bps(10_000),
        Salt::new("s").unwrap(),
        until,
    )
    .unwrap();
    check(
        start(&running(), past),
        "ROLLOUT_EXPIRED",
        "start it with a later `until`",
    );
    let last = PolicySet::new(u64::MAX, other_hash(1));
    check(
        start(&last, full(2)),
        "ROLLOUT_SEQ_EXHAUSTED",
        "largest possible sequence",
    );
}

#[test]
fn a_raise_needs_time_and_trades() {
    let raise =
        |share, progress| running().raise(other_hash(2), bps(share), progress, &CONDITIONS, now());
    let raised = raise(5000, done()).unwrap();
    assert_eq!(raised.seq(), running().seq() + 1);
    assert_eq!(raised.arms()[0].bps(), bps(5000));
    assert_eq!(raised.arms()[1], running().arms()[1]);
    for share in [0, 2499, 2500] {
        check(
            raise(share, done()),
            "ROLLOUT_NOT_HIGHER",
            "is not higher than the current 2500 bps",
        );
    }
    let progress = |since, closed_trades| Progress {
        since: at(since),
        closed_trades,
    };
    let early = progress(NOW_SEC - DAY + 1, 20);
    check(
        raise(5000, early),
        "ROLLOUT_TOO_EARLY",
        "less than the required 86400 s",
    );
    check(
        raise(5000, progress(NOW_SEC - DAY, 19)),
        "ROLLOUT_TOO_FEW_TRADES",
        "19 trades",
    );
    check(
        raise(5000, progress(NOW_SEC + 1, 20)),
        "ROLLOUT_CLOCK",
        "check the clocks",
    );
    let forever = RaiseConditions {
        min_sec: u64::MAX,
        ..CONDITIONS
    };
    let result = running().raise(other_hash(2), bps(5000), done(), &forever, now());
    check(result, "ROLLOUT_TOO_EARLY", "wait");
    let unknown = running().raise(other_hash(9), bps(5000), done(), &CONDITIONS, now());
    check(
        unknown,
        "ROLLOUT_UNKNOWN_ARM",
        "list the arms of the current set",
    );
    let killed = running().kill().unwrap();
    let killed = killed.raise(other_hash(2), bps(5000), done(), &CONDITIONS, now());
    check(killed, "ROLLOUT_KILLED", "the kill switch");
    let late = running().raise(
        other_hash(2),
        bps(5000),
        done(),
        &CONDITIONS,
        at(NOW_SEC + 604_801),
    );
    check(
        late,
        "ROLLOUT_EXPIRED",
        "the arm ended at 2026-01-12T00:00:00Z",
    );
}

#[test]
fn a_promotion_makes_a_full_canary_live() {
    let promote = |set: &PolicySet, digit| set.promote(other_hash(digit), now());
    let full = arm(Role::Canary, other_hash(2), 10_000);
    let shadow = arm(Role::Shadow(Key::Id), other_hash(3), 10_000);
    let ready = set(other_hash(1), &[full.clone(), shadow.clone()], false);
    let promoted = promote(&ready, 2).unwrap();
    assert_eq!(
        (promoted.live(), promoted.seq()),
        (other_hash(2), ready.seq() + 1)
    );
    assert_eq!(promoted.arms(), [shadow]);
    check(
        promote(&running(), 2),
        "ROLLOUT_NOT_FULL",
        "raise it to 10000 bps first",
    );
    check(
        promote(&ready, 3),
        "ROLLOUT_SHADOW",
        "start its policy as a canary",
    );
    check(
        promote(&ready, 9),
        "ROLLOUT_UNKNOWN_ARM",
        "no arm with the hash",
    );
    let matched = set(
        other_hash(1),
        &[full.clone().with_symbol(symbol("BTCUSDT"))],
        false,
    );
    check(
        promote(&matched, 2),
        "ROLLOUT_MATCH",
        "start its policy without `match`",
    );
    let killed = set(other_hash(1), &[full], true);
    check(promote(&killed, 2), "ROLLOUT_KILLED", "turn it off first");
    check(
        ready.promote(other_hash(2), at(NOW_SEC + 604_801)),
        "ROLLOUT_EXPIRED",
        "abort it",
    );
}

#[test]
fn an_abort_is_always_possible() {
    for set in [running(), running().kill().unwrap()] {
        let aborted = set.abort(other_hash(2)).unwrap();
        assert_eq!(aborted.arms(), &set.arms()[1..]);
        assert_eq!(aborted.is_killed(), set.is_killed());
        assert_eq!((aborted.seq(), aborted.live()), (set.seq() + 1, set.live()));
        check(set.abort(other_hash(9)), "ROLLOUT_UNKNOWN_ARM", "no arm");
        check(set.abort(other_hash(1)), "ROLLOUT_UNKNOWN_ARM", "no arm");
    }
}

#[test]
fn the_kill_switch_changes_nothing_else() {
    let killed = running().kill().unwrap();
    assert!(killed.is_killed());
    assert_eq!(
        (killed.arms(), killed.live()),
        (running().arms(), running().live())
    );
    assert_eq!(killed.kill().unwrap().seq(), killed.seq() + 1);
    let again = killed.unkill().unwrap();
    assert!(!again.is_killed());
    assert_eq!(again.seq(), running().seq() + 2);
    check(again.unkill(), "ROLLOUT_NOT_KILLED", "already off");
    let last = PolicySet::new(u64::MAX, other_hash(1));
    check(last.kill(), "ROLLOUT_SEQ_EXHAUSTED", "largest");
}

#[test]
fn the_live_policy_can_be_replaced() {
    let replaced = running().replace_live(other_hash(7)).unwrap();
    assert_eq!(
        (replaced.live(), replaced.arms()),
        (other_hash(7), running().arms())
    );
    check(
        running().replace_live(other_hash(2)),
        "ROLLOUT_INVALID_SET",
        "`arms[0].hash`: this is the hash of `live`",
    );
}
