//! Gate 6: the intent is neither too old nor too far ahead of the clock, if bounds are set.

use crate::{
    decide::SkipReason,
    guardrails::Guardrails,
    intent::Intent,
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
#[inline(always)]
pub(in crate::decide) fn check<'a>(
    limits: &Limits,
    guardrails: &Guardrails,
    sent: Option<(Timestamp, Timestamp)>,
    now: Timestamp,
) -> Result<(), SkipReason<'a>> {
    let age = sent.map(|(earliest, _)| now.since(earliest));
    let lead = sent.map(|(_, latest)| latest.since(now));
    let is_old = exceeds(age, limits.max_intent_age()) | exceeds(age, guardrails.max_intent_age());
    if is_old | exceeds(lead, guardrails.max_intent_skew()) {
        denial(limits, guardrails, is_old, age, lead)
    } else {
        Ok(())
    }
}

/// Returns the evidence for an intent that is too old or too far ahead of the clock.
#[cold]
#[inline(never)]
fn denial<'a>(
    limits: &Limits,
    guardrails: &Guardrails,
    is_old: bool,
    age: Option<SignedDuration>,
    lead: Option<SignedDuration>,
) -> Result<(), SkipReason<'a>> {
    let Bounds { age_max, lead_max } = Bounds::new(limits, guardrails);
    match (age_max, lead_max) {
        (Some(age_max), _) if is_old => Err(SkipReason::IntentStale { age, age_max }),
        (_, Some(lead_max)) => Err(SkipReason::ClockUntrusted { lead, lead_max }),
        (_, None) => Ok(()),
    }
}

/// Returns the time after which the intent is too old, if there is a bound on its age.
pub(in crate::decide) fn fresh_until(
    limits: &Limits,
    guardrails: &Guardrails,
    intent: &Intent<'_>,
) -> Option<Timestamp> {
    let (earliest, _) = sent_between(guardrails, intent)?;
    let bounds = [limits.max_intent_age(), guardrails.max_intent_age()];
    let age_max = bounds.into_iter().flatten().min()?;
    Some(earliest.saturating_add(age_max))
}

/// Returns the times between which the intent was sent; `None` if it has no time of sending.
#[inline(always)]
pub(in crate::decide) fn sent_between(
    guardrails: &Guardrails,
    intent: &Intent<'_>,
) -> Option<(Timestamp, Timestamp)> {
    intent.sent_between(guardrails.candle_of(intent.source()))
}

/// Returns true if there is a bound, and the duration is longer or unknown.
#[inline(always)]
fn exceeds(span: Option<SignedDuration>, bound: Option<SignedDuration>) -> bool {
    bound.is_some_and(|bound| span.is_none_or(|span| span > bound))
}
