//! The optional limits of a policy.

use super::{
    bound::{Bound, Numbers},
    field,
    invalid::Violations,
};
use crate::types::{Leverage, Margin, Notional, SignedDuration};

/// The `limits` of a policy. Each limit is optional.
#[derive(Debug, Clone, PartialEq)]
pub struct Limits {
    max_leverage: Option<Leverage>,
    max_position_usd: Option<Margin>,
    max_notional_usd: Option<Notional>,
    max_intent_age: Option<SignedDuration>,
    max_market_age: Option<SignedDuration>,
    max_position_age: Option<SignedDuration>,
}

impl Limits {
    /// Returns the largest leverage of a trade, from `limits.max_leverage`.
    #[must_use]
    pub const fn max_leverage(&self) -> Option<Leverage> {
        self.max_leverage
    }

    /// Returns the largest margin of a trade in USD, from `limits.max_position_usd`.
    #[must_use]
    pub const fn max_position_usd(&self) -> Option<Margin> {
        self.max_position_usd
    }

    /// Returns the largest notional of a trade in USD, from `limits.max_notional_usd`.
    #[must_use]
    pub const fn max_notional_usd(&self) -> Option<Notional> {
        self.max_notional_usd
    }

    /// Returns the maximum age of an intent, from `limits.max_intent_age_sec`, rounded down to the microsecond.
    #[must_use]
    pub const fn max_intent_age(&self) -> Option<SignedDuration> {
        self.max_intent_age
    }

    /// Returns the maximum age of a market state, from `limits.max_market_age_sec`, rounded down to the microsecond.
    #[must_use]
    pub const fn max_market_age(&self) -> Option<SignedDuration> {
        self.max_market_age
    }

    /// Returns the maximum age of a position snapshot, from `limits.max_position_age_sec`, rounded down to the
    /// microsecond.
    #[must_use]
    pub const fn max_position_age(&self) -> Option<SignedDuration> {
        self.max_position_age
    }

    /// Reads the field `limits`. Without it, no limit is set.
    pub(super) fn read(text: Option<&str>, violations: &mut Violations) -> Option<Self> {
        let Some(text) = text else {
            return Some(Self {
                max_leverage: None,
                max_position_usd: None,
                max_notional_usd: None,
                max_intent_age: None,
                max_market_age: None,
                max_position_age: None,
            });
        };
        let mut numbers = Numbers::parse(field::LIMITS, text, violations)?;
        let mut positive = |name| numbers.optional(name, Bound::Positive);
        // `.ok()` does not hide an error, because a number that its type rejects has already
        // violated `Bound::Positive`.
        let max_leverage = positive("max_leverage").and_then(|x| Leverage::new(x).ok());
        let max_position_usd = positive("max_position_usd").and_then(|x| Margin::new(x).ok());
        let max_notional_usd = positive("max_notional_usd").and_then(|x| Notional::new(x).ok());
        let mut age = |name| numbers.optional_span(name, Bound::Positive);
        let limits = Self {
            max_leverage,
            max_position_usd,
            max_notional_usd,
            max_intent_age: age("max_intent_age_sec"),
            max_market_age: age("max_market_age_sec"),
            max_position_age: age("max_position_age_sec"),
        };
        numbers.finish();
        Some(limits)
    }
}
