//! Gate 4: there is a policy, and the guardrails permit it.

use crate::{
    decide::SkipReason,
    guardrails::Guardrails,
    policy::{Policy, PolicyState},
    types::Timestamp,
};

#[inline(always)]
pub(in crate::decide) fn check<'a>(
    guardrails: &'a Guardrails,
    state: PolicyState<'a>,
    now: Timestamp,
) -> Result<&'a Policy, SkipReason<'a>> {
    let policy = state.policy().map_err(SkipReason::PolicyUnavailable)?;
    let now = (!state.is_assumed()).then_some(now);
    match guardrails.policy_violation(policy, now) {
        Some(violation) => Err(SkipReason::PolicyNotPermitted(violation)),
        None => Ok(policy),
    }
}
