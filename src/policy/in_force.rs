//! Proof tokens that a policy's validity was checked at a timestamp.

use thiserror::Error;

use super::{Limits, Listing, Policy, Theta};
use crate::types::{Leverage, Symbol, Timestamp};

/// The reason why a policy is not in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum NotInForce {
    /// The policy is not valid yet.
    #[error("not valid before {valid_from}, now is {now}")]
    NotYetValid {
        /// The first timestamp at which the policy is in force.
        valid_from: Timestamp,
        /// The timestamp of the check.
        now: Timestamp,
    },
    /// The policy has expired.
    #[error("not valid after {valid_until}, now is {now}")]
    Stale {
        /// The last timestamp at which it was in force: the expiry of the policy; for θ, the end of the grace period
        /// after the expiry.
        valid_until: Timestamp,
        /// The timestamp of the check.
        now: Timestamp,
    },
}

/// A policy and a timestamp at which it is in force, created by [`Policy::in_force`].
///
/// The leverages and the entry limits of a policy can be read only through this type.
#[derive(Debug, Clone, Copy)]
pub struct InForce<'p> {
    policy: &'p Policy,
    now: Timestamp,
    assumed: bool,
}

impl<'p> InForce<'p> {
    pub(super) const fn new(policy: &'p Policy, now: Timestamp, assumed: bool) -> Self {
        Self {
            policy,
            now,
            assumed,
        }
    }

    /// Returns the policy.
    #[must_use]
    pub const fn policy(&self) -> &'p Policy {
        self.policy
    }

    /// Returns the timestamp at which the policy is in force.
    #[must_use]
    pub const fn now(&self) -> Timestamp {
        self.now
    }

    /// Returns true if the validity was assumed without a check; always false without the feature `what-if`.
    #[must_use]
    pub const fn is_assumed(&self) -> bool {
        self.assumed
    }

    /// Looks up a symbol in the universe. Does not allocate.
    #[must_use]
    #[inline]
    pub fn listing(&self, symbol: &Symbol) -> Listing {
        self.policy.content().universe.listing(symbol)
    }

    /// Returns the leverage of a listed symbol, if it has one; `None` for a symbol that is not listed.
    #[inline]
    pub(crate) fn leverage_of(&self, symbol: &Symbol) -> Option<Option<Leverage>> {
        self.policy.content().universe.leverage_of(symbol)
    }

    /// Returns the limits of the policy.
    #[must_use]
    pub const fn limits(&self) -> &'p Limits {
        &self.policy.content().limits
    }
}

/// A policy and a timestamp at which its θ is in force, created by [`Policy::theta_in_force`].
#[derive(Debug, Clone, Copy)]
pub struct ThetaInForce<'p> {
    policy: &'p Policy,
    now: Timestamp,
    assumed: bool,
}

impl<'p> ThetaInForce<'p> {
    pub(super) const fn new(policy: &'p Policy, now: Timestamp, assumed: bool) -> Self {
        Self {
            policy,
            now,
            assumed,
        }
    }

    /// Returns the policy.
    #[must_use]
    pub const fn policy(&self) -> &'p Policy {
        self.policy
    }

    /// Returns the timestamp at which θ is in force.
    #[must_use]
    pub const fn now(&self) -> Timestamp {
        self.now
    }

    /// Returns true if the validity was assumed without a check; always false without the feature `what-if`.
    #[must_use]
    pub const fn is_assumed(&self) -> bool {
        self.assumed
    }

    /// Returns the harvest parameters.
    #[must_use]
    pub const fn theta(&self) -> &'p Theta {
        &self.policy.content().theta
    }

    /// Returns the limits of the policy. A harvest uses the maximum ages of the market state and the position.
    #[must_use]
    pub const fn limits(&self) -> &'p Limits {
        &self.policy.content().limits
    }
}
