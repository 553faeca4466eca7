//! What the operator says, not the model.

use std::collections::BTreeSet;

use serde::Serialize;
use thiserror::Error;

use crate::{
    domain::{Leverage, Margin, Notional, Shown, Span, Symbol},
    wire::{Fields, Slot, SyntaxError, scan_object},
};

/// Bounds that hold whatever a policy says.
///
/// There is no default: an engine is built with guardrails or with [`Guardrails::none`], in so many words.
#[derive(Debug, Clone, PartialEq)]
pub struct Guardrails {
    max_leverage: Option<Leverage>,
    max_position_usd: Option<Margin>,
    max_notional_usd: Option<Notional>,
    max_validity: Option<Span>,
    max_intent_age: Option<Span>,
    max_intent_skew: Option<Span>,
    permitted_symbols: Option<BTreeSet<Symbol>>,
    market: Option<String>,
    venue: Option<String>,
    require_policy_hash: bool,
    halt: Halt,
}

/// What is stopped: entries only, never an exit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Halt {
    /// Nothing.
    Nothing,
    /// Entries in these symbols.
    Symbols(BTreeSet<Symbol>),
    /// All entries.
    Everything,
}

impl Halt {
    /// What either of two halts stops.
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

/// Everything that is wrong with a guardrails document.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("guardrails refused: {}", list(.0))]
pub struct GuardrailsError(Vec<GuardrailsFault>);

/// One thing that is wrong with a guardrails document.
#[derive(Debug, Clone, PartialEq, Eq, Error, Serialize)]
pub enum GuardrailsFault {
    /// It is no JSON object.
    #[error("{0}")]
    NotAnObject(String),
    /// A key that is not known: a typo here would be a bound that does not hold.
    #[error("`{}` is no guardrail", Shown(.0))]
    UnknownKey(String),
    /// A key that stands twice.
    #[error("`{0}` stands twice")]
    Twice(&'static str),
    /// A value that cannot be a bound.
    #[error("`{field}`: `{}` is not {expected}", Shown(.value))]
    BadValue {
        /// The key.
        field: &'static str,
        /// What stood there.
        value: String,
        /// What would have been a bound.
        expected: &'static str,
    },
}

impl GuardrailsError {
    /// All of them.
    #[must_use]
    pub fn faults(&self) -> &[GuardrailsFault] {
        &self.0
    }
}

fn list(faults: &[GuardrailsFault]) -> String {
    let texts: Vec<String> = faults.iter().map(ToString::to_string).collect();
    texts.join("; ")
}

impl Guardrails {
    /// No guardrails at all: the policy alone says what is allowed.
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

    /// Reads a JSON object with any of `max_leverage`, `max_position_usd` (margin), `max_notional_usd`,
    /// `max_validity_sec`, `max_intent_age_sec`, `max_intent_skew_sec`, `permitted_symbols`, `market`,
    /// `venue`, `require_policy_hash` and `halt` (`"nothing"`, `"everything"`, or a list of symbols).
    ///
    /// # Errors
    /// Everything that is wrong with it: unknown keys, keys that stand twice, values that are no bounds. A
    /// symbol that holds `*` is none here: whoever means all of them would name none.
    pub fn from_json(text: &str) -> Result<Self, GuardrailsError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut fields = GuardrailFields::default();
        scan_object(text, &mut fields).map_err(|error: SyntaxError| {
            GuardrailsError(vec![GuardrailsFault::NotAnObject(error.to_string())])
        })?;
        fields.read()
    }

    /// No larger leverage.
    #[must_use]
    pub const fn with_max_leverage(mut self, bound: Leverage) -> Self {
        self.max_leverage = Some(bound);
        self
    }

    /// No larger margin.
    #[must_use]
    pub const fn with_max_position_usd(mut self, bound: Margin) -> Self {
        self.max_position_usd = Some(bound);
        self
    }

    /// No larger notional.
    #[must_use]
    pub const fn with_max_notional_usd(mut self, bound: Notional) -> Self {
        self.max_notional_usd = Some(bound);
        self
    }

