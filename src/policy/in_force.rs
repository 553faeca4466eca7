//! The witnesses that a policy's validity was checked against an instant.

use thiserror::Error;

use super::{Limits, Listing, Policy, Theta};
use crate::domain::{Instant, Leverage, Symbol};

/// Why a policy is not in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum NotInForce {
    /// It begins later.
    #[error("not valid before {valid_from}, now is {now}")]
    NotYetValid {
        /// The first instant at which the policy is in force.
        valid_from: Instant,
        /// The instant asked about.
        now: Instant,
    },
    /// It has ended.
    #[error("not valid after {valid_until}, now is {now}")]
    Stale {
        /// The last instant at which what was asked for is in force: the policy's expiry, for θ with the
        /// grace that the policy gives.
        valid_until: Instant,
        /// The instant asked about.
        now: Instant,
    },
}

/// A policy together with an instant at which it is in force; only [`Policy::in_force`] makes one.
///
/// It is the only way to the leverages and the limits.
#[derive(Debug, Clone, Copy)]
pub struct InForce<'p> {
    policy: &'p Policy,
    now: Instant,
    assumed: bool,
}

impl<'p> InForce<'p> {
    pub(super) const fn new(policy: &'p Policy, now: Instant, assumed: bool) -> Self {
        Self {
            policy,
            now,
            assumed,
        }
    }

    /// The policy.
    #[must_use]
    pub const fn policy(&self) -> &'p Policy {
        self.policy
    }

    /// The instant at which it is in force.
    #[must_use]
    pub const fn now(&self) -> Instant {
        self.now
    }

    /// Whether the validity was assumed and not checked; never true without the feature `what-if`.
    #[must_use]
    pub const fn is_assumed(&self) -> bool {
        self.assumed
    }

    /// What the policy says of a symbol. One lookup, no allocation.
    #[must_use]
    #[inline]
    pub fn listing(&self, symbol: &Symbol) -> Listing {
        self.policy.content().universe.listing(symbol)
    }

    /// The leverage of a listed symbol, if it has one; `None` for a symbol that is not listed.
    #[inline]
    pub(crate) fn leverage_of(&self, symbol: &Symbol) -> Option<Option<Leverage>> {
        self.policy.content().universe.leverage_of(symbol)
    }

    /// The limits that the policy sets.
    #[must_use]
    pub const fn limits(&self) -> &'p Limits {
        &self.policy.content().limits
    }
}

/// A policy together with an instant at which its θ is in force; only [`Policy::theta_in_force`] makes one.
#[derive(Debug, Clone, Copy)]
pub struct ThetaInForce<'p> {
    policy: &'p Policy,
    now: Instant,
    assumed: bool,
}

impl<'p> ThetaInForce<'p> {
    pub(super) const fn new(policy: &'p Policy, now: Instant, assumed: bool) -> Self {
        Self {
            policy,
            now,
            assumed,
        }
    }

    /// The policy.
    #[must_use]
    pub const fn policy(&self) -> &'p Policy {
        self.policy
    }

    /// The instant at which θ is in force.
    #[must_use]
    pub const fn now(&self) -> Instant {
        self.now
    }

    /// Whether the validity was assumed and not checked; never true without the feature `what-if`.
    #[must_use]
    pub const fn is_assumed(&self) -> bool {
        self.assumed
    }

    /// The harvest parameters.
    #[must_use]
    pub const fn theta(&self) -> &'p Theta {
        &self.policy.content().theta
    }

    /// The limits that the policy sets; a harvest asks for the ages among them.
    #[must_use]
    pub const fn limits(&self) -> &'p Limits {
        &self.policy.content().limits
    }
}
