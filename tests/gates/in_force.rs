//! Tests of gate 5: the policy is in force.

use super::{
    BOUGHT, ENTRY, check_at, check_text, sample, sample_policy::sample_policy_json, sample_with,
};
use portcullis::policy::Policy;

#[test]
fn an_expired_policy_is_a_skip() {
    let expired = Policy::from_json(&sample_policy_json("1766550699.999999")).unwrap();
    check_text(
        Some(&expired),
        ENTRY,
        "SKIP POLICY_STALE: the policy expired at 2025-12-24T04:31:39.999999Z; the time is 2025-12-24T04:31:40Z [POLICY_MISSING_FIELD]",
    );
}

#[test]
fn both_ends_of_the_window_are_in_force() {
    let policy = sample_with(r#""valid_from_epoch": 1766550690.5"#);
    for (now, expected) in [
        ("1766550690.499999", "SKIP POLICY_NOT_YET_VALID"),
        ("1766550690.5", BOUGHT),
        ("1766550734.062733", BOUGHT),
        ("1766550734.062734", "SKIP POLICY_STALE"),
    ] {
        check_at(&policy, "{}", ENTRY, Some(now), expected);
    }
}

/// A replay decides an entry at its event time. An exit needs no time.
#[test]
fn a_replay_decides_at_event_time() {
    let check = |timestamp: &str, expected: &str| {
        let record = ENTRY.replace(r#""ts": 1766550690000"#, timestamp);
        check_at(&sample(), "{}", &record, None, expected);
    };
    check(r#""timestamp": 1766550734.062733"#, BOUGHT);
    check(r#""timestamp": 1766550734.062734"#, "SKIP POLICY_STALE");
    check(r#""model": "m""#, "SKIP INTENT_INVALID");
    check_at(&sample(), "{}", super::EXIT, None, super::CLOSED);
}

#[test]
#[cfg(feature = "what-if")]
fn a_trade_under_an_assumed_policy_is_marked() {
    use super::{NOW, at, decide_at, engine, with_intent};
    use portcullis::{decide::Decision, policy::PolicyState};

    let expired = Policy::from_json(&sample_policy_json("1")).unwrap();
    let sample = sample();
    for (state, assumed) in [
        (PolicyState::present(&expired).assume_in_force(), true),
        (PolicyState::present(&sample), false),
    ] {
        with_intent(ENTRY, |intent| {
            decide_at(&engine("{}"), state, intent, Some(at(NOW)), |decision| {
                let Decision::Trade(trade) = decision else {
                    panic!("{decision}");
                };
                assert_eq!(trade.is_assumed(), assumed);
                assert_eq!(state.is_assumed(), assumed);
            });
        });
    }
}