    /// No policy that is valid for longer.
    #[must_use]
    pub const fn with_max_validity(mut self, bound: Span) -> Self {
        self.max_validity = Some(bound);
        self
    }

    /// No older intent.
    #[must_use]
    pub const fn with_max_intent_age(mut self, bound: Span) -> Self {
        self.max_intent_age = Some(bound);
        self
    }

    /// No intent from further ahead of the clock.
    #[must_use]
    pub const fn with_max_intent_skew(mut self, bound: Span) -> Self {
        self.max_intent_skew = Some(bound);
        self
    }

    /// No symbols but these.
    #[must_use]
    pub fn with_permitted_symbols(mut self, symbols: BTreeSet<Symbol>) -> Self {
        self.permitted_symbols = Some(symbols);
        self
    }

    /// No policy made for another market.
    #[must_use]
    pub fn with_market(mut self, market: impl Into<String>) -> Self {
        self.market = Some(market.into());
        self
    }

    /// No policy made for another venue.
    #[must_use]
    pub fn with_venue(mut self, venue: impl Into<String>) -> Self {
        self.venue = Some(venue.into());
        self
    }

    /// No policy without a `policy_hash`: without one, a mix of two publications cannot be seen.
    #[must_use]
    pub const fn with_required_policy_hash(mut self) -> Self {
        self.require_policy_hash = true;
        self
    }

    /// Stops entries.
    #[must_use]
    pub fn with_halt(mut self, halt: Halt) -> Self {
        self.halt = halt;
        self
    }

    /// Whether nothing is bounded, required or halted.
    #[must_use]
    pub fn is_none(&self) -> bool {
        *self == Self::none()
    }

    /// The largest leverage.
    #[must_use]
    pub const fn max_leverage(&self) -> Option<Leverage> {
        self.max_leverage
    }

    /// The largest margin.
    #[must_use]
    pub const fn max_position_usd(&self) -> Option<Margin> {
        self.max_position_usd
    }

    /// The largest notional.
    #[must_use]
    pub const fn max_notional_usd(&self) -> Option<Notional> {
        self.max_notional_usd
    }

    /// The longest validity of a policy, from its beginning, or from the instant of the decision where it names
    /// none.
    ///
    /// An earlier expiry is a shorter validity too: it can bring a policy within this bound, and so turn a skip
    /// into a trade. No other tightening does.
    #[must_use]
    pub const fn max_validity(&self) -> Option<Span> {
        self.max_validity
    }

    /// The largest age of an intent.
    #[must_use]
    pub const fn max_intent_age(&self) -> Option<Span> {
        self.max_intent_age
    }

    /// The furthest an intent may be ahead of the clock.
    #[must_use]
    pub const fn max_intent_skew(&self) -> Option<Span> {
        self.max_intent_skew
    }

    /// The required market of a policy.
    #[must_use]
    pub fn market(&self) -> Option<&str> {
        self.market.as_deref()
    }

    /// The required venue of a policy.
    #[must_use]
    pub fn venue(&self) -> Option<&str> {
        self.venue.as_deref()
    }

    /// Whether a policy must state its hash.
    #[must_use]
    pub const fn requires_policy_hash(&self) -> bool {
        self.require_policy_hash
    }

    /// Whether anything is asked of policies as such.
    #[inline]
    pub(crate) const fn bind_policies(&self) -> bool {
        self.require_policy_hash
            || self.max_validity.is_some()
            || self.market.is_some()
            || self.venue.is_some()
    }

    /// What is stopped.
    #[must_use]
    pub const fn halt(&self) -> &Halt {
        &self.halt
    }

    /// Whether the operator permits a symbol.
    #[must_use]
    pub fn permits(&self, symbol: &Symbol) -> bool {
        self.permitted_symbols
            .as_ref()
            .is_none_or(|permitted| permitted.contains(symbol))
    }

