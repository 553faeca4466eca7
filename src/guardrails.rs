//! Guardrails: limits that the operator sets, independent of any policy.

use std::collections::BTreeSet;

use serde::Serialize;
use thiserror::Error;

use crate::{
    json::{Fields, RawField, SyntaxError, scan_object},
    types::{Leverage, Margin, Notional, Shown, SignedDuration, Symbol},
};

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
    permitted_symbols: Option<BTreeSet<Symbol>>,
    market: Option<String>,
    venue: Option<String>,
    require_policy_hash: bool,
    halt: Halt,
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

/// The error for an invalid guardrails document: all its faults.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("invalid guardrails: {}", list(.0))]
pub struct GuardrailsError(Vec<GuardrailsViolation>);

/// A fault of a guardrails document.
#[derive(Debug, Clone, PartialEq, Eq, Error, Serialize)]
pub enum GuardrailsViolation {
    /// The document is not a JSON object.
    #[error("{0}")]
    NotAnObject(String),
    /// A key is unknown. It is an error because a typo would disable a limit.
    #[error("`{}` is not a known guardrail", Shown(.0))]
    UnknownKey(String),
    /// A key is a duplicate.
    #[error("duplicate key `{0}`")]
    Twice(&'static str),
    /// A value is invalid.
    #[error("`{field}`: `{}` is not {expected}", Shown(.value))]
    BadValue {
        /// The key.
        field: &'static str,
        /// The raw value.
        value: String,
        /// The expected value.
        expected: &'static str,
    },
}

impl GuardrailsError {
    /// Returns all faults.
    #[must_use]
    pub fn faults(&self) -> &[GuardrailsViolation] {
        &self.0
    }
}

fn list(faults: &[GuardrailsViolation]) -> String {
    let texts: Vec<String> = faults.iter().map(ToString::to_string).collect();
    texts.join("; ")
}

impl Guardrails {
    /// Creates empty guardrails: only the policy sets limits.
    #[must_use]
    pub const fn none() -> Self {
        Self {
            max_leverage: None,
            max_position_usd: None,
            max_notional_usd: None,
            max_validity: None,
            max_intent_age: None,
            max_intent_skew: None,
            permitted_symbols: None,
            market: None,
            venue: None,
            require_policy_hash: false,
            halt: Halt::Nothing,
        }
    }

    /// Parses a JSON object with any of `max_leverage`, `max_position_usd` (margin), `max_notional_usd`,
    /// `max_validity_sec`, `max_intent_age_sec`, `max_intent_skew_sec`, `permitted_symbols`, `market`,
    /// `venue`, `require_policy_hash` and `halt` (`"nothing"`, `"everything"`, or a list of symbols).
    ///
    /// # Errors
    /// Returns all faults if the text is not a JSON object or has unknown keys, duplicate keys or invalid values. A
    /// symbol with `*` is invalid, because patterns are not supported and `"*"` would match no symbol.
    pub fn from_json(text: &str) -> Result<Self, GuardrailsError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut fields = GuardrailFields::default();
        scan_object(text, &mut fields).map_err(|error: SyntaxError| {
            GuardrailsError(vec![GuardrailsViolation::NotAnObject(error.to_string())])
        })?;
        fields.read()
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

    /// Requires a `policy_hash` in a policy. Without it, a mix of two publications cannot be detected.
    #[must_use]
    pub const fn with_required_policy_hash(mut self) -> Self {
        self.require_policy_hash = true;
        self
    }

    /// Sets the halt.
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

    /// Returns the largest leverage of a trade.
    #[must_use]
    pub const fn max_leverage(&self) -> Option<Leverage> {
        self.max_leverage
    }

    /// Returns the largest margin of a trade, in USD.
    #[must_use]
    pub const fn max_position_usd(&self) -> Option<Margin> {
        self.max_position_usd
    }

    /// Returns the largest notional of a trade, in USD.
    #[must_use]
    pub const fn max_notional_usd(&self) -> Option<Notional> {
        self.max_notional_usd
    }

    /// Returns the longest validity of a policy, counted from `valid_from_epoch`, or from the time of the decision if
    /// the policy has no such field.
    ///
    /// An earlier expiry shortens the validity, so it can bring a policy within this limit and turn a skip into a
    /// trade. No other tightening does that.
    #[must_use]
    pub const fn max_validity(&self) -> Option<SignedDuration> {
        self.max_validity
    }

    /// Returns the maximum age of an intent.
    #[must_use]
    pub const fn max_intent_age(&self) -> Option<SignedDuration> {
        self.max_intent_age
    }

    /// Returns the maximum time by which an intent may be ahead of the clock.
    #[must_use]
    pub const fn max_intent_skew(&self) -> Option<SignedDuration> {
        self.max_intent_skew
    }

