//! Gate 6: the intent is neither too old nor from the future, where anybody set a bound.

use crate::{
    decide::Denial,
    domain::{Instant, Span},
    guardrails::Guardrails,
    policy::Limits,
    provenance::{Source, Sourced},
};

/// The bounds that hold.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::decide) struct Bounds {
    pub(in crate::decide) age_max: Option<Sourced<Span>>,
    pub(in crate::decide) lead_max: Option<Sourced<Span>>,
}

impl Bounds {
    pub(in crate::decide) fn new(limits: &Limits, guardrails: &Guardrails) -> Self {
        let policy = limits
            .max_intent_age()
            .map(|span| Sourced::new(span, Source::Policy("limits.max_intent_age_sec")));
        let operator = guardrails
            .max_intent_age()
            .map(|span| Sourced::new(span, Source::Guardrails("max_intent_age_sec")));
        Self {
            age_max: [policy, operator]
                .into_iter()
                .flatten()
                .min_by_key(|bound| bound.value()),
            lead_max: guardrails
                .max_intent_skew()
                .map(|span| Sourced::new(span, Source::Guardrails("max_intent_skew_sec"))),
        }
    }
}

pub(in crate::decide) fn check<'a>(
    bounds: Bounds,
    emitted_at: Option<Instant>,
    now: Instant,
) -> Result<(), Denial<'a>> {
    if let Some(age_max) = bounds.age_max {
        let age = emitted_at.map(|at| now.since(at));
        if !age.is_some_and(|age| age <= age_max.value()) {
            return Err(Denial::IntentStale { age, age_max });
        }
    }
    if let Some(lead_max) = bounds.lead_max {
        let lead = emitted_at.map(|at| at.since(now));
        if !lead.is_some_and(|lead| lead <= lead_max.value()) {
            return Err(Denial::ClockUntrusted { lead, lead_max });
        }
    }
    Ok(())
}
