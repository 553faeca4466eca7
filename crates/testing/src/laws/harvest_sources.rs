//! Checks of L2, no number without a source, for harvests: every number is recomputed with the
//! documented formulas.

use proptest::prelude::*;

use super::{
    sources::near,
    trial::{Ask, Case, FailedDemand, Tested, Trial, demand},
};
use crate::{
    Row, Violation,
    strategies::{self, HarvestCall, POLICY_VERSION, PolicyDraft},
};
use portcullis::{
    answer::Verdict,
    harvest::{HarvestAction, Harvested, ReportedSide, Stage},
};

pub(super) fn of_a_harvest(trial: &Trial, ask: &mut Ask<'_>) -> Result<(), Violation> {
    let calls = prop_oneof![
        1 => strategies::sound_harvests(),
        1 => strategies::harvests_with_policy(),
    ];
    trial.run(ask, calls.boxed(), every_number)
}

/// The inputs and the answer of one harvest.
struct Harvest<'a> {
    call: &'a HarvestCall,
    policy: &'a PolicyDraft,
    row: &'a Row,
}

fn every_number(case: &mut Case<'_, '_>, call: &HarvestCall) -> Result<Tested, FailedDemand> {
    let row = case.ask("a position", call.question())?;
    if row.decision != Verdict::Harvest {
        return match row.numbers().first() {
            Some((column, _)) => Err(FailedDemand::new(format!("a SKIP must have no `{column}`"))),
            None => Ok(Tested::No),
        };
    }
    let policy = call.policy.draft();
    let policy = policy.ok_or_else(|| FailedDemand::new("a HARVEST must have a policy"))?;
    let harvest = Harvest {
        call,
        policy,
        row: &row,
    };
    for (column, number) in row.numbers() {
        let expected = harvest.number(column);
        let is_equal = expected.is_some_and(|expected| match column {
            // The difference of two prices is less precise than the prices, and `exp` is not exact
            // to the last bit on every platform.
            "r_net" => (expected - number).abs() <= 1e-9 * expected.abs().max(1.0),
            "kill_score" => (expected - number).abs() <= 1e-12,
            _ => near(expected, number),
        });
        demand(is_equal, || match expected {
            Some(expected) => format!("`{column}` must be {expected:?}, computed from the inputs"),
            None => format!(
                "`{column}` must be absent: the inputs of this position do not determine it"
            ),
        })?;
    }
    demand(
        row.policy_version.as_deref() == Some(POLICY_VERSION),
        || "the `policy_version` of a HARVEST must be the version of its policy".to_owned(),
    )?;
    Ok(Tested::Yes)
}

impl Harvest<'_> {
    fn number(&self, column: &str) -> Option<f64> {
        let position = &self.call.position.position;
        let theta = |name: &str| self.policy.number(&format!("harvest_params.{name}"));
        match column {
            "risk_unit" => Some(position.entry_price? * self.stop()?),
            "cost" => Some(position.entry_price? * theta("cost_bps")? / 10_000.0),
            "r_net" => {
                let gain = self.sign()? * (position.current_price? - position.entry_price?);
                Some((gain - self.number("cost")?) / self.number("risk_unit")?)
            }
            "stop_proposed" => {
                Some(position.entry_price? * (1.0 + self.sign()? * theta("be_plus_pct")?))
            }
            "kill_score" => {
                let components = [
                    "k_regime_flip",
                    "k_sigma_spike",
                    "k_ts_drop",
                    "k_age_penalty",
                ];
                let terms = components.map(|name| Some(theta(name)? * self.number(name)?));
                let z: Option<f64> = terms.into_iter().sum();
                Some(1.0 / (1.0 + (-z?).exp()))
            }
            "close_quantity" => self.closed(self.call.position.position.quantity?.abs()),
            "close_fraction" => match self.call.position.position.quantity.map(f64::abs) {
                Some(held) => Some(self.closed(held)? / held),
                None => self.closed(1.0),
            },
            component => self.component(component),
        }
    }

    /// Returns the part of `held` units that the action closes, computed as documented for the ladder. If the quantity
    /// of the position is unknown, `held` is 1, and the result is the share.
    fn closed(&self, held: f64) -> Option<f64> {
        let position = &self.call.position.position;
        let left_after = |stage| match stage {
            Stage::None => 1.0,
            Stage::Partial25 => 0.75,
            Stage::Partial50 => 0.5,
            Stage::Partial75 => 0.25,
        };
        let left = match self.row.harvest_action.as_deref()?.parse().ok()? {
            HarvestAction::None => return None,
            HarvestAction::Partial25 => left_after(Stage::Partial25),
            HarvestAction::Partial50 => left_after(Stage::Partial50),
            HarvestAction::Partial75 => left_after(Stage::Partial75),
            HarvestAction::FullCloseProposed => return Some(held),
        };
        let known = position.quantity.and(position.peak_quantity);
        let peak = match (known, position.harvested) {
            (Some(peak), _) => peak.abs().max(held),
            (None, Harvested::Stage(taken) | Harvested::AtLeast(taken)) => held / left_after(taken),
            (None, Harvested::Unreadable) => return None,
        };
        let part = held - left * peak;
        let sizes = position.sizes;
        let lot = sizes.lot_size.filter(|_| position.quantity.is_some());
        // A quotient that should be whole can be too small by a rounding error.
        let part = lot.map_or(part, |lot| (part / lot + 1e-9).floor() * lot);
        let rest = held - part;
        let is_below_min = position.quantity.is_some()
            && (sizes.min_quantity.is_some_and(|min| rest < min)
                || sizes
                    .min_notional_usd
                    .is_some_and(|min| position.current_price.is_some_and(|at| rest * at < min)));
        Some(if is_below_min { held } else { part })
    }

    /// Returns the stop distance of the position or, if it has none, of the policy; `None` if the answer names another
    /// source.
    fn stop(&self) -> Option<f64> {
        let own = self.call.position.position.stop_dist_pct;
        let (source, expected) = match own {
            Some(_) => ("position:stop_dist_pct", own),
            None => {
                let path = "harvest_params.fallback_stop_pct";
                (
                    "policy:harvest_params.fallback_stop_pct",
                    self.policy.number(path),
                )
            }
        };
        expected.filter(|_| self.row.stop_source.as_deref() == Some(source))
    }

    fn sign(&self) -> Option<f64> {
        match self.call.position.position.side? {
            ReportedSide::Open(side) => Some(side.sign()),
            ReportedSide::Flat | ReportedSide::Unreadable => None,
        }
    }

    fn component(&self, column: &str) -> Option<f64> {
        let market = self.call.position.market.as_ref()?;
        let of = |name: &str| self.policy.number(&format!("kill_params.{name}"));
        // Adding 0.0 turns -0.0 into 0.0.
        let clamp = |x: f64, cap: f64| x.min(cap).max(0.0) + 0.0;
        match column {
            "k_regime_flip" => {
                let reverts = market.p_mr? + market.p_chop? > 0.5;
                let flips = market.p_trend? < of("trend_min")? && reverts;
                Some(if flips { 1.0 } else { 0.0 })
            }
            "k_sigma_spike" => {
                let jump = market.sigma? / of("sigma_ref")? - 1.0;
                Some(clamp(jump, of("sigma_spike_cap")?))
            }
            "k_ts_drop" => Some(clamp(of("ts_ref")? - market.ts?, of("ts_drop_cap")?)),
            "k_age_penalty" => {
                let age = self.call.position.position.age_sec?;
                Some(clamp(age / of("max_age_sec")?, 1.0))
            }
            _ => None,
        }
    }
}
