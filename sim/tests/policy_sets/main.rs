//! Tests of the laws of a replay under a policy set. `PORTCULLIS_CASES` sets the number of cases per law.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod world;

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::Value;

use world::{Ran, SetPlan, Tape, any_set, any_tape};

/// The number of cases per law.
const CASES: u32 = 48;

fn config() -> ProptestConfig {
    let cases = std::env::var("PORTCULLIS_CASES");
    ProptestConfig {
        cases: cases.map_or(CASES, |cases| cases.parse().unwrap()),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

impl Ran {
    /// Returns the answers as JSON.
    fn rows(&self) -> Vec<Value> {
        let rows = self.answers.lines();
        rows.map(|row| serde_json::from_str(row).unwrap()).collect()
    }

    /// Returns the answers to exits.
    fn exits(&self) -> Vec<&str> {
        let is_exit = |row: &&str| {
            row.contains(r#""decision":"EXIT""#)
                || row.contains(r#""reason":"DENY_NOT_EXIT_OWNER""#)
        };
        self.answers.lines().filter(is_exit).collect()
    }

    /// Returns the numbers of the records that an arm has decided.
    fn decided_by(&self, policy: &str) -> BTreeSet<u64> {
        let rows = self.rows().into_iter();
        let decided =
            rows.filter(|row| row["arm_reason"] == "ARM_ASSIGNED" && row["policy_hash"] == policy);
        decided.map(|row| row["n"].as_u64().unwrap()).collect()
    }
}

/// Checks that two runs have the same answers, counts and digest.
fn check_equal(one: &Ran, other: &Ran) -> Result<(), TestCaseError> {
    prop_assert_eq!(&one.answers, &other.answers);
    prop_assert_eq!(&one.outcome.counts, &other.outcome.counts);
    prop_assert_eq!(one.outcome.digest, other.outcome.digest);
    let symbols = |ran: &Ran| ran.outcome.timeline.symbols().to_vec();
    prop_assert_eq!(symbols(one), symbols(other));
    Ok(())
}

proptest! {
    #![proptest_config(config())]

    /// Removing the shadows changes no answer, no count of answers and no digest.
    #[test]
    fn shadows_change_nothing(tape in any_tape(), plan in any_set()) {
        let (with, without) = (tape.rehearse(&plan, 1), tape.rehearse(&plan.without_shadows(), 1));
        check_equal(&with, &without)?;
        let (with, without) = (with.outcome.set.unwrap(), without.outcome.set.unwrap());
        prop_assert_eq!(&with.counts.live, &without.counts.live);
        prop_assert_eq!(&with.counts.arm_reasons, &without.counts.arm_reasons);
        for arm in without.set.arms() {
            prop_assert_eq!(with.counts.of_arm(arm.hash()), without.counts.of_arm(arm.hash()));
        }
    }

    /// A higher `bps` takes no record away from the canary that is raised, and none from an earlier one.
    #[test]
    fn a_raise_takes_no_record_from_the_arm(
        tape in any_tape(),
        plan in any_set(),
        place in any::<prop::sample::Index>(),
        more in 0..10_000_u64,
    ) {
        prop_assume!(!plan.arms.is_empty());
        let place = place.index(plan.arms.len());
        let mut raised = plan.clone();
        raised.arms[place].bps = (plan.arms[place].bps + more).min(10_000);
        let (before, after) = (tape.rehearse(&plan, 1), tape.rehearse(&raised, 1));
        for arm in 0..=place {
            let hash = tape.policy(plan.variant(arm)).hash().to_string();
            let (before, after) = (before.decided_by(&hash), after.decided_by(&hash));
            let is_kept = if arm == place { before.is_subset(&after) } else { before == after };
            prop_assert!(is_kept, "arm {arm} of {place}: {before:?} {after:?}");
        }
    }

    /// A set without arms gives the answers, counts and digest of its live policy alone, whatever `kill` is.
    #[test]
    fn a_set_without_arms_is_its_live_policy(tape in any_tape(), live in 0..6_usize, kill: bool) {
        let tape = tape.without_policies();
        let alone = tape.replay(Some(tape.policy(live)));
        check_equal(&tape.rehearse(&SetPlan::without_arms(live, kill), 1), &alone)?;
    }

    /// The number of threads does not affect a run.
    #[test]
    fn threads_change_nothing(tape in any_tape(), plan in any_set(), threads in 2..5_usize) {
        let (one, several) = (tape.rehearse(&plan, 1), tape.rehearse(&plan, threads));
        check_equal(&one, &several)?;
        prop_assert_eq!(one.outcome.set.unwrap().counts, several.outcome.set.unwrap().counts);
    }

    /// Exits have the answers of a replay without a policy, under any set.
    #[test]
    fn exits_are_the_same_under_any_set(tape in any_tape(), plan in any_set()) {
        let (under_set, without_policy) = (tape.rehearse(&plan, 1), tape.replay(None));
        prop_assert_eq!(under_set.exits(), without_policy.exits());
    }

    /// Each entry is counted for the policy that decided it, each shadow compares each entry that it covers once, and
    /// positions are evaluated as under the live policy alone.
    #[test]
    fn counts_follow_from_the_answers(tape in any_tape(), plan in any_set()) {
        let ran = tape.rehearse(&plan, 1);
        let live = tape.rehearse(&SetPlan::without_arms(plan.live(), false), 1);
        let (set, entries) = (ran.outcome.set.as_ref().unwrap(), live.outcome.set.as_ref().unwrap());
        let canaries = set.set.arms().iter().filter(|arm| !arm.is_shadow());
        let decided = canaries.map(|arm| set.counts.of_arm(arm.hash()).entries);
        let all = entries.counts.live.entries;
        prop_assert_eq!(set.counts.live.entries + decided.sum::<u64>(), all);
        prop_assert_eq!(set.counts.ignored, entries.counts.ignored);
        let rows = ran.rows();
        for (code, count) in &set.counts.arm_reasons {
            let with = rows.iter().filter(|row| row["arm_reason"] == **code).count();
            prop_assert_eq!(u64::try_from(with).unwrap(), *count, "{}", code);
        }
        for arm in set.set.arms().iter().filter(|arm| arm.is_shadow()) {
            let counts = set.counts.of_arm(arm.hash());
            prop_assert_eq!(counts.agreements.values().sum::<u64>(), counts.entries);
            prop_assert!(counts.entries <= all);
        }
        let positions = |ran: &Ran| -> Vec<Value> {
            ran.rows().into_iter().filter(|row| row["event"] == "position.snapshot").collect()
        };
        prop_assert_eq!(positions(&ran), positions(&live));
    }
}

/// Sets that never decide by an arm would satisfy every law, so the generated ones must have every reason that is
/// possible without positions, and every kind of agreement.
#[test]
fn generated_sets_have_every_reason() {
    use proptest::{strategy::ValueTree as _, test_runner::TestRunner};

    let mut runner = TestRunner::deterministic();
    let mut seen = BTreeSet::new();
    for _ in 0..CASES {
        let cases = (any_tape(), any_set()).new_tree(&mut runner).unwrap();
        let (tape, plan): (Tape, SetPlan) = cases.current();
        let set = tape.rehearse(&plan, 1).outcome.set.unwrap();
        seen.extend(set.counts.arm_reasons.keys().copied());
        for arm in set.set.arms() {
            let agreements = set.counts.of_arm(arm.hash()).agreements;
            seen.extend(agreements.keys().map(|kind| kind.as_str()));
        }
    }
    for expected in [
        "ARM_ASSIGNED",
        "ARM_KILLED",
        "ARM_EXPIRED",
        "ARM_WITHOUT_LIVE",
        "POLICY_STALE",
        "same",
        "other_numbers",
        "other_reason",
        "only_answer_trades",
        "only_shadow_trades",
        "unusable",
    ] {
        assert!(seen.contains(expected), "no {expected}: {seen:?}");
    }
}
