//! What the operator's guardrails say of a policy that somebody wants to publish.

use std::fmt;

use crate::{
    domain::{Instant, Leverage, Span, Symbol},
    guardrails::Guardrails,
    policy::{Listing, Policy},
};

/// One guardrail that a policy breaks.
#[derive(Debug, Clone, PartialEq)]
pub enum Breach {
    /// It is valid for too long.
    Validity {
        /// For how long: from its beginning, or from the publication where it names none.
        validity: Span,
        /// For how long at most.
        validity_max: Span,
    },
    /// It was made for another market.
    Market {
        /// What it says.
        found: Option<String>,
        /// What the operator says.
        required: String,
    },
    /// It was made for another venue.
    Venue {
        /// What it says.
        found: Option<String>,
        /// What the operator says.
        required: String,
    },
    /// It gives a symbol too much leverage.
    Leverage {
        /// Which symbol.
        symbol: Symbol,
        /// What it gives.
        leverage: Leverage,
        /// What the operator permits.
        leverage_max: Leverage,
    },
    /// It lists a symbol that the operator does not permit.
    Symbol(Symbol),
}

/// Every guardrail that the policy breaks: those that deciding asks of a policy at `now`, and those that its
/// leverages and its symbols would break at every entry. Whether it states its hash is not asked: a publication
/// always does.
///
/// The limits that a policy sets to itself are none of them: the guardrails hold beside these.
#[must_use]
pub fn breaches(guardrails: &Guardrails, policy: &Policy, now: Instant) -> Vec<Breach> {
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

/// The universe with its leverages. A policy that is never in force has none.
pub(super) fn leverages(policy: &Policy) -> Vec<(Symbol, Option<Leverage>)> {
    let Ok(in_force) = policy.in_force(policy.valid_until()) else {
        return policy.symbols().map(|symbol| (symbol, None)).collect();
    };
    let of = |symbol: Symbol| match in_force.listing(&symbol) {
        Listing::NotInUniverse | Listing::NoLeverage => (symbol, None),
        Listing::Leverage(leverage) => (symbol, Some(leverage.value())),
    };
    policy.symbols().map(of).collect()
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let said = |found: &Option<String>| match found {
            Some(found) => format!("`{}`", found.escape_debug()),
            None => "nothing".to_owned(),
        };
        match self {
            Self::Validity {
                validity,
                validity_max,
            } => write!(
                f,
                "`valid_until_epoch`: a validity of {validity}, at most {validity_max}"
            ),
            Self::Market { found, required } => {
                write!(f, "`market`: {}, required `{required}`", said(found))
            }
            Self::Venue { found, required } => {
                write!(f, "`venue`: {}, required `{required}`", said(found))
            }
            Self::Leverage {
                symbol,
                leverage,
                leverage_max,
            } => write!(
                f,
                "`leverage_by_symbol.{symbol}`: {leverage}, at most {leverage_max}"
            ),
            Self::Symbol(symbol) => {
                write!(f, "`universe_symbols`: {symbol} is not permitted")
            }
        }
    }
}
