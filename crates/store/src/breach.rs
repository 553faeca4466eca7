//! Checks of a policy against the guardrails before it is published.

use std::fmt;

use portcullis::{
    guardrails::Guardrails,
    policy::{Listing, Policy},
    types::{Leverage, SignedDuration, Symbol, Timestamp},
};

/// One guardrail that a policy violates.
#[derive(Debug, Clone, PartialEq)]
pub enum Breach {
    /// The validity of the policy is too long.
    Validity {
        /// The validity, from `valid_from_epoch`, or from the publication if the policy does not have this field.
        validity: SignedDuration,
        /// The longest validity that the guardrails permit.
        validity_max: SignedDuration,
    },
    /// The policy is for another market.
    Market {
        /// The value in the policy, if there is one.
        found: Option<String>,
        /// The value that the guardrails require.
        required: String,
    },
    /// The policy is for another venue.
    Venue {
        /// The value in the policy, if there is one.
        found: Option<String>,
        /// The value that the guardrails require.
        required: String,
    },
    /// The leverage of a symbol is too high.
    Leverage {
        /// The symbol.
        symbol: Symbol,
        /// The leverage in the policy.
        leverage: Leverage,
        /// The highest leverage that the guardrails permit.
        leverage_max: Leverage,
    },
    /// The universe contains a symbol that the guardrails do not permit.
    Symbol(Symbol),
}

/// Returns every guardrail that the policy violates: those that a decision checks on a policy at `now`, and those
/// that its leverages and symbols would violate at every entry. It does not check for a `policy_hash`, because a
/// publication always adds one.
///
/// Limits that the policy sets for itself are not guardrails and are not checked here.
#[must_use]
pub fn breaches(guardrails: &Guardrails, policy: &Policy, now: Timestamp) -> Vec<Breach> {
    let mut found = Vec::new();
    let validity = policy
        .valid_until()
        .since(policy.valid_from().unwrap_or(now));
    if let Some(validity_max) = guardrails.max_validity()
        && validity > validity_max
    {
        found.push(Breach::Validity {
            validity,
            validity_max,
        });
    }
    if let Some(required) = guardrails.market()
        && policy.market() != Some(required)
    {
        found.push(Breach::Market {
            found: policy.market().map(str::to_owned),
            required: required.to_owned(),
        });
    }
    if let Some(required) = guardrails.venue()
        && policy.venue() != Some(required)
    {
        found.push(Breach::Venue {
            found: policy.venue().map(str::to_owned),
            required: required.to_owned(),
        });
    }
    for (symbol, leverage) in leverages(policy) {
        if !guardrails.permits(&symbol) {
            found.push(Breach::Symbol(symbol));
        }
        if let (Some(leverage), Some(leverage_max)) = (leverage, guardrails.max_leverage())
            && leverage > leverage_max
        {
            found.push(Breach::Leverage {
                symbol,
                leverage,
                leverage_max,
            });
        }
    }
    found
}

/// Returns the universe with its leverages. A policy that is never in force has no leverages.
pub(super) fn leverages(policy: &Policy) -> Vec<(Symbol, Option<Leverage>)> {
    let Ok(in_force) = policy.in_force(policy.valid_until()) else {
        return policy.symbols().map(|symbol| (symbol, None)).collect();
    };
    let of = |symbol: Symbol| match in_force.listing(&symbol) {
        Listing::NotInUniverse | Listing::NoLeverage => (symbol, None),
        Listing::Leverage(leverage) => (symbol, Some(leverage)),
    };
    policy.symbols().map(of).collect()
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let said = |found: &Option<String>| match found {
            Some(found) => format!("`{}`", found.escape_debug()),
            None => "missing".to_owned(),
        };
        match self {
            Self::Validity {
                validity,
                validity_max,
            } => write!(
                f,
                "`valid_until_epoch`: the validity is {validity}, the maximum is {validity_max}"
            ),
            Self::Market { found, required } => {
                write!(
                    f,
                    "`market`: {}, the guardrails require `{required}`",
                    said(found)
                )
            }
            Self::Venue { found, required } => {
                write!(
                    f,
                    "`venue`: {}, the guardrails require `{required}`",
                    said(found)
                )
            }
            Self::Leverage {
                symbol,
                leverage,
                leverage_max,
            } => write!(
                f,
                "`leverage_by_symbol.{symbol}`: leverage is {leverage}, the maximum is {leverage_max}"
            ),
            Self::Symbol(symbol) => {
                write!(
                    f,
                    "`universe_symbols`: the guardrails do not permit {symbol}"
                )
            }
        }
    }
}
