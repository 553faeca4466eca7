//! Guardrails: limits that the operator sets, independent of any policy.

mod constraint;
mod document;

pub use constraint::ConstraintViolation;
pub use document::{GuardrailsError, GuardrailsFieldError};

use std::collections::{BTreeMap, BTreeSet};

use crate::types::{Fraction, Leverage, Margin, Notional, SignedDuration, Symbol};

/// Operator limits that apply to every policy.
///
/// There is no default: an engine is built either with guardrails or explicitly with [`Guardrails::none`].
#[derive(Debug, Clone, PartialEq)]
pub struct Guardrails {
    max_leverage: Option<Leverage>,
    max_position_usd: Option<Margin>,
    max_notional_usd: Option<Notional>,
    max_validity: Option<SignedDuration>,
    max_intent_age: Option<SignedDuration>,
    max_intent_skew: Option<SignedDuration>,
    max_plan_age: Option<SignedDuration>,
    max_price_deviation: Option<Fraction>,
    max_stop_distance: Option<Fraction>,
    ignore_fields: BTreeSet<String>,
    timestamp_is: BTreeMap<String, CandleTime>,
    permitted_symbols: Option<BTreeSet<Symbol>>,
    market: Option<String>,
    venue: Option<String>,
    require_policy_hash: bool,
    require_metadata_ok: bool,
    halt: Halt,
}

/// The meaning of `timestamp` in the intents of a source that sends once per candle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CandleTime {
    /// The time at which the candle opened, with the length of the candle. The intent is not sent before the end of the
    /// candle.
    Open(SignedDuration),
    /// The time at which the candle closed.
    Close,
}

/// The scope of a halt. A halt stops entries only, never exits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Halt {
    /// No entries are stopped.
    Nothing,
    /// Entries in these symbols are stopped.
    Symbols(BTreeSet<Symbol>),
    /// All entries are stopped.
    Everything,
}

impl Halt {
    /// Returns the union of two halts.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        match (self, other) {
            (Self::Everything, _) | (_, Self::Everything) => Self::Everything,
            (Self::Nothing, halt) | (halt, Self::Nothing) => halt.clone(),
            (Self::Symbols(one), Self::Symbols(other)) => {
                Self::Symbols(one.union(other).copied().collect())
            }
        }
    }
}

impl Guardrails {
    /// Creates empty guardrails, so that only the policy sets limits.
    #[must_use]
    pub const fn none() -> Self {
        Self {
            max_leverage: None,
            max_position_usd: None,
            max_notional_usd: None,
            max_validity: None,
            max_intent_age: None,
            max_intent_skew: None,
            max_plan_age: None,
            max_price_deviation: None,
            max_stop_distance: None,
            ignore_fields: BTreeSet::new(),
            timestamp_is: BTreeMap::new(),
            permitted_symbols: None,
            market: None,
            venue: None,
            require_policy_hash: false,
            require_metadata_ok: false,
            halt: Halt::Nothing,
        }
    }

    /// Sets the largest leverage of a trade.
    #[must_use]
    pub const fn with_max_leverage(mut self, bound: Leverage) -> Self {
        self.max_leverage = Some(bound);
        self
    }

    /// Sets the largest margin of a trade, in USD.
    #[must_use]
    pub const fn with_max_position_usd(mut self, bound: Margin) -> Self {
        self.max_position_usd = Some(bound);
        self
    }

    /// Sets the largest notional of a trade, in USD.
    #[must_use]
    pub const fn with_max_notional_usd(mut self, bound: Notional) -> Self {
        self.max_notional_usd = Some(bound);
        self
    }

    /// Sets the longest validity of a policy.
    #[must_use]
    pub const fn with_max_validity(mut self, bound: SignedDuration) -> Self {
        self.max_validity = Some(bound);
        self
    }

    /// Sets the maximum age of an intent.
    #[must_use]
    pub const fn with_max_intent_age(mut self, bound: SignedDuration) -> Self {
        self.max_intent_age = Some(bound);
        self
    }

    /// Sets the maximum time by which an intent may be ahead of the clock.
    #[must_use]
    pub const fn with_max_intent_skew(mut self, bound: SignedDuration) -> Self {
        self.max_intent_skew = Some(bound);
        self
    }

    /// Sets the maximum time from the decision to the execution of a trade.
    #[must_use]
    pub const fn with_max_plan_age(mut self, bound: SignedDuration) -> Self {
        self.max_plan_age = Some(bound);
        self
    }

    /// Sets the largest difference between `price` and `entry_price` of an intent, as a fraction of `entry_price`.
    #[must_use]
    pub const fn with_max_price_deviation(mut self, bound: Fraction) -> Self {
        self.max_price_deviation = Some(bound);
        self
    }

    /// Sets the largest distance of a stop from the entry price of an intent, as a fraction of the entry price. An
    /// entry with a stop and without a price exceeds this limit.
    #[must_use]
    pub const fn with_max_stop_distance(mut self, bound: Fraction) -> Self {
        self.max_stop_distance = Some(bound);
        self
    }

    /// Ignores every field of an intent that has this name, even if the name suggests that the field could change the
    /// order. A field that is known to change an order is never ignored.
    #[must_use]
    pub fn with_ignored_field(mut self, name: impl Into<String>) -> Self {
        self.ignore_fields.insert(name.into());
        self
    }

    /// States that `timestamp` in the intents of a source is the time of a candle.
    #[must_use]
    pub fn with_timestamp_is(mut self, source: impl Into<String>, meaning: CandleTime) -> Self {
        self.timestamp_is.insert(source.into(), meaning);
        self
    }

