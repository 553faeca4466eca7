//! A policy, or the reason why it is unavailable.

use super::{InForce, NotInForce, Policy, PolicyUnavailable, ThetaInForce};
use crate::types::Timestamp;

/// The policy input of a decision: a policy, or the reason why it is unavailable.
///
/// There is no default.
#[derive(Debug, Clone, Copy)]
pub struct PolicyState<'a>(State<'a>);

#[derive(Debug, Clone, Copy)]
enum State<'a> {
    Present(&'a Policy),
    Absent(&'a PolicyUnavailable),
    #[cfg(feature = "what-if")]
    Assumed(&'a Policy),
}

impl<'a> PolicyState<'a> {
    /// Creates a state with a policy. Its validity is checked later.
    #[must_use]
    pub const fn present(policy: &'a Policy) -> Self {
        Self(State::Present(policy))
    }

    /// Creates a state without a policy.
    #[must_use]
    pub const fn absent(why: &'a PolicyUnavailable) -> Self {
        Self(State::Absent(why))
    }

    /// Creates a state with a policy that is treated as in force at every timestamp, for what-if replays.
    #[cfg(feature = "what-if")]
    #[must_use]
    pub const fn assumed(policy: &'a Policy) -> Self {
        Self(State::Assumed(policy))
    }

    /// Returns the policy, whether or not it is in force.
    ///
    /// # Errors
    /// Returns the reason if the policy is unavailable.
    pub const fn policy(self) -> Result<&'a Policy, &'a PolicyUnavailable> {
        match self.0 {
            State::Present(policy) => Ok(policy),
            State::Absent(why) => Err(why),
            #[cfg(feature = "what-if")]
            State::Assumed(policy) => Ok(policy),
        }
    }

    /// Returns true if the validity is assumed without a check; always false without the feature `what-if`.
    #[must_use]
    pub const fn is_assumed(self) -> bool {
        match self.0 {
            State::Present(_) | State::Absent(_) => false,
            #[cfg(feature = "what-if")]
            State::Assumed(_) => true,
        }
    }

    /// Checks the validity with [`Policy::in_force`].
    ///
    /// # Errors
    /// Returns the reason if the policy is unavailable. The inner result is an error if the policy is not in force.
    pub fn in_force(
        self,
        now: Timestamp,
    ) -> Result<Result<InForce<'a>, NotInForce>, &'a PolicyUnavailable> {
        match self.0 {
            State::Present(policy) => Ok(policy.in_force(now)),
            State::Absent(why) => Err(why),
            #[cfg(feature = "what-if")]
            State::Assumed(policy) => Ok(Ok(policy.assume_in_force(now))),
        }
    }

    /// Checks the validity of θ with [`Policy::theta_in_force`].
    ///
    /// # Errors
    /// Returns the reason if the policy is unavailable. The inner result is an error if its θ is not in force.
    pub fn theta_in_force(
        self,
        now: Timestamp,
    ) -> Result<Result<ThetaInForce<'a>, NotInForce>, &'a PolicyUnavailable> {
        match self.0 {
            State::Present(policy) => Ok(policy.theta_in_force(now)),
            State::Absent(why) => Err(why),
            #[cfg(feature = "what-if")]
            State::Assumed(policy) => Ok(Ok(policy.assume_theta_in_force(now))),
        }
    }
}
