//! Explanations of harvest decisions.

use std::fmt;

use serde::{Serialize, Serializer, ser::SerializeStruct as _};

use crate::{
    answer::{Answer, Detail},
    harvest::{Harvest, HarvestAction, HarvestDecision, HarvestReason, KillScore, RPart},
    policy::PolicyState,
    types::{Rounded, Shown},
};

/// An explanation of one harvest decision: each part with the values that it compared, or with the
/// reason why it was unavailable. [`fmt::Display`] writes it as text, and [`Serialize`] as data.
#[derive(Debug)]
pub struct HarvestExplanation<'a> {
    decision: HarvestDecision<'a>,
    policy: PolicyState<'a>,
}

/// One part of the explanation.
#[derive(Serialize)]
struct PartLine {
    part: &'static str,
    saw: String,
}

impl<'a> HarvestExplanation<'a> {
    /// Creates the explanation of a decision that was made under `policy`.
    #[must_use]
    pub const fn new(decision: HarvestDecision<'a>, policy: PolicyState<'a>) -> Self {
        Self { decision, policy }
    }

    fn headline(&self) -> String {
        match &self.decision {
            HarvestDecision::Harvest(harvest) => {
                let side = harvest.side().map_or("", |side| side.as_str());
                let action = harvest.action().as_str();
                format!("HARVEST {action}: {} {side}", harvest.symbol())
                    .trim_end()
                    .to_owned()
            }
            HarvestDecision::Skip(skip) => {
                let reason = Answer::harvest(&self.decision, self.policy).reason;
                let code = reason.map_or("", |reason| reason.code());
                format!("SKIP {code}: {}", Detail::Harvest(*skip))
            }
        }
    }

    fn parts(&self) -> Vec<PartLine> {
        let HarvestDecision::Harvest(harvest) = &self.decision else {
            return Vec::new();
        };
        let mut parts = Vec::new();
        match harvest.r() {
            Err(why) => parts.push(line("R", format!("unavailable: {why}"))),
            Ok(r) => {
                parts.push(line("R", r_text(harvest, r)));
                parts.push(line("ladder", ladder_text(harvest, r)));
                parts.push(line("profit lock", lock_text(harvest, r)));
            }
        }
        match harvest.kill() {
            Err(why) => parts.push(line("kill score", format!("unavailable: {why}"))),
            Ok(kill) => parts.push(line("kill score", kill_text(harvest, kill))),
        }
        let policy = harvest.policy();
        let named = format!(
            "version {} hash {}",
            Shown(policy.version()),
            policy.hash().short()
        );
        parts.insert(0, line("policy", named));
        let reasons: Vec<&str> = harvest.reasons().iter().collect();
        parts.push(line("reasons", reasons.join(", ")));
        parts
    }
}

fn line(part: &'static str, saw: String) -> PartLine {
    PartLine { part, saw }
}

fn r_text(harvest: &Harvest<'_>, r: &RPart) -> String {
    let theta = harvest.theta();
    let thresholds = [theta.t1_r(), theta.t2_r(), theta.t3_r(), theta.lock_r()];
    let thresholds = thresholds.map(|threshold| threshold.value().get());
    format!(
        "R_net {} after costs of {} USD per unit, at a risk of {} USD per unit (stop distance {}, source: {})",
        Rounded::new(r.r_net().get()).compared_with(&thresholds),
        Rounded::new(r.cost().value()),
        Rounded::new(r.risk_unit().value()),
        Rounded::new(r.stop().value()),
        r.stop().source()
    )
}

fn ladder_text(harvest: &Harvest<'_>, r: &RPart) -> String {
    if harvest.reasons().contains(HarvestReason::LadderUnavailable) {
        return "unavailable: one of these is out of bounds: `harvested` (NONE, PARTIAL_25, PARTIAL_50 or PARTIAL_75), \
                `quantity` and `peak_quantity` (finite and not 0), `lot_size` (finite and greater than 0), \
                `min_quantity` and `min_notional_usd` (finite and at least 0)"
            .to_owned();
    }
    let theta = harvest.theta();
    let steps = [
        ("T1_R", theta.t1_r()),
        ("T2_R", theta.t2_r()),
        ("T3_R", theta.t3_r()),
    ];
    let texts = steps.map(|(name, step)| {
        let reached = if r.r_net() >= step.value() {
            "reached"
        } else {
            "not reached"
        };
        format!("{name} {} {reached}", step.value())
    });
    let steps = texts.join(", ");
    let is_whole = harvest.action() == HarvestAction::FullCloseProposed;
    match (harvest.close_fraction(), harvest.close_quantity()) {
        _ if harvest.reasons().contains(HarvestReason::BelowLot) => {
            format!("{steps}; nothing to close: the part is below one lot")
        }
        (Some(part), Some(quantity)) if !is_whole => {
            let part = Rounded::new(part.get());
            format!("{steps}; close {quantity} units, {part} of the position")
        }
        (Some(part), None) if !is_whole => {
            format!(
                "{steps}; close {} of the position",
                Rounded::new(part.get())
            )
        }
        (_, _) => steps,
    }
}

fn lock_text(harvest: &Harvest<'_>, r: &RPart) -> String {
    let unavailable = HarvestReason::ProfitLockUnavailable;
    if harvest.reasons().contains(unavailable) {
        return "unavailable: `current_sl` must be a finite number greater than 0, or absent"
            .to_owned();
    }
    let lock_r = harvest.theta().lock_r().value();
    match harvest.stop() {
        Some(stop) => {
            let stop = Rounded::new(stop.value().get());
            format!("lock_R {lock_r} reached: proposed stop {stop}")
        }
        None if r.r_net() >= lock_r => {
            format!(
                "lock_R {lock_r} reached, but no stop is proposed, because the computed stop is not tighter than `current_sl` or is beyond the current price"
            )
        }
        None => format!("lock_R {lock_r} not reached"),
    }
}

fn kill_text(harvest: &Harvest<'_>, kill: &KillScore) -> String {
    let theta = harvest.theta();
    let threshold = theta.kill_threshold().value();
    let verdict = if kill.k() >= threshold {
        "reached"
    } else {
        "not reached"
    };
    format!(
        "K {}, kill_threshold {threshold} {verdict} (regime_flip {} × {}, sigma_spike {} × {}, ts_drop {} × {}, age_penalty {} × {})",
        Rounded::new(kill.k()).compared_with(&[threshold]),
        Rounded::new(kill.regime_flip()),
        theta.k_regime_flip().value(),
        Rounded::new(kill.sigma_spike()),
        theta.k_sigma_spike().value(),
        Rounded::new(kill.ts_drop()),
        theta.k_ts_drop().value(),
        Rounded::new(kill.age_penalty()),
        theta.k_age_penalty().value()
    )
}

impl fmt::Display for HarvestExplanation<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.headline())?;
        let parts = self.parts();
        if !parts.is_empty() {
            writeln!(f)?;
        }
        for part in parts {
            writeln!(f, "{:<12}  {}", part.part, part.saw)?;
        }
        Ok(())
    }
}

impl Serialize for HarvestExplanation<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let answer = Answer::harvest(&self.decision, self.policy);
        let mut fields = serializer.serialize_struct("HarvestExplanation", 5)?;
        fields.serialize_field("decision", answer.decision.as_str())?;
        fields.serialize_field("reason", &answer.reason)?;
        fields.serialize_field("harvest_action", &answer.harvest_action)?;
        fields.serialize_field("text", &self.headline())?;
        fields.serialize_field("parts", &self.parts())?;
        fields.end()
    }
}
