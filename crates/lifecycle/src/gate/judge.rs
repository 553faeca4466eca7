//! The judgement of a draft.

use num_traits::ToPrimitive;
use portcullis::{
    policy::{Listing, Policy},
    types::{SignedDuration, Symbol, Timestamp},
};
use portcullis_forge::{Comparison, tightening_part};
use portcullis_sim::{
    replay::Replayer,
    simulate::candles::Series,
    tape::TapeReader,
    trial::{PolicyTrial, Trial, TrialError, TrialSettings, trial},
};
use thiserror::Error;

use super::{
    evidence::{BaselineEvidence, Evidence, PolicyEvidence},
    refusal::Refusal,
    rules::{GateRules, Simulation},
};
use crate::baselines::Baselines;

/// The number of microseconds of an hour.
const HOUR: i64 = 3600 * 1_000_000;
/// The number of microseconds of a day.
const DAY: i64 = 24 * HOUR;

/// The inputs of a judgement.
#[derive(Debug, Clone, Copy)]
pub struct Case<'a> {
    /// The policy to publish.
    pub draft: &'a Policy,
    /// The policies with which it is compared.
    pub baselines: &'a Baselines,
    /// The bounds.
    pub rules: &'a GateRules,
    /// The evaluator of the recorded intents, with the guardrails and the exit owner of the services. It must treat
    /// every policy as in force.
    pub replayer: &'a Replayer,
    /// The candles of the simulation. They are used only if the rules bound the drawdown.
    pub candles: &'a [Series],
    /// The time of the judgement. The history before it is judged.
    pub now: Timestamp,
}

/// The result of a judgement.
#[derive(Debug, Clone, PartialEq)]
pub enum Judgement {
    /// The draft is nowhere looser than the active policy. History is not needed.
    Tightening,
    /// The draft is looser, and within all bounds.
    Permitted(Box<Evidence>),
    /// The draft is looser, and refused.
    Refused {
        /// All reasons; at least one.
        refusals: Vec<Refusal>,
        /// The measured values, if the history was read.
        evidence: Option<Box<Evidence>>,
        /// The part of the draft that is tighter than the active policy, if there is one.
        tightening: Option<Box<Policy>>,
    },
}

/// An error that ends a judgement without a result.
#[derive(Debug, Error)]
pub enum JudgeError {
    /// The history cannot be read.
    #[error(transparent)]
    Trial(#[from] TrialError),
    /// The rules bound the drawdown, but there are no candles.
    #[error(
        "the gate bounds the drawdown of a simulation, which needs candles; add `--candles`, or remove `simulation` from the gate file"
    )]
    NoCandles,
}

/// Judges a draft by the history before `case.now`. `progress` receives the number of records read.
///
/// # Errors
/// Returns an error if the history cannot be read, if candles are missing, or if an amount of the simulation is out of
/// range.
pub fn judge(
    case: &Case<'_>,
    history: TapeReader,
    progress: &mut dyn FnMut(u64),
) -> Result<Judgement, JudgeError> {
    let Some(active) = &case.baselines.active else {
        return Ok(Judgement::refused(
            vec![Refusal::NoActivePolicy],
            None,
            None,
        ));
    };
    let Some(comparison) = Comparison::of(active, case.draft, case.now) else {
        let is_draft = case.draft.in_force(case.draft.valid_until()).is_err();
        let name = if is_draft { "new" } else { "active" };
        let refusals = vec![Refusal::NotComparable(name)];
        return Ok(Judgement::refused(refusals, None, None));
    };
    if comparison.looser().next().is_none() {
        return Ok(Judgement::Tightening);
    }
    let simulation = case.rules.simulation.as_ref();
    if simulation.is_some() && case.candles.is_empty() {
        return Err(JudgeError::NoCandles);
    }
    let baselines = case.named_baselines();
    let mut policies = vec![case.draft];
    policies.extend(baselines.iter().map(|(_, policy)| *policy));
    let settings = TrialSettings {
        replayer: case.replayer,
        window: (case.from(), case.now),
        simulation: simulation.map(|it| (&it.settings, case.candles)),
    };
    let trial = trial(&settings, &policies, history, progress)?;
    let evidence = evidence(case, &baselines, &trial);
    let mut refusals = case.history_refusals(active, &trial);
    for ((name, policy), measured) in baselines.iter().zip(&evidence.baselines) {
        refusals.extend(case.refusals(name, policy, (&evidence.draft, measured)));
    }
    if let (Some(Simulation { max_drawdown, .. }), Some(drawdown)) =
        (simulation, evidence.draft.drawdown)
        && exceeds(drawdown, *max_drawdown)
    {
        let max = *max_drawdown;
        refusals.push(Refusal::Drawdown { drawdown, max });
    }
    if refusals.is_empty() {
        return Ok(Judgement::Permitted(Box::new(evidence)));
    }
    let tightening = tightening_part(active, case.draft, case.now);
    Ok(Judgement::refused(refusals, Some(evidence), tightening))
}

