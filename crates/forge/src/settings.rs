//! The numbers of a draft that apply to all symbols: harvest parameters, limits and validity.

use std::collections::BTreeMap;

use num_traits::ToPrimitive;
use portcullis::types::SignedDuration;

use crate::{
    clamp::Clamp,
    derivation::{Field, Movement, Source, Value},
    input::{Input, Loosening},
    parameter::{Limit, Parameter, Tighter},
    previous::Previous,
    state::RegimeState,
    step::{DayAgo, Step},
    templates::Regime,
};

/// A number of a draft with its origin.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Number {
    pub(crate) value: f64,
    was: Option<f64>,
    movement: Movement,
    target: f64,
    source: Source,
    clamps: Vec<Clamp>,
}

/// The numbers of a draft that apply to all symbols.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Settings {
    pub(crate) theta: BTreeMap<Parameter, Number>,
    pub(crate) limits: BTreeMap<Limit, Number>,
    /// The validity in seconds, before rounding.
    pub(crate) validity_sec: Number,
    pub(crate) grace_sec: Number,
}

impl Settings {
    /// Moves each number towards its target in the regime of the market.
    pub(crate) fn of(input: &Input<'_>, market: &Regime) -> Self {
        let theta = Parameter::all().filter_map(|it| Some((it, theta(it, input, market)?)));
        let limits = Limit::all().filter_map(|it| Some((it, limit(it, input, market)?)));
        Self {
            theta: theta.collect(),
            limits: limits.collect(),
            validity_sec: validity(input, market),
            grace_sec: grace(input),
        }
    }

    /// Returns the fields of the derivation, in the order of the document.
    pub(crate) fn fields(&self, regime: &RegimeState) -> Vec<Field> {
        let theta = self
            .theta
            .iter()
            .map(|(it, number)| number.field(it.path(), regime));
        let limits = self
            .limits
            .iter()
            .map(|(it, number)| number.field(it.path(), regime));
        let validity = self.validity_sec.field("valid_until_epoch", regime);
        let grace = self.grace_sec.field("harvest_grace_sec", regime);
        theta.chain(limits).chain([validity, grace]).collect()
    }
}

impl Number {
    fn field(&self, path: &str, regime: &RegimeState) -> Field {
        Field {
            field: path.to_owned(),
            value: Value::Number(self.value),
            was: self.was.map(Value::Number),
            movement: self.movement,
            target: Some(self.target),
            source: self.source,
            regime: (self.source == Source::Template).then(|| regime.clone()),
            clamps: self.clamps.clone(),
            features: BTreeMap::new(),
        }
    }
}

/// Returns the value of 24 hours ago. A policy without the number set no bound.
fn day_ago(input: &Input<'_>, value: impl Fn(&Previous) -> Option<f64>) -> DayAgo {
    match &input.day_ago {
        Some(policy) => value(policy).map_or(DayAgo::Unlimited, DayAgo::Value),
        None => DayAgo::Unknown,
    }
}

/// Compares a number with that of the active policy, in which its absence is looser than any value.
fn movement(input: &Input<'_>, tighter: Tighter, value: f64, was: Option<f64>) -> Movement {
    if input.active.is_some() && was.is_none() {
        Movement::Tighter
    } else {
        Movement::of(tighter, value, was)
    }
}

fn theta(parameter: Parameter, input: &Input<'_>, market: &Regime) -> Option<Number> {
    let of_model = input.targets.and_then(|targets| targets.theta(parameter));
    let of_template = *market.theta.get(&parameter)?;
    let target = of_model.unwrap_or(of_template);
    let step = input.templates.steps.theta.get(&parameter)?;
    let step = input.step(Step::Distance {
        run: step.max_step,
        day: step.max_step_24h,
    });
    let value = |policy: &Previous| policy.theta.get(&parameter).copied();
    let was = input.active.as_ref().and_then(value);
    let tighter = parameter.tighter();
    let stepped = step.apply(tighter, target, was, day_ago(input, value));
    Some(Number {
        value: stepped.value,
        was,
        movement: movement(input, tighter, stepped.value, was),
        target,
        source: if of_model.is_some() {
            Source::Model
        } else {
            Source::Template
        },
        clamps: stepped.clamp.into_iter().collect(),
    })
}