    /// Returns the required market of a policy.
    #[must_use]
    pub fn market(&self) -> Option<&str> {
        self.market.as_deref()
    }

    /// Returns the required venue of a policy.
    #[must_use]
    pub fn venue(&self) -> Option<&str> {
        self.venue.as_deref()
    }

    /// Returns true if a policy must have a `policy_hash`.
    #[must_use]
    pub const fn requires_policy_hash(&self) -> bool {
        self.require_policy_hash
    }

    /// Returns true if any guardrail applies to the policy itself.
    #[inline]
    pub(crate) const fn bind_policies(&self) -> bool {
        self.require_policy_hash
            || self.max_validity.is_some()
            || self.market.is_some()
            || self.venue.is_some()
    }

    /// Returns the halt.
    #[must_use]
    pub const fn halt(&self) -> &Halt {
        &self.halt
    }

    /// Returns true if the symbol is permitted.
    #[must_use]
    pub fn permits(&self, symbol: &Symbol) -> bool {
        self.permitted_symbols
            .as_ref()
            .is_none_or(|permitted| permitted.contains(symbol))
    }

    /// Returns true if the halt covers the symbol.
    #[must_use]
    pub fn halts(&self, symbol: &Symbol) -> bool {
        match &self.halt {
            Halt::Nothing => false,
            Halt::Symbols(symbols) => symbols.contains(symbol),
            Halt::Everything => true,
        }
    }
}

/// The keys of a guardrails document.
#[derive(Default)]
struct GuardrailFields<'a> {
    max_leverage: RawField<'a>,
    max_position_usd: RawField<'a>,
    max_notional_usd: RawField<'a>,
    max_validity_sec: RawField<'a>,
    max_intent_age_sec: RawField<'a>,
    max_intent_skew_sec: RawField<'a>,
    permitted_symbols: RawField<'a>,
    market: RawField<'a>,
    venue: RawField<'a>,
    require_policy_hash: RawField<'a>,
    halt: RawField<'a>,
    unknown: Vec<String>,
}

impl<'a> Fields<'a> for GuardrailFields<'a> {
    fn slot(&mut self, key: &[u8]) -> Option<&mut RawField<'a>> {
        Some(match key {
            b"max_leverage" => &mut self.max_leverage,
            b"max_position_usd" => &mut self.max_position_usd,
            b"max_notional_usd" => &mut self.max_notional_usd,
            b"max_validity_sec" => &mut self.max_validity_sec,
            b"max_intent_age_sec" => &mut self.max_intent_age_sec,
            b"max_intent_skew_sec" => &mut self.max_intent_skew_sec,
            b"permitted_symbols" => &mut self.permitted_symbols,
            b"market" => &mut self.market,
            b"venue" => &mut self.venue,
            b"require_policy_hash" => &mut self.require_policy_hash,
            b"halt" => &mut self.halt,
            unknown => {
                self.unknown
                    .push(String::from_utf8_lossy(unknown).into_owned());
                return None;
            }
        })
    }
}

impl GuardrailFields<'_> {
    fn read(self) -> Result<Guardrails, GuardrailsError> {
        let mut faults: Vec<GuardrailsViolation> = Vec::new();
        for (slot, field) in [
            (&self.max_leverage, "max_leverage"),
            (&self.max_position_usd, "max_position_usd"),
            (&self.max_notional_usd, "max_notional_usd"),
            (&self.max_validity_sec, "max_validity_sec"),
            (&self.max_intent_age_sec, "max_intent_age_sec"),
            (&self.max_intent_skew_sec, "max_intent_skew_sec"),
            (&self.permitted_symbols, "permitted_symbols"),
            (&self.market, "market"),
            (&self.venue, "venue"),
            (&self.require_policy_hash, "require_policy_hash"),
            (&self.halt, "halt"),
        ] {
            if slot.is_duplicate() {
                faults.push(GuardrailsViolation::Twice(field));
            }
        }
        let guardrails = Guardrails {
            max_leverage: amount(
                &self.max_leverage,
                "max_leverage",
                Leverage::new,
                &mut faults,
            ),
            max_position_usd: amount(
                &self.max_position_usd,
                "max_position_usd",
                Margin::new,
                &mut faults,
            ),
            max_notional_usd: amount(
                &self.max_notional_usd,
                "max_notional_usd",
                Notional::new,
                &mut faults,
            ),
            max_validity: span(&self.max_validity_sec, "max_validity_sec", &mut faults),
            max_intent_age: span(&self.max_intent_age_sec, "max_intent_age_sec", &mut faults),
            max_intent_skew: span(
                &self.max_intent_skew_sec,
                "max_intent_skew_sec",
                &mut faults,
            ),
            permitted_symbols: symbols(&self.permitted_symbols).unwrap_or_else(|| {
                faults.push(bad(
                    &self.permitted_symbols,
                    "permitted_symbols",
                    "a list of symbols without `*` (to permit all symbols, omit this key)",
                ));
                None
            }),
            market: text(&self.market, "market", &mut faults),
            venue: text(&self.venue, "venue", &mut faults),
            require_policy_hash: self.require_policy_hash.raw() == Some("true"),
            halt: halt(&self.halt).unwrap_or_else(|| {
                let expected = "`nothing`, `everything` or a list of symbols without `*` (to halt all symbols, use `everything`)";
                faults.push(bad(&self.halt, "halt", expected));
                Halt::Everything
            }),
        };
        if !matches!(
            self.require_policy_hash.raw(),
            None | Some("true" | "false")
        ) {
            let field = "require_policy_hash";
            faults.push(bad(&self.require_policy_hash, field, "true or false"));
        }
        faults.extend(
            self.unknown
                .into_iter()
                .map(GuardrailsViolation::UnknownKey),
        );
        if faults.is_empty() {
            Ok(guardrails)
        } else {
            Err(GuardrailsError(faults))
        }
    }
}