impl Judgement {
    fn refused(
        refusals: Vec<Refusal>,
        evidence: Option<Evidence>,
        tightening: Option<Policy>,
    ) -> Self {
        Self::Refused {
            refusals,
            evidence: evidence.map(Box::new),
            tightening: tightening.map(Box::new),
        }
    }
}

impl<'a> Case<'a> {
    /// Returns the start of the time window.
    fn from(&self) -> Timestamp {
        let days = i64::from(self.rules.bounds.days).saturating_mul(DAY);
        self.now
            .saturating_add(SignedDuration::from_micros(days.saturating_neg()))
    }

    /// Returns the policies with which the draft is compared. A policy that is both is compared once.
    fn named_baselines(&self) -> Vec<(&'static str, &'a Policy)> {
        let Baselines { active, day_ago } = self.baselines;
        let is_other = |day_ago: &&Policy| {
            active
                .as_ref()
                .is_none_or(|active| active.hash() != day_ago.hash())
        };
        let day_ago = day_ago.as_ref().filter(is_other);
        let active = active.iter().map(|policy| ("active", policy));
        active
            .chain(day_ago.map(|policy| ("day_ago", policy)))
            .collect()
    }

    /// Returns the reasons why the history is not sufficient.
    fn history_refusals(&self, active: &Policy, trial: &Trial) -> Vec<Refusal> {
        let Some((first, last)) = trial.span else {
            return vec![Refusal::NoHistory];
        };
        let mut refusals = Vec::new();
        let from = self.from();
        if first > from {
            refusals.push(Refusal::HistoryTooShort { first, from });
        }
        if self.rules.needs_candles() {
            let symbols = self.draft.symbols();
            let symbols = symbols.filter(|symbol| leverage(self.draft, *symbol).is_some());
            refusals.extend(symbols.filter_map(|it| self.candles_refusal(it, last.min(self.now))));
        }
        // A policy can be renewed more often than intents arrive.
        let recent = self.now.saturating_add(SignedDuration::from_micros(-HOUR));
        let is_later = |began: &Timestamp| last < (*began).min(recent);
        if let Some(began) = active.valid_from().filter(is_later) {
            refusals.push(Refusal::HistoryTooOld { last, began });
        }
        refusals
    }

    /// Returns the reason why the candles of a symbol are not sufficient. At each end, one candle can be missing.
    fn candles_refusal(&self, symbol: Symbol, until: Timestamp) -> Option<Refusal> {
        let mut series = self.candles.iter();
        let series = series.find(|series| series.symbol == symbol);
        let ends = series.and_then(|it| Some((it, it.candles.first()?, it.candles.last()?)));
        let Some((series, first, last)) = ends else {
            return Some(Refusal::NoCandles(symbol));
        };
        let (from, length) = (self.from(), series.interval.length());
        let (first, last) = (first.start, last.end);
        let covers = first <= from.saturating_add(length) && last.saturating_add(length) >= until;
        (!covers).then_some(Refusal::CandlesTooShort {
            symbol,
            first,
            last,
            from,
            until,
        })
    }

