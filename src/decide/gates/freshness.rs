//! Gate 6: the intent is neither too old nor too far ahead of the clock, if bounds are set.

use crate::{
    decide::SkipReason,
    guardrails::Guardrails,
    policy::Limits,
    provenance::{Source, Sourced},
    types::{SignedDuration, Timestamp},
};

/// The tighter of the bounds of policy and guardrails, for the age and for the lead of an intent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::decide) struct Bounds {
    pub(in crate::decide) age_max: Option<Sourced<SignedDuration>>,
    pub(in crate::decide) lead_max: Option<Sourced<SignedDuration>>,
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

/// Checks the times between which the intent was sent: the age of the earliest and the lead of the latest.
#[inline]
pub(in crate::decide) fn check<'a>(
    limits: &Limits,
    guardrails: &Guardrails,
    sent: Option<(Timestamp, Timestamp)>,
    now: Timestamp,
) -> Result<(), SkipReason<'a>> {
    let within = |span: Option<SignedDuration>, bound: Option<SignedDuration>| {
        bound.is_none_or(|bound| span.is_some_and(|span| span <= bound))
    };
    let age = sent.map(|(earliest, _)| now.since(earliest));
    let lead = sent.map(|(_, latest)| latest.since(now));
    if within(age, limits.max_intent_age())
        && within(age, guardrails.max_intent_age())
        && within(lead, guardrails.max_intent_skew())
    {
        return Ok(());
    }
    let bounds = Bounds::new(limits, guardrails);
    match (bounds.age_max, bounds.lead_max) {
        (Some(age_max), _) if !within(age, Some(age_max.value())) => {
            Err(SkipReason::IntentStale { age, age_max })
        }
        (_, Some(lead_max)) => Err(SkipReason::ClockUntrusted { lead, lead_max }),
        (_, None) => Ok(()),
    }
}

/// Returns the time after which the intent is too old, if there is a bound on its age.
#[inline]
pub(in crate::decide) fn fresh_until(
    limits: &Limits,
    guardrails: &Guardrails,
    sent: Option<(Timestamp, Timestamp)>,
) -> Option<Timestamp> {
    let (earliest, _) = sent?;
    let bounds = [limits.max_intent_age(), guardrails.max_intent_age()];
    let age_max = bounds.into_iter().flatten().min()?;
    Some(earliest.saturating_add(age_max))
}
