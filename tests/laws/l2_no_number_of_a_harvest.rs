//! L2 for harvests: every number of a proposal, and every threshold that it was compared with.

use portcullis::{
    answer::Verdict,
    harvest::{Market, Standing},
};
use proptest::prelude::*;

use crate::{
    Law, MANY, Portcullis,
    answered::Answered,
    sources::Inputs,
    strategies::{self, HarvestCall, PolicyDraft, PositionDraft},
    subject::{Subject, World},
};

const EVERY_NUMBER_OF_A_HARVEST: Law<HarvestCall> = Law {
    cases: MANY,
    inputs: strategies::harvests_with_policy,
    demands: every_number_of_a_harvest,
};

fn every_number_of_a_harvest(
    subject: &dyn Subject,
    call: &HarvestCall,
) -> Result<(), TestCaseError> {
    let answered = subject.harvest(&World::of_harvest(call), &call.position, call.now);
    for (column, told) in &answered.numbers {
        let named = match &told.source {
            Some(source) => {
                let inputs = Inputs {
                    policy: &call.policy,
                    guardrails: None,
                    intent: None,
                    position: Some(&call.position),
                    answer: &answered,
                };
                inputs.value(source)
            }
            None => worked_out(call, &answered, column),
        };
        // Another implementation of `exp` may differ in the last digits.
        let agrees = named.is_some_and(|named| match column.as_str() {
            "kill_score" => (named - told.value).abs() < 1e-14,
            _ => named.to_bits() == told.value.to_bits(),
        });
        prop_assert!(
            agrees,
            "{column} is {told:?}, but its source gives {named:?}"
        );
    }
    if answered.verdict == Verdict::Harvest {
        let thresholds = answered
            .numbers
            .keys()
            .filter(|name| name.contains("_params."));
        let fallback = call
            .policy
            .draft()
            .and_then(|p| p.number("harvest_params.fallback_stop_pct"));
        let expected = 17 + usize::from(fallback.is_some());
        prop_assert_eq!(thresholds.count(), expected, "thresholds are missing");
    }
    Ok(())
}

/// Computes a result of a harvest with the documented formulas.
fn worked_out(call: &HarvestCall, answered: &Answered, column: &str) -> Option<f64> {
    let policy = call.policy.draft()?;
    let (position, market) = (&call.position.position, call.position.market);
    match column {
        "r_net" => {
            let Some(Standing::Open(side)) = position.side else {
                return None;
            };
            let gain = side.sign() * (position.current_price? - position.entry_price?);
            Some((gain - answered.number("cost")?) / answered.number("risk_unit")?)
        }
        "kill_score" => {
            let weights = [
                ("k_regime_flip", "harvest_params.k_regime_flip"),
                ("k_sigma_spike", "harvest_params.k_sigma_spike"),
                ("k_ts_drop", "harvest_params.k_ts_drop"),
                ("k_age_penalty", "harvest_params.k_age_penalty"),
            ];
            let terms = weights.map(|(component, weight)| {
                Some(policy.number(weight)? * answered.number(component)?)
            });
            let z: Option<f64> = terms.into_iter().sum();
            Some(1.0 / (1.0 + (-z?).exp()))
        }
        _ => component(policy, position.age_sec, &market?, column),
    }
}

fn component(
    policy: &PolicyDraft,
    age_sec: Option<f64>,
    market: &Market,
    column: &str,
) -> Option<f64> {
    let of = |name: &str| policy.number(&format!("kill_params.{name}"));
    // Adding 0.0 turns -0.0 into 0.0.
    let clamp = |x: f64, cap: f64| x.min(cap).max(0.0) + 0.0;
    match column {
        "k_regime_flip" => {
            let flips = market.p_trend? < of("trend_min")? && market.p_mr? + market.p_chop? > 0.5;
            Some(if flips { 1.0 } else { 0.0 })
        }
        "k_sigma_spike" => Some(clamp(
            market.sigma? / of("sigma_ref")? - 1.0,
            of("sigma_spike_cap")?,
        )),
        "k_ts_drop" => Some(clamp(of("ts_ref")? - market.ts?, of("ts_drop_cap")?)),
        "k_age_penalty" => Some(clamp(age_sec? / of("max_age_sec")?, 1.0)),
        _ => None,
    }
}

#[test]
fn l2_no_number_of_a_harvest_without_a_source() {
    EVERY_NUMBER_OF_A_HARVEST.holds();
}

/// Computes R with a stop distance of 2 % if the position and the policy have none.
struct StopOfTwoPercent;

impl Subject for StopOfTwoPercent {
    fn harvest(&self, world: &World, position: &PositionDraft, now: i64) -> Answered {
        let mut with_stop = position.clone();
        with_stop.position.stop_dist_pct = with_stop.position.stop_dist_pct.or(Some(0.02));
        Portcullis.harvest(world, &with_stop, now)
    }
}

/// Halves the costs.
struct WithoutCosts;

impl Subject for WithoutCosts {
    fn harvest(&self, world: &World, position: &PositionDraft, now: i64) -> Answered {
        let mut answered = Portcullis.harvest(world, position, now);
        if let (Some(cost), Some(source)) = (answered.number("cost"), answered.source("cost")) {
            let source = source.to_owned();
            answered.forge("cost", cost * 0.5, Some(&source));
        }
        answered
    }
}

#[test]
fn l2_detects_invented_numbers_of_a_harvest() {
    EVERY_NUMBER_OF_A_HARVEST.bites(&StopOfTwoPercent, "position:");
    EVERY_NUMBER_OF_A_HARVEST.bites(&WithoutCosts, "cost is");
}