fn bad(slot: &RawField<'_>, field: &'static str, expected: &'static str) -> GuardrailsViolation {
    GuardrailsViolation::BadValue {
        field,
        value: slot.raw().unwrap_or("null").to_owned(),
        expected,
    }
}

fn amount<T, E>(
    slot: &RawField<'_>,
    field: &'static str,
    door: fn(f64) -> Result<T, E>,
    faults: &mut Vec<GuardrailsViolation>,
) -> Option<T> {
    let bound = door(slot.number()?).ok();
    if bound.is_none() && !slot.is_duplicate() {
        faults.push(bad(slot, field, "a finite number greater than 0"));
    }
    bound
}

fn span(
    slot: &RawField<'_>,
    field: &'static str,
    faults: &mut Vec<GuardrailsViolation>,
) -> Option<SignedDuration> {
    slot.raw()?;
    let text = slot.number_text().ok().flatten();
    let bound = text
        .and_then(|text| SignedDuration::parse_seconds(&text).ok())
        .filter(|span| span.as_micros() >= 0);
    if bound.is_none() {
        faults.push(bad(slot, field, "a finite number of seconds, 0 or more"));
    }
    bound
}

fn text(
    slot: &RawField<'_>,
    field: &'static str,
    faults: &mut Vec<GuardrailsViolation>,
) -> Option<String> {
    slot.raw()?;
    let text = slot.text().ok().flatten().map(|text| text.into_owned());
    if text.is_none() {
        faults.push(bad(slot, field, "text"));
    }
    text
}

/// Reads a list of symbols. `None` means unreadable, `Some(None)` absent. A `*` is rejected, because patterns are not
/// supported: a halt of `*` would halt nothing.
fn symbols(slot: &RawField<'_>) -> Option<Option<BTreeSet<Symbol>>> {
    let Some(raw) = slot.raw() else {
        return Some(None);
    };
    let names: Vec<String> = serde_json::from_str(raw).ok()?;
    names
        .iter()
        .map(|name| Symbol::new(name).ok().filter(|_| !name.contains('*')))
        .collect::<Option<BTreeSet<Symbol>>>()
        .map(Some)
}

fn halt(slot: &RawField<'_>) -> Option<Halt> {
    match slot.text() {
        Ok(None) => Some(Halt::Nothing),
        Ok(Some(word)) => match word.as_ref() {
            "nothing" => Some(Halt::Nothing),
            "everything" => Some(Halt::Everything),
            _ => None,
        },
        Err(_) => symbols(slot)?.map(Halt::Symbols),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_is_not_a_symbol() {
        for list in [r#"["*"]"#, r#"["BTCUSDT", "*"]"#, r#"["BTC*"]"#] {
            let refused = |field: &str| {
                Guardrails::from_json(&format!(r#"{{"{field}": {list}}}"#)).unwrap_err()
            };
            assert_eq!(
                refused("halt").to_string(),
                format!(
                    "invalid guardrails: `halt`: `{list}` is not `nothing`, `everything` or a list of symbols \
                     without `*` (to halt all symbols, use `everything`)"
                )
            );
            assert_eq!(
                refused("permitted_symbols").to_string(),
                format!(
                    "invalid guardrails: `permitted_symbols`: `{list}` is not a list of symbols without `*` \
                     (to permit all symbols, omit this key)"
                )
            );
        }
    }

    #[test]
    fn a_byte_order_mark_is_skipped() {
        let text = r#"{"max_leverage": 5}"#;
        let marked = Guardrails::from_json(&format!("\u{feff}{text}")).unwrap();
        assert_eq!(marked, Guardrails::from_json(text).unwrap());
    }
}
