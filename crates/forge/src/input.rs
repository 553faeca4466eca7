//! The inputs of a run.

use portcullis::{
    Guardrails, Policy,
    types::{Symbol, Timestamp},
};

use crate::{
    error::ForgeError, features::Features, previous::Previous, state::State, step::Step,
    targets::Targets, templates::Templates,
};

/// The inputs of [`forge`](crate::forge).
#[derive(Debug, Clone, Copy)]
pub struct Run<'a> {
    /// The features at the end of the window.
    pub features: &'a Features,
    /// The rules of the operator.
    pub templates: &'a Templates,
    /// The targets of a model, if there is one.
    pub targets: Option<&'a Targets>,
    /// The state after the previous run, or [`State::empty`].
    pub state: &'a State,
    /// The policy that was published last, also if it has expired.
    pub active: Option<&'a Policy>,
    /// The policy that was active 24 hours before `now`. If the first publication is more recent, this is the first
    /// policy. With `None`, no number is loosened against the active policy.
    pub day_ago: Option<&'a Policy>,
    /// The limits of the operator that apply to every policy.
    pub guardrails: &'a Guardrails,
    /// `Held` if no field of the draft may be looser than the active policy.
    pub loosening: Loosening,
    /// The time of the run, from which the validity of the draft is counted.
    pub now: Timestamp,
}

/// The permission of a draft to be looser than the active policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loosening {
    /// It may be looser within the bounds of the templates.
    Bounded,
    /// It may only be tighter, for example during a halt.
    Held,
}

/// The checked inputs of a run.
#[derive(Debug)]
pub(crate) struct Input<'a> {
    pub(crate) features: &'a Features,
    pub(crate) templates: &'a Templates,
    pub(crate) targets: Option<&'a Targets>,
    pub(crate) state: &'a State,
    pub(crate) active: Option<Previous>,
    pub(crate) day_ago: Option<Previous>,
    pub(crate) guardrails: &'a Guardrails,
    pub(crate) loosening: Loosening,
    pub(crate) now: Timestamp,
}

impl<'a> Input<'a> {
    /// Checks the times of the inputs and reads the numbers of the earlier policies.
    pub(crate) fn new(run: &Run<'a>) -> Result<Self, ForgeError> {
        let (window_end, now) = (run.features.window_end(), run.now);
        let max_sec = run.templates.max_feature_age_sec;
        if window_end > now {
            return Err(ForgeError::FutureFeatures { window_end, now });
        }
        if now.since(window_end).as_micros() > i64::from(max_sec).saturating_mul(1_000_000) {
            return Err(ForgeError::OldFeatures {
                window_end,
                now,
                max_sec,
            });
        }
        if let Some(last) = run.state.window_end.filter(|last| *last > window_end) {
            return Err(ForgeError::EarlierFeatures { window_end, last });
        }
        if let Some(targets) = run.targets.filter(|it| it.window_end != window_end) {
            return Err(ForgeError::OtherTargets {
                found: targets.window_end,
                window_end,
            });
        }
        if run.features.is_empty() {
            return Err(ForgeError::NoFeatures { window_end });
        }
        Ok(Self {
            features: run.features,
            templates: run.templates,
            targets: run.targets,
            state: run.state,
            active: run.active.and_then(Previous::of),
            day_ago: run.day_ago.and_then(Previous::of),
            guardrails: run.guardrails,
            loosening: run.loosening,
            now,
        })
    }

    /// Returns the leverage of a symbol in the active policy.
    pub(crate) fn active_leverage(&self, symbol: &Symbol) -> Option<f64> {
        self.active.as_ref()?.leverage.get(symbol).copied()
    }

    /// Returns true if the policy of 24 hours ago had a leverage for the symbol.
    pub(crate) fn was_member_day_ago(&self, symbol: &Symbol) -> bool {
        let day_ago = self.day_ago.as_ref();
        day_ago.is_some_and(|it| it.leverage.contains_key(symbol))
    }

    /// Returns the step, or no step if loosening is held back.
    pub(crate) const fn step(&self, step: Step) -> Step {
        match self.loosening {
            Loosening::Bounded => step,
            Loosening::Held => Step::Held,
        }
    }
}