    /// Whether a halt covers a symbol.
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
    max_leverage: Slot<'a>,
    max_position_usd: Slot<'a>,
    max_notional_usd: Slot<'a>,
    max_validity_sec: Slot<'a>,
    max_intent_age_sec: Slot<'a>,
    max_intent_skew_sec: Slot<'a>,
    permitted_symbols: Slot<'a>,
    market: Slot<'a>,
    venue: Slot<'a>,
    require_policy_hash: Slot<'a>,
    halt: Slot<'a>,
    unknown: Vec<String>,
}

impl<'a> Fields<'a> for GuardrailFields<'a> {
    fn slot(&mut self, key: &[u8]) -> Option<&mut Slot<'a>> {
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
        let mut faults: Vec<GuardrailsFault> = Vec::new();
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
            if slot.twice() {
                faults.push(GuardrailsFault::Twice(field));
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
                    "a list of symbols, without `*` (to permit all, leave it out)",
                ));
                None
            }),
            market: text(&self.market, "market", &mut faults),
            venue: text(&self.venue, "venue", &mut faults),
            require_policy_hash: self.require_policy_hash.raw() == Some("true"),
            halt: halt(&self.halt).unwrap_or_else(|| {
                let expected = "`nothing`, `everything` or a list of symbols, without `*` (to halt all, write `everything`)";
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
        faults.extend(self.unknown.into_iter().map(GuardrailsFault::UnknownKey));
        if faults.is_empty() {
            Ok(guardrails)
        } else {
            Err(GuardrailsError(faults))
        }
    }
}

fn bad(slot: &Slot<'_>, field: &'static str, expected: &'static str) -> GuardrailsFault {
    GuardrailsFault::BadValue {
        field,
        value: slot.raw().unwrap_or("null").to_owned(),
        expected,
    }
}

fn amount<T, E>(
    slot: &Slot<'_>,
    field: &'static str,
    door: fn(f64) -> Result<T, E>,
    faults: &mut Vec<GuardrailsFault>,
) -> Option<T> {
    let bound = door(slot.number()?).ok();
    if bound.is_none() && !slot.twice() {
        faults.push(bad(slot, field, "a finite number greater than 0"));
    }
    bound
}

fn span(slot: &Slot<'_>, field: &'static str, faults: &mut Vec<GuardrailsFault>) -> Option<Span> {
    slot.raw()?;
    let text = slot.number_text().ok().flatten();
    let bound = text
        .and_then(|text| Span::parse_seconds(&text).ok())
        .filter(|span| span.as_micros() >= 0);
    if bound.is_none() {
        faults.push(bad(slot, field, "a finite number of seconds, 0 or more"));
    }
    bound
}

fn text(slot: &Slot<'_>, field: &'static str, faults: &mut Vec<GuardrailsFault>) -> Option<String> {
    slot.raw()?;
    let text = slot.text().ok().flatten().map(|text| text.into_owned());
    if text.is_none() {
        faults.push(bad(slot, field, "text"));
    }
    text
}

/// `None` is unreadable, `Some(None)` is absent. A pattern would stand for no symbol: a halt of it would halt
/// nothing.
fn symbols(slot: &Slot<'_>) -> Option<Option<BTreeSet<Symbol>>> {
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

fn halt(slot: &Slot<'_>) -> Option<Halt> {
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
    fn a_star_is_no_symbol() {
        for list in [r#"["*"]"#, r#"["BTCUSDT", "*"]"#, r#"["BTC*"]"#] {
            let refused = |field: &str| {
                Guardrails::from_json(&format!(r#"{{"{field}": {list}}}"#)).unwrap_err()
            };
            assert_eq!(
                refused("halt").to_string(),
                format!(
                    "guardrails refused: `halt`: `{list}` is not `nothing`, `everything` or a list of symbols, \
                     without `*` (to halt all, write `everything`)"
                )
            );
            assert_eq!(
                refused("permitted_symbols").to_string(),
                format!(
                    "guardrails refused: `permitted_symbols`: `{list}` is not a list of symbols, without `*` \
                     (to permit all, leave it out)"
                )
            );
        }
    }

    #[test]
    fn a_byte_order_mark_is_no_part_of_a_document() {
        let text = r#"{"max_leverage": 5}"#;
        let marked = Guardrails::from_json(&format!("\u{feff}{text}")).unwrap();
        assert_eq!(marked, Guardrails::from_json(text).unwrap());
    }
}
