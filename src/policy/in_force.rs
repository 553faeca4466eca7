//! Proof tokens that a policy's validity was checked at a timestamp.

use std::marker::PhantomData;

use thiserror::Error;

use super::{Limits, Listing, Policy, PolicyUnavailable, Theta};
use crate::types::{Symbol, Timestamp};

/// The reason why a policy is not in force at a timestamp.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ValidityError {
    /// The policy is not valid yet.
    #[error("not in force before {valid_from}; the time is {now}")]
    NotYetValid {
        /// The first timestamp at which the policy is in force.
        valid_from: Timestamp,
        /// The timestamp of the check.
        now: Timestamp,
    },
    /// The policy has expired.
    #[error("expired at {valid_until}; the time is {now}")]
    Expired {
        /// The last timestamp at which the policy was in force. For θ, this is the end of the grace
        /// period after the expiry.
        valid_until: Timestamp,
        /// The timestamp of the check.
        now: Timestamp,
    },
}

/// The reason why a [`PolicyState`](super::PolicyState) contains no policy in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum NotInForceError<'a> {
    /// The policy is unavailable.
    #[error(transparent)]
    Unavailable(&'a PolicyUnavailable),
    /// There is a policy, but it is not in force.
    #[error(transparent)]
    Validity(#[from] ValidityError),
}

/// A policy and a timestamp at which it is in force for `Use`, which is either entries or harvests. Created by
/// [`Policy::in_force`] for entries and by [`Policy::theta_in_force`] for harvests.
///
/// The numbers of a policy can be read only through this type. The leverages can be read only for
/// entries, and θ only for harvests, because no entry may be made in the grace period of θ.
#[derive(Debug, Clone, Copy)]
pub struct InForce<'p, Use = ForEntries> {
    policy: &'p Policy,
    now: Timestamp,
    assumed: bool,
    of: PhantomData<Use>,
}

/// A policy and a timestamp at which its θ is in force.
pub type ThetaInForce<'p> = InForce<'p, ForHarvests>;

/// Marks a policy as in force for entries, which it is until its expiry.
#[derive(Debug, Clone, Copy)]
pub enum ForEntries {}

/// Marks a policy as in force for harvests, which it is until the end of the grace period of θ.
#[derive(Debug, Clone, Copy)]
pub enum ForHarvests {}

impl Policy {
    /// Checks that the policy is in force at `now`: `valid_from` ≤ `now` ≤ `valid_until`.
    ///
    /// # Errors
    /// Returns an error if the policy is not valid yet or has expired.
    pub fn in_force(&self, now: Timestamp) -> Result<InForce<'_>, ValidityError> {
        self.check_window(now, self.content().valid_until)?;
        Ok(InForce::new(self, now, false))
    }

    /// Checks that θ is in force at `now`. In contrast to [`Self::in_force`], the expiry is
    /// extended by `harvest_grace_sec`.
    ///
    /// # Errors
    /// Returns an error if the policy is not valid yet, or has expired and its grace period is
    /// over.
    pub fn theta_in_force(&self, now: Timestamp) -> Result<ThetaInForce<'_>, ValidityError> {
        self.check_window(now, self.theta_valid_until())?;
        Ok(ThetaInForce::new(self, now, false))
    }

    /// Returns the last timestamp at which θ is in force: the expiry, extended by `harvest_grace_sec`.
    #[must_use]
    pub fn theta_valid_until(&self) -> Timestamp {
        let until = self.content().valid_until;
        match self.content().harvest_grace {
            Some(grace) => until.saturating_add(grace),
            None => until,
        }
    }

    /// Returns the policy as in force at `now` without a check, for what-if replays.
    #[cfg(feature = "what-if")]
    #[must_use]
    pub const fn assume_in_force(&self, now: Timestamp) -> InForce<'_> {
        InForce::new(self, now, true)
    }

    /// Returns θ as in force at `now` without a check, for what-if replays.
    #[cfg(feature = "what-if")]
    #[must_use]
    pub const fn assume_theta_in_force(&self, now: Timestamp) -> ThetaInForce<'_> {
        ThetaInForce::new(self, now, true)
    }

    fn check_window(&self, now: Timestamp, valid_until: Timestamp) -> Result<(), ValidityError> {
        match self.content().valid_from {
            Some(valid_from) if now < valid_from => {
                Err(ValidityError::NotYetValid { valid_from, now })
            }
            _ if now > valid_until => Err(ValidityError::Expired { valid_until, now }),
            _ => Ok(()),
        }
    }
}

impl<'p, Use> InForce<'p, Use> {
    const fn new(policy: &'p Policy, now: Timestamp, assumed: bool) -> Self {
        Self {
            policy,
            now,
            assumed,
            of: PhantomData,
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

    /// Returns the limits of the policy. A harvest uses the maximum ages of the market state and the position.
    #[must_use]
    pub const fn limits(&self) -> &'p Limits {
        &self.policy.content().limits
    }
}

impl InForce<'_> {
    /// Looks up a symbol in the universe. Does not allocate.
    #[must_use]
    #[inline]
    pub fn listing(&self, symbol: &Symbol) -> Listing {
        self.policy.content().universe.listing(symbol)
    }
}

impl<'p> ThetaInForce<'p> {
    /// Returns the harvest parameters.
    #[must_use]
    pub const fn theta(&self) -> &'p Theta {
        &self.policy.content().theta
    }
}
