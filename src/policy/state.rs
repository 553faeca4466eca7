//! A policy, or the reason why it is unavailable.

use super::{InForce, NotInForceError, Policy, PolicyUnavailable, ThetaInForce};
use crate::types::Timestamp;

/// The policy input of a decision: a borrowed policy, or the reason why it is unavailable.
///
/// There is no default. The owned form is `Result<Policy, PolicyUnavailable>`.
#[derive(Debug, Clone, Copy)]
pub struct PolicyState<'a> {
    policy: Result<&'a Policy, &'a PolicyUnavailable>,
    #[cfg(feature = "what-if")]
    assumed: bool,
}

impl<'a> PolicyState<'a> {
    /// Creates a state with a policy. The validity of the policy is checked later.
    #[must_use]
    pub const fn present(policy: &'a Policy) -> Self {
        Self::new(Ok(policy))
    }

    /// Creates a state without a policy.
    #[must_use]
    pub const fn unavailable(reason: &'a PolicyUnavailable) -> Self {
        Self::new(Err(reason))
    }

    const fn new(policy: Result<&'a Policy, &'a PolicyUnavailable>) -> Self {
        Self {
            policy,
            #[cfg(feature = "what-if")]
            assumed: false,
        }
    }

    /// Returns the same state, in which a policy counts as in force at every timestamp. For what-if replays.
    #[cfg(feature = "what-if")]
    #[must_use]
    pub const fn assume_in_force(self) -> Self {
        Self {
            policy: self.policy,
            assumed: self.policy.is_ok(),
        }
    }

    /// Returns the policy, whether or not it is in force.
    ///
    /// # Errors
    /// Returns the reason if the policy is unavailable.
    pub const fn policy(self) -> Result<&'a Policy, &'a PolicyUnavailable> {
        self.policy
    }

    /// Returns true if the validity is assumed without a check; always false without the feature `what-if`.
    #[must_use]
    pub const fn is_assumed(self) -> bool {
        #[cfg(feature = "what-if")]
        return self.assumed;
        #[cfg(not(feature = "what-if"))]
        false
    }

    /// Checks the validity with [`Policy::in_force`].
    ///
    /// # Errors
    /// Returns an error if the policy is unavailable or not in force.
    pub fn in_force(self, now: Timestamp) -> Result<InForce<'a>, NotInForceError<'a>> {
        let policy = self.policy.map_err(NotInForceError::Unavailable)?;
        #[cfg(feature = "what-if")]
        if self.assumed {
            return Ok(policy.assume_in_force(now));
        }
        Ok(policy.in_force(now)?)
    }

    /// Checks the validity of θ with [`Policy::theta_in_force`].
    ///
    /// # Errors
    /// Returns an error if the policy is unavailable or its θ is not in force.
    pub fn theta_in_force(self, now: Timestamp) -> Result<ThetaInForce<'a>, NotInForceError<'a>> {
        let policy = self.policy.map_err(NotInForceError::Unavailable)?;
        #[cfg(feature = "what-if")]
        if self.assumed {
            return Ok(policy.assume_theta_in_force(now));
        }
        Ok(policy.theta_in_force(now)?)
    }
}

impl<'a> From<&'a Result<Policy, PolicyUnavailable>> for PolicyState<'a> {
    fn from(policy: &'a Result<Policy, PolicyUnavailable>) -> Self {
        Self::new(policy.as_ref())
    }
}