    /// Permits only these symbols.
    #[must_use]
    pub fn with_permitted_symbols(mut self, symbols: BTreeSet<Symbol>) -> Self {
        self.permitted_symbols = Some(symbols);
        self
    }

    /// Requires this `market` in a policy.
    #[must_use]
    pub fn with_market(mut self, market: impl Into<String>) -> Self {
        self.market = Some(market.into());
        self
    }

    /// Requires this `venue` in a policy.
    #[must_use]
    pub fn with_venue(mut self, venue: impl Into<String>) -> Self {
        self.venue = Some(venue.into());
        self
    }

    /// Requires a `policy_hash` in a policy. Without a hash, a mix of the fields of two
    /// publications cannot be detected.
    #[must_use]
    pub const fn with_required_policy_hash(mut self) -> Self {
        self.require_policy_hash = true;
        self
    }

    /// Requires that `metadata_ok` of a policy is true. The generator of a policy writes false if its inputs were bad.
    #[must_use]
    pub const fn with_required_metadata_ok(mut self) -> Self {
        self.require_metadata_ok = true;
        self
    }

    /// Sets the halt, which replaces an earlier one.
    #[must_use]
    pub fn with_halt(mut self, halt: Halt) -> Self {
        self.halt = halt;
        self
    }

    /// Returns true if no limit, requirement or halt is set.
    #[must_use]
    pub fn is_none(&self) -> bool {
        *self == Self::none()
    }

    /// Returns the largest leverage of a trade, if limited.
    #[must_use]
    pub const fn max_leverage(&self) -> Option<Leverage> {
        self.max_leverage
    }

    /// Returns the largest margin of a trade, in USD, if limited.
    #[must_use]
    pub const fn max_position_usd(&self) -> Option<Margin> {
        self.max_position_usd
    }

    /// Returns the largest notional of a trade, in USD, if limited.
    #[must_use]
    pub const fn max_notional_usd(&self) -> Option<Notional> {
        self.max_notional_usd
    }

    /// Returns the longest validity of a policy, counted from `valid_from_epoch`, or from the time
    /// of the decision if the policy has no such field.
    ///
    /// An earlier expiry shortens the validity, so it can bring a policy within this limit and turn a skip into a
    /// trade. No other change that makes a policy or the guardrails stricter turns a skip into a trade.
    #[must_use]
    pub const fn max_validity(&self) -> Option<SignedDuration> {
        self.max_validity
    }

    /// Returns the maximum age of an intent, if limited.
    #[must_use]
    pub const fn max_intent_age(&self) -> Option<SignedDuration> {
        self.max_intent_age
    }

    /// Returns the maximum time by which an intent may be ahead of the clock, if limited.
    #[must_use]
    pub const fn max_intent_skew(&self) -> Option<SignedDuration> {
        self.max_intent_skew
    }

    /// Returns the maximum time from the decision to the execution of a trade. It never makes the trade executable
    /// after the expiry of the policy.
    #[must_use]
    pub const fn max_plan_age(&self) -> Option<SignedDuration> {
        self.max_plan_age
    }

    /// Returns the largest difference between `price` and `entry_price`, as a fraction of `entry_price`.
    #[must_use]
    pub const fn max_price_deviation(&self) -> Option<Fraction> {
        self.max_price_deviation
    }

    /// Returns the largest distance of a stop from the entry price, as a fraction of the entry price.
    #[must_use]
    pub const fn max_stop_distance(&self) -> Option<Fraction> {
        self.max_stop_distance
    }

    /// Returns true if a field with this name is ignored, although the name suggests that it could change the order.
    #[must_use]
    pub fn ignores(&self, name: &str) -> bool {
        self.ignore_fields.contains(name)
    }

    /// Returns true if `timestamp` is the time of a candle for at least one source.
    #[must_use]
    pub fn has_candle_times(&self) -> bool {
        !self.timestamp_is.is_empty()
    }

    /// Returns the duration from the `timestamp` of an intent of this source to the end of the candle; `None` unless
    /// `timestamp` is the time of a candle.
    #[inline]
    pub(crate) fn candle_of(&self, source: Option<&str>) -> Option<SignedDuration> {
        if self.timestamp_is.is_empty() {
            return None;
        }
        match self.timestamp_is.get(source?)? {
            CandleTime::Open(interval) => Some(*interval),
            CandleTime::Close => Some(SignedDuration::from_micros(0)),
        }
    }

    /// Returns the market that a policy must have, if one is required.
    #[must_use]
    pub fn market(&self) -> Option<&str> {
        self.market.as_deref()
    }

    /// Returns the venue that a policy must have, if one is required.
    #[must_use]
    pub fn venue(&self) -> Option<&str> {
        self.venue.as_deref()
    }

    /// Returns true if a policy must have a `policy_hash`.
    #[must_use]
    pub const fn requires_policy_hash(&self) -> bool {
        self.require_policy_hash
    }

    /// Returns true if `metadata_ok` of a policy must be true.
    #[must_use]
    pub const fn requires_metadata_ok(&self) -> bool {
        self.require_metadata_ok
    }

    /// Returns the halt of the guardrails.
    #[must_use]
    pub const fn halt(&self) -> &Halt {
        &self.halt
    }

    /// Returns true if the symbol is permitted.
    #[must_use]
    #[inline]
    pub fn permits(&self, symbol: &Symbol) -> bool {
        self.permitted_symbols
            .as_ref()
            .is_none_or(|permitted| permitted.contains(symbol))
    }

    /// Returns true if the halt covers the symbol.
    #[must_use]
    #[inline]
    pub fn halts(&self, symbol: &Symbol) -> bool {
        match &self.halt {
            Halt::Nothing => false,
            Halt::Symbols(symbols) => symbols.contains(symbol),
            Halt::Everything => true,
        }
    }
}
