//! The laws of policy sets as property tests, with random sets, policies, guardrails, intents and positions.
//!
//! Each law was verified by a planted bug, which the comment of its test states.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod changes;
mod scenario;
#[path = "../support/mod.rs"]
#[expect(dead_code, reason = "other tests use the rest of it")]
mod support;

use std::{collections::BTreeSet, fmt::Write as _};

use portcullis::Gate;
use portcullis_rollout::{ArmReason, OpenPosition, PolicySet, Role, bucket};
use proptest::{prelude::*, strategy::ValueTree, test_runner::FileFailurePersistence};

use scenario::{Scenario, exits, scenarios, share};
use support::{bps, program, python, set};

pub(crate) fn config() -> ProptestConfig {
    ProptestConfig {
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct(
            "tests/regressions/laws.txt",
        ))),
        cases: 256,
        ..ProptestConfig::default()
    }
}

/// Returns a set in which the share of one arm is another one.
fn with_share(set: &PolicySet, place: usize, share: u64) -> PolicySet {
    let text = set.to_json();
    let mut parts: Vec<&str> = text.split("\"bps\":").collect();
    let own = set.arms()[place].bps().get().to_string();
    let changed = format!("{share}{}", parts[place + 1].strip_prefix(&own).unwrap());
    parts[place + 1] = &changed;
    PolicySet::from_json(&parts.join("\"bps\":")).unwrap()
}

