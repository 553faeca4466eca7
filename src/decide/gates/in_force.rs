//! Gate 5: the policy is in force. Its numbers are not accessible before this gate.

use crate::{
    decide::SkipReason,
    policy::{InForce, PolicyState},
    types::Timestamp,
};

#[inline(always)]
pub(in crate::decide) fn check(
    state: PolicyState<'_>,
    now: Timestamp,
) -> Result<InForce<'_>, SkipReason<'_>> {
    Ok(state.in_force(now)?)
}
