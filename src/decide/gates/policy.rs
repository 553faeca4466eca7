//! Gate 4: there is a policy, and the guardrails permit it.

use crate::{
    decide::{Constraint, Denial},
    domain::Instant,
    guardrails::Guardrails,
    policy::{Policy, PolicyState},
};

#[inline]
pub(in crate::decide) fn check<'a>(
    guardrails: &'a Guardrails,
    state: PolicyState<'a>,
    now: Instant,
) -> Result<&'a Policy, Denial<'a>> {
    let policy = state.policy().map_err(Denial::PolicyAbsent)?;
    if !guardrails.bind_policies() {
        return Ok(policy);
    }
    match broken(guardrails, policy, now, state.is_assumed()) {
        Some(constraint) => Err(Denial::PolicyNotPermitted(constraint)),
        None => Ok(policy),
    }
}

/// Returns the first guardrail that the policy violates.
fn broken<'a>(
    guardrails: &'a Guardrails,
    policy: &'a Policy,
    now: Instant,
    assumed: bool,
) -> Option<Constraint<'a>> {
    if let Some(validity_max) = guardrails.max_validity() {
        // Without `valid_from` the remaining validity counts. It has no meaning if the policy is only assumed to be in
        // force.
        let begin = policy.valid_from().or((!assumed).then_some(now));
        let validity = begin.map(|begin| policy.valid_until().since(begin));
        if let Some(validity) = validity.filter(|validity| *validity > validity_max) {
            return Some(Constraint::Validity {
                validity,
                validity_max,
            });
        }
    }
    if let Some(required) = guardrails.market()
        && policy.market() != Some(required)
    {
        let found = policy.market();
        return Some(Constraint::Market { found, required });
    }
    if let Some(required) = guardrails.venue()
        && policy.venue() != Some(required)
    {
        let found = policy.venue();
        return Some(Constraint::Venue { found, required });
    }
    (guardrails.requires_policy_hash() && !policy.states_hash()).then_some(Constraint::NoHash)
}
