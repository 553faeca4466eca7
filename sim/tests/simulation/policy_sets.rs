//! Tests of a simulation under a policy set.

use portcullis::policy::Policy;
use portcullis_rollout::PolicySet;
use portcullis_sim::{replay::LoadedSet, simulate::units::Money};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::{
    config,
    worlds::{Ran, Under, World, any_world, run_under, run_world, settings, world_policy},
};

/// The role of an arm, its share and its last time.
type Arm = (&'static str, u64, &'static str);

/// After the end of every world.
const LATER: &str = "2026-02-01T00:00:00Z";
/// In the middle of every world.
const DURING: &str = "2026-01-05T08:00:00Z";

/// Returns a set. The first policy is live, and each other one belongs to an arm.
fn set(policies: Vec<Policy>, arms: &[Arm]) -> LoadedSet {
    let hashes = policies.iter().skip(1).map(Policy::hash);
    let arms: Vec<Value> = hashes
        .zip(arms)
        .map(|(hash, (role, bps, until))| {
            json!({"hash": hash, "role": role, "bps": bps, "key": "symbol", "salt": "canary-7", "until": until})
        })
        .collect();
    let set =
        json!({"format": 1, "seq": 1, "live": policies[0].hash(), "arms": arms, "kill": false});
    let set = PolicySet::from_json(&set.to_string()).unwrap();
    let named = policies.into_iter().zip(0..);
    let named = named.map(|(policy, number)| (format!("policy {number}"), policy));
    LoadedSet::new(set, named.collect()).unwrap()
}

fn live() -> Policy {
    world_policy(&[])
}

/// Returns a policy whose ladder begins later than that of the live one.
fn canary() -> Policy {
    world_policy(&[("T1_R\": 0.3", "T1_R\": 0.5")])
}

/// Returns a policy that permits no entry in BTCUSDT.
fn shadow() -> Policy {
    world_policy(&[("\"BTCUSDT\",", "")])
}

/// Checks that two runs have the same log, outcome and counts of answers.
fn check_equal(one: &Ran, other: &Ran) -> Result<(), TestCaseError> {
    prop_assert_eq!(&one.entries, &other.entries);
    prop_assert_eq!(&one.decisions.counts, &other.decisions.counts);
    let json = |ran: &Ran| serde_json::to_string(&ran.outcome).unwrap();
    prop_assert_eq!(json(one), json(other));
    Ok(())
}

proptest! {
    #![proptest_config(config())]

    /// A set without arms gives the result of its live policy alone, and the drawdown of the policy is that of the equity.
    #[test]
    fn a_set_without_arms_is_its_live_policy(world in any_world()) {
        let set = set(vec![live()], &[]);
        let ran = run_world(&world, Under::Set(&set));
        check_equal(&ran, &run_world(&world, Under::Policy(&live())))?;
        let outcome = &ran.outcome;
        prop_assert_eq!(outcome.arms.len(), 1);
        prop_assert_eq!(outcome.arms[0].drawdown_usd, outcome.curve.drawdown_usd);
        prop_assert_eq!(outcome.arms[0].net_usd, outcome.equity.minus(outcome.cash_at_start).unwrap());
    }

    /// A canary that covers all symbols gives the result of its policy alone: it decides, and its θ applies.
    #[test]
    fn a_full_canary_is_its_policy(world in any_world()) {
        let set = set(vec![live(), canary()], &[("canary", 10_000, LATER)]);
        let ran = run_world(&world, Under::Set(&set));
        let alone = run_world(&world, Under::Policy(&canary()));
        prop_assert_eq!(&ran.entries, &alone.entries);
        prop_assert_eq!(&ran.outcome.trips, &alone.outcome.trips);
        prop_assert_eq!(ran.outcome.equity, alone.outcome.equity);
    }

    /// Removing a shadow changes nothing.
    #[test]
    fn shadows_change_nothing(world in any_world(), bps in 0..=10_000_u64) {
        let canary_arm = ("canary", bps, LATER);
        let with = set(vec![live(), canary(), shadow()], &[canary_arm, ("shadow", 10_000, LATER)]);
        let without = set(vec![live(), canary()], &[canary_arm]);
        let with = run_world(&world, Under::Set(&with));
        let without = run_world(&world, Under::Set(&without));
        check_equal(&with, &without)?;
        prop_assert_eq!(with.outcome.arms, without.outcome.arms);
    }

    /// The results of the arms add up to the outcome.
    #[test]
    fn results_of_arms_add_up(world in any_world(), bps in 3000..6000_u64, until in prop::sample::select(vec![DURING, LATER])) {
        let set = set(vec![live(), canary()], &[("canary", bps, until)]);
        let outcome = run_world(&world, Under::Set(&set)).outcome;
        let mut net = outcome.cash_at_start;
        for arm in &outcome.arms {
            net = net.plus(arm.net_usd).unwrap();
            prop_assert!(arm.drawdown_usd >= Money::ZERO && arm.drawdown_usd >= -arm.net_usd);
            let trips = outcome.trips.iter().filter(|trip| trip.policy_hash == arm.policy);
            let closed = trips.clone().filter(|trip| trip.closed.is_some());
            prop_assert_eq!([trips.count() as u64, closed.count() as u64], [arm.opened, arm.closed]);
        }
        prop_assert_eq!(net, outcome.equity);
        prop_assert_eq!(outcome.arms.iter().map(|arm| arm.opened).sum::<u64>(), outcome.opened);
    }
}

/// Returns candles of one minute that rise, as CSV.
fn rising() -> String {
    let row = |minute: i64| {
        let price = 100.0 + 0.5 * f64::from(i32::try_from(minute).unwrap());
        let start = World::ts(0) + minute * 60_000;
        format!("{start},{price},{},{price},{}\n", price + 0.5, price + 0.5)
    };
    let rows: String = (0..60).map(row).collect();
    format!("open_time,open,high,low,close\n{rows}")
}

/// Returns the number of partial closes of a position in BTCUSDT that is decided in the first minute.
fn partial_closes(policies: Vec<Policy>, arms: &[Arm]) -> usize {
    let entry = json!({
        "id": format!("{}-1", World::ts(0) + 1000), "symbol": "BTCUSDT", "side": "BUY", "position_size_usd": 333,
        "leverage": 1, "stop_loss": 90
    });
    let candles = [("BTCUSDT", rising())];
    let set = set(policies, arms);
    let under = Under::Set(&set);
    let ran = run_under(&candles, format!("{entry}\n"), &settings(), under);
    let closes = ran.entries.iter();
    closes
        .filter(|entry| entry.event.starts_with("partial"))
        .count()
}

/// A position keeps the θ of its canary; after the last time of the arm, the θ of the live policy applies.
#[test]
fn a_position_keeps_the_ladder_of_its_arm() {
    let never = [
        ("T1_R\": 0.3", "T1_R\": 700"),
        ("T2_R\": 0.6", "T2_R\": 800"),
        ("T3_R\": 0.9", "T3_R\": 900"),
    ];
    let policies = || vec![live(), world_policy(&never)];
    assert_eq!(partial_closes(policies(), &[("canary", 10_000, LATER)]), 0);
    // BTCUSDT has the bucket 3692.
    assert_eq!(partial_closes(policies(), &[("canary", 3693, LATER)]), 0);
    let live = partial_closes(policies(), &[("canary", 3692, LATER)]);
    assert!(live > 1, "{live}");
    let ended = partial_closes(policies(), &[("canary", 10_000, DURING)]);
    assert!(ended > 0, "{ended}");
}
