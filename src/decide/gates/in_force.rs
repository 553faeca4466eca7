//! Gate 5: the policy is in force. Its numbers are not accessible before this gate.

use crate::{
    decide::Denial,
    domain::Instant,
    policy::{InForce, PolicyState},
};

#[inline]
pub(in crate::decide) fn check(
    state: PolicyState<'_>,
    now: Instant,
) -> Result<InForce<'_>, Denial<'_>> {
    match state.in_force(now) {
        Err(absence) => Err(Denial::PolicyAbsent(absence)),
        Ok(Err(why)) => Err(Denial::NotInForce(why)),
        Ok(Ok(in_force)) => Ok(in_force),
    }
}