proptest! {
    #![proptest_config(config())]

    /// Planted bug: `covers` returns true for buckets that are at least 10000 − `bps` and below a half.
    #[test]
    fn a_higher_share_never_removes_a_key(salt in "[ -~é]{1,20}", key: String, low in share(), high in share()) {
        let (low, high) = (bps(low.min(high)), bps(low.max(high)));
        let bucket = bucket(&salt, &key);
        prop_assert!(bucket.get() < 10_000);
        prop_assert!(!low.covers(bucket) || high.covers(bucket));
    }

    /// Planted bug: of the canaries that apply, the one with the smallest share decides.
    #[test]
    fn a_raised_arm_keeps_its_entries(scenario in scenarios(), to in share()) {
        let before = scenario.outcome();
        for (place, raised) in scenario.set.arms().iter().enumerate() {
            let share = to.max(raised.bps().get().into());
            let set = with_share(&scenario.set, place, share);
            let after = scenario.outcome_of(&set, scenario.open);
            if before.arm == Some(raised.hash()) {
                prop_assert_eq!(after.arm, before.arm);
            }
            // An entry of an arm before the raised one is not affected.
            let mut earlier = scenario.set.arms()[..place].iter();
            if earlier.any(|arm| before.arm == Some(arm.hash())) {
                prop_assert_eq!(&after.row, &before.row);
            }
        }
    }

    /// Planted bug: a shadow that covers a record is a candidate.
    #[test]
    fn removing_shadows_leaves_the_answer_identical(scenario in scenarios(), opened: prop::sample::Index) {
        let with = scenario.outcome();
        let without = scenario.set_with(|arm| !arm.is_shadow());
        let after = scenario.outcome_of(&without, scenario.open);
        prop_assert_eq!(with.row, after.row);
        prop_assert_eq!((with.arm, with.reason), (after.arm, after.reason));
        prop_assert!(with.shadows.len() <= 2);
        prop_assert!(after.shadows.is_empty());
        let hash = scenario.policies[opened.index(scenario.policies.len())].0;
        let ladder = |set: &PolicySet| {
            let ladder = scenario.rollout(set).ladder(Some(hash), scenario.now);
            (ladder.policy().policy().ok().map(portcullis::Policy::hash), ladder.arm_reason())
        };
        prop_assert_eq!(ladder(&scenario.set), ladder(&without));
    }

    /// Planted bug: the arm is checked, and the live policy is not.
    #[test]
    fn an_arm_never_decides_without_the_live_policy(scenario in scenarios()) {
        let outcome = scenario.outcome();
        let (live, gate) = scenario.plain(scenario.set.live());
        let is_unusable = matches!(gate, Some(Gate::Policy | Gate::InForce));
        if is_unusable {
            prop_assert_eq!(outcome.arm, None);
            prop_assert!(!outcome.is_trade);
        }
        match outcome.arm {
            // The answer of an arm is that of its policy alone.
            Some(hash) => {
                let arm = scenario.set.arm(hash).unwrap();
                prop_assert!(!arm.is_shadow() && !arm.is_past(scenario.now) && !scenario.set.is_killed());
                let (row, gate) = scenario.plain(hash);
                prop_assert!(!matches!(gate, Some(Gate::Policy | Gate::InForce)));
                prop_assert_eq!(without_reason(&outcome.row), row);
            }
            None => prop_assert_eq!(without_reason(&outcome.row), live),
        }
    }

    /// Planted bugs: an exit is decided under the arm that its symbol is assigned to, as an entry of the live policy is;
    /// the ladder of a killed set is that of the live policy.
    #[test]
    fn nothing_of_a_set_changes_an_exit(scenario in exits()) {
        let killed = scenario.set.kill().unwrap();
        let empty = PolicySet::new(1, support::other_hash(250));
        for set in [&scenario.set, &killed, &empty, &scenario.set_with(|_| false)] {
            for open in [None, scenario.open] {
                let outcome = scenario.outcome_of(set, open);
                let (expected, _) = scenario.plain(support::other_hash(250));
                prop_assert_eq!(&outcome.row, &expected);
                prop_assert_eq!(outcome.shadows, []);
            }
        }
        for (hash, _) in &scenario.policies {
            let ladder = |set: &PolicySet| {
                let ladder = scenario.rollout(set).ladder(Some(*hash), scenario.now);
                (ladder.policy().policy().ok().map(portcullis::Policy::hash), ladder.arm_reason())
            };
            prop_assert_eq!(ladder(&scenario.set), ladder(&killed));
        }
    }

    /// Planted bug: a kill has no effect on positions that were opened under an arm.
    #[test]
    fn a_kill_returns_every_entry_to_the_live_policy(scenario in scenarios()) {
        let killed = scenario.outcome_of(&scenario.set.kill().unwrap(), scenario.open);
        prop_assert_eq!(killed.arm, None);
        let (live, _) = scenario.plain(scenario.set.live());
        prop_assert_eq!(without_reason(&killed.row), live);
    }

    /// Planted bug: a position under a canary is decided by the canary that its symbol is assigned to.
    #[test]
    fn a_position_keeps_its_arm_until_the_arm_ends(scenario in scenarios(), place: prop::sample::Index, to in share()) {
        let canaries: Vec<_> = scenario.set.arms().iter().filter(|arm| !arm.is_shadow()).collect();
        prop_assume!(!canaries.is_empty());
        let arm = canaries[place.index(canaries.len())];
        let open = Some(OpenPosition { opened_under: Some(arm.hash()), leverage: None });
        let pinned = scenario.outcome_of(&scenario.set, open);
        prop_assert!(pinned.arm.is_none() || pinned.arm == Some(arm.hash()));
        // The share does not matter.
        let place = scenario.set.arms().iter().position(|it| it.hash() == arm.hash()).unwrap();
        let other = scenario.outcome_of(&with_share(&scenario.set, place, to), open);
        prop_assert_eq!(&other.row, &pinned.row);
        // If the arm can be used, it decides.
        let alone = Scenario { open: None, ..scenario.clone() };
        let (row, gate) = alone.plain(arm.hash());
        let (_, live_gate) = alone.plain(scenario.set.live());
        let unusable = |gate| matches!(gate, Some(Gate::Policy | Gate::InForce));
        let is_usable = !unusable(gate) && !unusable(live_gate) && !arm.is_past(scenario.now);
        if is_usable && !scenario.set.is_killed() {
            prop_assert_eq!(without_reason(&pinned.row), row);
        }
        let aborted = scenario.outcome_of(&scenario.set.abort(arm.hash()).unwrap(), open);
        prop_assert_eq!(aborted.arm, None);
        let is_entry = aborted.reason.is_some();
        prop_assert!(!is_entry || aborted.reason == Some(ArmReason::Ended(arm.hash())));
    }

    /// Planted bug: the leverage gate applies the higher of the two leverages.
    #[test]
    fn an_addition_has_at_most_the_leverage_of_the_position(scenario in scenarios()) {
        let outcome = scenario.outcome();
        let open = scenario.open.map(|open| OpenPosition { leverage: None, ..open });
        let free = scenario.outcome_of(&scenario.set, open);
        prop_assert_eq!(outcome.arm, free.arm);
        if let (Some(leverage), Some(bound)) = (outcome.numbers[0], scenario.open.and_then(|it| it.leverage)) {
            prop_assert!(leverage <= bound.get());
            let is_reduced = outcome.row.contains(r#""leverage_source":"position:leverage""#);
            prop_assert!(!is_reduced || leverage.to_bits() == bound.get().to_bits());
            if free.is_trade && !is_reduced {
                prop_assert_eq!(&outcome.row, &free.row);
            }
        }
        if outcome.is_trade && free.is_trade {
            for (number, free) in outcome.numbers.into_iter().zip(free.numbers) {
                prop_assert!(number <= free);
            }
        }
    }

    /// Planted bug: the source is part of the key of a canary.
    #[test]
    fn an_entry_has_one_arm_for_each_symbol(scenario in scenarios(), share in share(), name in "[a-z]{1,8}") {
        let canaries = scenario.set.arms().iter().filter(|arm| arm.role() == Role::Canary && !arm.has_match());
        let arms: Vec<_> = canaries.cloned().collect();
        prop_assume!(!arms.is_empty());
        let set = with_share(&set(scenario.set.live(), &arms, false), 0, share);
        for text in support::UNIVERSE {
            let arm = |source| set.assigned(support::symbol(text), source).map(|(arm, bucket)| (arm.hash(), bucket));
            prop_assert_eq!(arm(None), arm(Some(name.as_str())));
            prop_assert_eq!(arm(None), arm(Some("momentum")));
        }
    }
}

/// Returns an answer row without its arm reason.
fn without_reason(row: &str) -> String {
    match row.split_once(",\"arm_reason\":") {
        Some((row, _)) => format!("{row}}}"),
        None => row.to_owned(),
    }
}

/// Generates values with a fixed seed.
fn samples<S: Strategy>(strategy: S, count: usize) -> Vec<S::Value> {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut sample = || strategy.new_tree(&mut runner).unwrap().current();
    (0..count).map(|_| sample()).collect()
}

/// The laws would hold if no arm ever decided.
#[test]
fn the_scenarios_have_every_reason() {
    let mut reasons = BTreeSet::new();
    let mut agreements = BTreeSet::new();
    for scenario in samples(scenarios(), 1500) {
        let outcome = scenario.outcome();
        reasons.extend(outcome.reason.map(ArmReason::code));
        agreements.extend(outcome.shadows.iter().map(|shadow| shadow.agreement()));
    }
    for code in [
        "ARM_ASSIGNED",
        "ARM_PINNED",
        "ARM_AFTER_FLAT",
        "ARM_OPENING_UNKNOWN",
        "ARM_ENDED",
        "ARM_KILLED",
        "ARM_EXPIRED",
        "ARM_WITHOUT_LIVE",
        "POLICY_MISSING",
        "POLICY_STALE",
        "POLICY_CONSTRAINT_VIOLATION",
    ] {
        assert!(reasons.contains(code), "{code}: {reasons:?}");
    }
    assert_eq!(agreements.len(), 6, "{agreements:?}");
}

/// Planted bugs: a bucket is the remainder of u by 10000; the zero byte between salt and key is missing.
#[test]
fn rust_and_python_compute_the_same_buckets() {
    let pairs = samples(("[ -~é😀]{1,20}", any::<String>()), 2000);
    let mut lines = String::new();
    let mut expected = String::new();
    for (salt, key) in &pairs {
        writeln!(lines, "{}", serde_json::to_string(&[salt, key]).unwrap()).unwrap();
        writeln!(expected, "{}", bucket(salt, key)).unwrap();
    }
    // The program splits its input only at line feeds, and JSON escapes the ones in keys.
    if let Some(output) = python(program("def bucket"), &lines) {
        assert_eq!(output.replace("\r\n", "\n"), expected);
    }
}

/// Planted bug: the arms are hashed with the fields in the order of the table in the documentation.
#[test]
fn rust_and_python_compute_the_same_hashes() {
    let sets = samples(scenarios(), 12);
    for set in sets.iter().map(|scenario| &scenario.set) {
        if let Some(output) = python(program("sort_keys"), &set.to_json()) {
            assert_eq!(output.trim(), set.hash().to_string(), "{}", set.to_json());
        }
    }
    let largest = sets.iter().map(|scenario| scenario.set.arms().len()).max();
    assert!(largest >= Some(3), "the sets have few arms");
}
