//! Gate 4: there is a policy, and the guardrails permit it.

use crate::{
    decide::{ConstraintViolation, SkipReason},
    guardrails::Guardrails,
    policy::{Policy, PolicyState},
    types::Timestamp,
};

#[inline]
pub(in crate::decide) fn check<'a>(
    guardrails: &'a Guardrails,
    state: PolicyState<'a>,
    now: Timestamp,
) -> Result<&'a Policy, SkipReason<'a>> {
    let policy = state.policy().map_err(SkipReason::PolicyUnavailable)?;
    if !guardrails.bind_policies() {
        return Ok(policy);
    }
    match broken(guardrails, policy, now, state.is_assumed()) {
        Some(constraint) => Err(SkipReason::PolicyNotPermitted(constraint)),
        None => Ok(policy),
    }
}

/// Returns the first guardrail that the policy violates.
fn broken<'a>(
    guardrails: &'a Guardrails,
    policy: &'a Policy,
    now: Timestamp,
    assumed: bool,
) -> Option<ConstraintViolation<'a>> {
    if let Some(validity_max) = guardrails.max_validity() {
        // If the policy has no `valid_from`, the remaining validity is checked. If the policy is only assumed to be in
        // force, the remaining validity has no meaning and is not checked.
        let begin = policy.valid_from().or((!assumed).then_some(now));
        let validity = begin.map(|begin| policy.valid_until().since(begin));
        if let Some(validity) = validity.filter(|validity| *validity > validity_max) {
            return Some(ConstraintViolation::Validity {
                validity,
                validity_max,
            });
        }
    }
    if let Some(required) = guardrails.market()
        && policy.market() != Some(required)
    {
        let found = policy.market();
        return Some(ConstraintViolation::Market { found, required });
    }
    if let Some(required) = guardrails.venue()
        && policy.venue() != Some(required)
    {
        let found = policy.venue();
        return Some(ConstraintViolation::Venue { found, required });
    }
    (guardrails.requires_policy_hash() && !policy.states_hash())
        .then_some(ConstraintViolation::NoHash)
}