/// Computes a limit. A limit of the active policy that the templates do not state is kept.
fn limit(limit: Limit, input: &Input<'_>, market: &Regime) -> Option<Number> {
    let value = |policy: &Previous| policy.limits.get(&limit).copied();
    let was = input.active.as_ref().and_then(value);
    let mut clamps = Vec::new();
    let stated = market.limits.get(&limit).copied();
    let wanted = stated.or_else(|| {
        clamps.push(Clamp::NotInTemplates);
        was
    })?;
    let target = within(guardrail(limit, input), wanted, &mut clamps);
    let step = input.step(share(input));
    let stepped = step.apply(limit.tighter(), target, was, day_ago(input, value));
    clamps.extend(stepped.clamp);
    Some(Number {
        value: stepped.value,
        was,
        movement: movement(input, limit.tighter(), stepped.value, was),
        target,
        source: if stated.is_some() {
            Source::Template
        } else {
            Source::Previous
        },
        clamps,
    })
}

/// Computes the validity in seconds. A validity of an earlier policy that is unknown is not loosened.
fn validity(input: &Input<'_>, market: &Regime) -> Number {
    let mut clamps = Vec::new();
    let bound = input.guardrails.max_validity().and_then(seconds);
    let target = within(bound, f64::from(market.validity_sec), &mut clamps);
    let was = input.active.as_ref().and_then(|it| it.validity_sec);
    // The state is used only if it belongs to the active policy, as for a leverage.
    let unrounded = input.state.validity_sec;
    let previous = was.map(|was| unrounded.filter(|it| it.floor() == was).unwrap_or(was));
    let of_day = input.day_ago.as_ref().and_then(|it| it.validity_sec);
    let of_day = of_day.map_or(DayAgo::Unknown, DayAgo::Value);
    let step = input.step(share(input));
    let stepped = step.apply(Tighter::Lower, target, previous, of_day);
    clamps.extend(stepped.clamp);
    Number {
        value: stepped.value,
        was,
        movement: Movement::of(Tighter::Lower, stepped.value.floor(), was),
        target,
        source: Source::Template,
        clamps,
    }
}

/// Takes the grace period from the templates. It is not stepped, because it only extends the time in which open
/// positions are evaluated.
fn grace(input: &Input<'_>) -> Number {
    let was = input.active.as_ref().map(|it| it.grace_sec);
    let target = f64::from(input.templates.harvest_grace_sec);
    let held = match input.loosening {
        Loosening::Bounded => None,
        Loosening::Held => was,
    };
    let stepped = Step::Held.apply(Tighter::Lower, target, held, DayAgo::Unlimited);
    Number {
        value: stepped.value,
        was,
        movement: Movement::of(Tighter::Lower, stepped.value, was),
        target,
        source: Source::Settings,
        clamps: stepped.clamp.into_iter().collect(),
    }
}

const fn share(input: &Input<'_>) -> Step {
    Step::Share {
        run: input.templates.steps.max_step,
        day: input.templates.steps.max_step_24h,
    }
}

/// Returns the guardrail that bounds a limit.
fn guardrail(limit: Limit, input: &Input<'_>) -> Option<f64> {
    let guardrails = input.guardrails;
    match limit {
        Limit::MaxLeverage => guardrails.max_leverage().map(|it| it.get()),
        Limit::MaxPositionUsd => guardrails.max_position_usd().map(|it| it.get()),
        Limit::MaxNotionalUsd => guardrails.max_notional_usd().map(|it| it.get()),
        Limit::MaxIntentAgeSec => guardrails.max_intent_age().and_then(seconds),
        Limit::MaxMarketAgeSec | Limit::MaxPositionAgeSec => None,
    }
}

fn seconds(duration: SignedDuration) -> Option<f64> {
    Some(duration.as_micros().to_f64()? / 1e6)
}

fn within(bound: Option<f64>, value: f64, clamps: &mut Vec<Clamp>) -> f64 {
    match bound {
        Some(bound) if value > bound => {
            clamps.push(Clamp::Guardrail);
            bound
        }
        Some(_) | None => value,
    }
}
