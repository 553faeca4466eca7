//! Checks of a policy against the guardrails.

use std::fmt;

use super::Guardrails;
use crate::{
    policy::{Listing, Policy},
    types::{Leverage, Shown, SignedDuration, Symbol, Timestamp},
};

/// A guardrail that a policy violates. Texts are borrowed (`&str`) in evidence and owned (`String`) in errors.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ConstraintViolation<T> {
    /// The policy is valid for too long.
    Validity {
        /// The validity of the policy, counted from `valid_from`, or from now if the policy does
        /// not have this field.
        validity: SignedDuration,
        /// The longest allowed validity.
        validity_max: SignedDuration,
    },
    /// The policy is for another market, or does not state a market.
    Market {
        /// The market of the policy; `None` if the policy does not state it.
        found: Option<T>,
        /// The market that the guardrails require.
        required: T,
    },
    /// The policy is for another venue, or does not state a venue.
    Venue {
        /// The venue of the policy; `None` if the policy does not state it.
        found: Option<T>,
        /// The venue that the guardrails require.
        required: T,
    },
    /// The policy has no hash, and the guardrails require one.
    NoHash,
    /// The generator of the policy reported bad inputs, or the policy does not state `metadata_ok`.
    MetadataNotOk {
        /// The text of `metadata_ok`; `None` if the policy does not state it.
        found: Option<T>,
    },
    /// The universe lists a symbol that the guardrails do not permit.
    Symbol(Symbol),
    /// The leverage of a symbol is too high.
    Leverage {
        /// The symbol whose leverage is too high.
        symbol: Symbol,
        /// The leverage in the policy.
        leverage: Leverage,
        /// The highest allowed leverage.
        leverage_max: Leverage,
    },
}

impl Guardrails {
    /// Returns every guardrail that a policy violates. Violations that deny every entry under the
    /// policy come first; then come those that deny only the entries in single symbols. The
    /// `limits` of the policy are not compared with the guardrails, because the lower limit of the two applies to each
    /// trade.
    ///
    /// Without `valid_from_epoch`, the validity is counted from `now`. It is not checked if `now`
    /// is `None`, which means that the policy is only assumed to be in force.
    pub fn violations<'a>(
        &'a self,
        policy: &'a Policy,
        now: Option<Timestamp>,
    ) -> impl Iterator<Item = ConstraintViolation<&'a str>> {
        let of_policy = [
            self.validity_violation(policy, now),
            self.market_violation(policy),
            self.venue_violation(policy),
            self.hash_violation(policy),
            self.metadata_violation(policy),
        ];
        let of_symbols = self.symbol_violations(policy);
        of_policy.into_iter().flatten().chain(of_symbols)
    }

    /// Returns the first violated guardrail that denies every entry. Does not allocate.
    #[inline]
    pub(crate) fn policy_violation<'a>(
        &'a self,
        policy: &'a Policy,
        now: Option<Timestamp>,
    ) -> Option<ConstraintViolation<&'a str>> {
        let constrains_policies = self.max_validity.is_some()
            || self.market.is_some()
            || self.venue.is_some()
            || self.require_policy_hash
            || self.require_metadata_ok;
        if constrains_policies {
            self.first_violation(policy, now)
        } else {
            None
        }
    }

    fn first_violation<'a>(
        &'a self,
        policy: &'a Policy,
        now: Option<Timestamp>,
    ) -> Option<ConstraintViolation<&'a str>> {
        self.validity_violation(policy, now)
            .or_else(|| self.market_violation(policy))
            .or_else(|| self.venue_violation(policy))
            .or_else(|| self.hash_violation(policy))
            .or_else(|| self.metadata_violation(policy))
    }

    fn validity_violation(
        &self,
        policy: &Policy,
        now: Option<Timestamp>,
    ) -> Option<ConstraintViolation<&str>> {
        let validity_max = self.max_validity?;
        let validity = policy.valid_until().since(policy.valid_from().or(now)?);
        (validity > validity_max).then_some(ConstraintViolation::Validity {
            validity,
            validity_max,
        })
    }

    fn market_violation<'a>(&'a self, policy: &'a Policy) -> Option<ConstraintViolation<&'a str>> {
        let required = self.market()?;
        let found = policy.market();
        (found != Some(required)).then_some(ConstraintViolation::Market { found, required })
    }

    fn venue_violation<'a>(&'a self, policy: &'a Policy) -> Option<ConstraintViolation<&'a str>> {
        let required = self.venue()?;
        let found = policy.venue();
        (found != Some(required)).then_some(ConstraintViolation::Venue { found, required })
    }

    fn hash_violation(&self, policy: &Policy) -> Option<ConstraintViolation<&str>> {
        let is_missing = self.require_policy_hash && !policy.states_hash();
        is_missing.then_some(ConstraintViolation::NoHash)
    }

    fn metadata_violation<'a>(
        &'a self,
        policy: &'a Policy,
    ) -> Option<ConstraintViolation<&'a str>> {
        let is_violated = self.require_metadata_ok && !policy.is_metadata_ok();
        is_violated.then(|| ConstraintViolation::MetadataNotOk {
            found: policy.metadata_ok(),
        })
    }

    /// Returns the violated guardrails that deny only the entries in one symbol. The leverages of a policy that is
    /// never in force cannot be read, so they are not checked.
    fn symbol_violations<'a>(
        &'a self,
        policy: &'a Policy,
    ) -> impl Iterator<Item = ConstraintViolation<&'a str>> {
        let in_force = policy.in_force(policy.valid_until()).ok();
        policy.symbols().flat_map(move |symbol| {
            let listing = in_force.map(|in_force| in_force.listing(&symbol));
            let excess = match (listing, self.max_leverage) {
                (Some(Listing::Leverage(leverage)), Some(leverage_max))
                    if leverage > leverage_max =>
                {
                    Some(ConstraintViolation::Leverage {
                        symbol,
                        leverage,
                        leverage_max,
                    })
                }
                _ => None,
            };
            let is_permitted = self.permits(&symbol);
            let symbol = (!is_permitted).then_some(ConstraintViolation::Symbol(symbol));
            symbol.into_iter().chain(excess)
        })
    }
}

