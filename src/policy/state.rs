//! A policy, or why there is none.

use super::{InForce, NotInForce, Policy, PolicyAbsence, ThetaInForce};
use crate::domain::Instant;

/// What a caller holds when it asks for a decision: a policy, or the reason why it has none.
///
/// There is no default, and no way to hold neither.
#[derive(Debug, Clone, Copy)]
pub struct PolicyState<'a>(State<'a>);

#[derive(Debug, Clone, Copy)]
enum State<'a> {
    Present(&'a Policy),
    Absent(&'a PolicyAbsence),
    #[cfg(feature = "what-if")]
    Assumed(&'a Policy),
}

impl<'a> PolicyState<'a> {
    /// There is one; whether it is in force is asked later.
    #[must_use]
    pub const fn present(policy: &'a Policy) -> Self {
        Self(State::Present(policy))
    }

    /// There is none.
    #[must_use]
    pub const fn absent(why: &'a PolicyAbsence) -> Self {
        Self(State::Absent(why))
    }

    /// There is one, and it is taken as valid at every instant: for replays that ask "what if".
    #[cfg(feature = "what-if")]
    #[must_use]
    pub const fn assumed(policy: &'a Policy) -> Self {
        Self(State::Assumed(policy))
    }

    /// The policy, whether or not it is in force.
    ///
    /// # Errors
    /// Why there is none.
    pub const fn policy(self) -> Result<&'a Policy, &'a PolicyAbsence> {
        match self.0 {
            State::Present(policy) => Ok(policy),
            State::Absent(why) => Err(why),
            #[cfg(feature = "what-if")]
            State::Assumed(policy) => Ok(policy),
        }
    }

    /// Whether being in force is assumed and not checked; never true without the feature `what-if`.
    #[must_use]
    pub const fn is_assumed(self) -> bool {
        match self.0 {
            State::Present(_) | State::Absent(_) => false,
            #[cfg(feature = "what-if")]
            State::Assumed(_) => true,
        }
    }

    /// As [`Policy::in_force`].
    ///
    /// # Errors
    /// Why there is no policy; inside, why the policy there is is not in force.
    pub fn in_force(
        self,
        now: Instant,
    ) -> Result<Result<InForce<'a>, NotInForce>, &'a PolicyAbsence> {
        match self.0 {
            State::Present(policy) => Ok(policy.in_force(now)),
            State::Absent(why) => Err(why),
            #[cfg(feature = "what-if")]
            State::Assumed(policy) => Ok(Ok(policy.assume_in_force(now))),
        }
    }

    /// As [`Policy::theta_in_force`].
    ///
    /// # Errors
    /// Why there is no policy; inside, why the θ of the policy there is is not in force.
    pub fn theta_in_force(
        self,
        now: Instant,
    ) -> Result<Result<ThetaInForce<'a>, NotInForce>, &'a PolicyAbsence> {
        match self.0 {
            State::Present(policy) => Ok(policy.theta_in_force(now)),
            State::Absent(why) => Err(why),
            #[cfg(feature = "what-if")]
            State::Assumed(policy) => Ok(Ok(policy.assume_theta_in_force(now))),
        }
    }
}