    /// Returns the bounds that the draft violates in comparison with one policy.
    fn refusals(
        &self,
        baseline: &'static str,
        policy: &Policy,
        (draft, measured): (&PolicyEvidence, &BaselineEvidence),
    ) -> Vec<Refusal> {
        let bounds = &self.rules.bounds;
        let mut refusals = Vec::new();
        if measured.reached < bounds.min_reached {
            refusals.push(Refusal::TooFewRecords {
                baseline,
                reached: measured.reached,
                min: bounds.min_reached,
            });
        }
        let share = share_of(measured.new_trades, measured.reached);
        if exceeds(share, bounds.max_new_trades) {
            let max = bounds.max_new_trades;
            refusals.push(Refusal::NewTrades {
                baseline,
                share,
                max,
            });
        }
        let (min, max) = (bounds.notional_ratio.min, bounds.notional_ratio.max);
        let notional = quotient(draft.notional_usd, measured.policy.notional_usd);
        if !(min <= notional && notional <= max) {
            let ratio = notional;
            refusals.push(Refusal::Notional {
                baseline,
                ratio,
                min,
                max,
            });
        }
        for symbol in self.draft.symbols() {
            let leverages = [self.draft, policy].map(|policy| leverage(policy, symbol));
            if let [Some(new), Some(was)] = leverages
                && exceeds(new - was, bounds.max_leverage_rise)
            {
                let (rise, max) = (new - was, bounds.max_leverage_rise);
                refusals.push(Refusal::Leverage {
                    baseline,
                    symbol,
                    rise,
                    max,
                });
            }
        }
        if let (Some(simulation), Some(new), Some(was)) = (
            &self.rules.simulation,
            draft.drawdown,
            measured.policy.drawdown,
        ) && exceeds(new - was, simulation.max_drawdown_rise)
        {
            let (rise, max) = (new - was, simulation.max_drawdown_rise);
            refusals.push(Refusal::DrawdownRise {
                baseline,
                rise,
                max,
            });
        }
        refusals
    }
}

fn evidence(case: &Case<'_>, baselines: &[(&'static str, &Policy)], trial: &Trial) -> Evidence {
    let cash = case
        .rules
        .simulation
        .as_ref()
        .map(|it| it.settings.cash.to_f64());
    let policy = |policy: &PolicyTrial| {
        let drawdown = |cash| {
            let outcome = policy.simulation.as_ref()?;
            Some(outcome.curve.drawdown_usd.to_f64() / cash)
        };
        PolicyEvidence {
            answers_blake3: policy.answers.to_string(),
            trades: policy.totals.trades,
            notional_usd: policy.totals.notional_usd.value(),
            drawdown: cash.and_then(drawdown),
        }
    };
    let mut trials = trial.policies.iter();
    let draft = trials.next().map(policy);
    let baselines = baselines
        .iter()
        .zip(trials)
        .map(|((name, baseline), trial)| BaselineEvidence {
            name: (*name).to_owned(),
            policy_hash: baseline.hash().to_string(),
            policy: policy(trial),
            reached: trial.reached,
            new_trades: trial.new_trades,
        });
    Evidence {
        format: 1,
        engine: env!("CARGO_PKG_VERSION").to_owned(),
        now_us: case.now.as_micros(),
        gate_sha256: case.rules.sha256.clone(),
        tape_blake3: trial.tape.to_string(),
        candles_blake3: trial.candles.map(|hash| hash.to_string()),
        records: trial.records,
        draft: draft.unwrap_or_default(),
        baselines: baselines.collect(),
    }
}

/// Returns the leverage of a symbol in a policy.
fn leverage(policy: &Policy, symbol: Symbol) -> Option<f64> {
    let in_force = policy.in_force(policy.valid_until()).ok()?;
    match in_force.listing(&symbol) {
        Listing::Leverage(leverage) => Some(leverage.get()),
        Listing::NoLeverage | Listing::NotInUniverse => None,
    }
}

/// Returns the quotient of two sums. Two sums of zero are equal.
fn quotient(new: f64, was: f64) -> f64 {
    if new == was { 1.0 } else { new / was }
}

/// Returns the share of some records; 0 if there are none.
fn share_of(part: u64, all: u64) -> f64 {
    let number = |count: u64| count.to_f64().unwrap_or(f64::MAX);
    if all == 0 {
        0.0
    } else {
        number(part) / number(all)
    }
}

/// Returns true if the value is above the bound, or is not a number.
fn exceeds(value: f64, max: f64) -> bool {
    value > max || value.is_nan()
}