impl ConstraintViolation<&str> {
    /// Converts borrowed texts to owned texts.
    #[must_use]
    pub fn into_owned(self) -> ConstraintViolation<String> {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        match self {
            Self::Validity {
                validity,
                validity_max,
            } => ConstraintViolation::Validity {
                validity,
                validity_max,
            },
            Self::Market { found, required } => ConstraintViolation::Market {
                found: owned(found),
                required: required.to_owned(),
            },
            Self::Venue { found, required } => ConstraintViolation::Venue {
                found: owned(found),
                required: required.to_owned(),
            },
            Self::NoHash => ConstraintViolation::NoHash,
            Self::MetadataNotOk { found } => ConstraintViolation::MetadataNotOk {
                found: owned(found),
            },
            Self::Symbol(symbol) => ConstraintViolation::Symbol(symbol),
            Self::Leverage {
                symbol,
                leverage,
                leverage_max,
            } => ConstraintViolation::Leverage {
                symbol,
                leverage,
                leverage_max,
            },
        }
    }
}

impl<T: AsRef<str>> fmt::Display for ConstraintViolation<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut place = |name: &str, found: Option<&str>, required: &str| match found {
            Some(found) => write!(
                f,
                "the {name} of the policy is `{}`; the guardrails require `{required}`",
                Shown(found)
            ),
            None => write!(
                f,
                "the policy has no `{name}`; the guardrails require `{required}`"
            ),
        };
        match self {
            Self::Market { found, required } => {
                place("market", found.as_ref().map(T::as_ref), required.as_ref())
            }
            Self::Venue { found, required } => {
                place("venue", found.as_ref().map(T::as_ref), required.as_ref())
            }
            Self::Validity {
                validity,
                validity_max,
            } => write!(
                f,
                "the policy is valid for {validity}; the guardrails allow at most {validity_max} (`max_validity_sec`)"
            ),
            Self::NoHash => f.write_str(
                "the policy has no `policy_hash`; the guardrails require one (`require_policy_hash`)",
            ),
            Self::MetadataNotOk { found: Some(found) } => write!(
                f,
                "`metadata_ok` of the policy is `{}`; the guardrails require `true` (`require_metadata_ok`)",
                Shown(found.as_ref())
            ),
            Self::MetadataNotOk { found: None } => f.write_str(
                "the policy has no `metadata_ok`; the guardrails require `true` (`require_metadata_ok`)",
            ),
            Self::Symbol(symbol) => {
                write!(
                    f,
                    "the policy lists {symbol}, but the guardrails do not permit it (`permitted_symbols`)"
                )
            }
            Self::Leverage {
                symbol,
                leverage,
                leverage_max,
            } => write!(
                f,
                "the policy has leverage {leverage} for {symbol}; the guardrails allow at most {leverage_max} (`max_leverage`)"
            ),
        }
    }
}
