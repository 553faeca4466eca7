//! The second engine: naive and slow, over text alone, and written without a look at the first.
//!
//! It shares no type and no code with the engine that it is held against. Every step reads its fields anew from
//! the text of the line, and every comparison stands where the rule stands.

pub(crate) mod decide;
pub(crate) mod fields;
pub(crate) mod harvest;
pub(crate) mod intent;
pub(crate) mod json;
pub(crate) mod policy;
pub(crate) mod time;

use serde_json::Value;
use std::collections::BTreeMap;

/// An answer, column by column; what is absent is left out.
pub(crate) type Answer = BTreeMap<String, Value>;

/// What the operator says.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Guardrails {
    pub max_leverage: Option<f64>,
    pub max_position_usd: Option<f64>,
    pub max_notional_usd: Option<f64>,
    pub max_validity_sec: Option<f64>,
    pub max_intent_age_sec: Option<f64>,
    pub max_future_skew_sec: Option<f64>,
    /// Normalised.
    pub symbols: Option<Vec<String>>,
    pub market: Option<String>,
    pub venue: Option<String>,
    pub require_hash: bool,
    pub halt: Halt,
}

/// For whom entries stand still.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Halt {
    Nothing,
    /// Normalised.
    Symbols(Vec<String>),
    Everything,
}

/// All that an answer depends on beside the line and the clock.
#[derive(Clone, Copy, Debug)]
pub(crate) struct World<'a> {
    /// The text of the policy, in either encoding.
    pub policy: Option<&'a str>,
    pub guardrails: &'a Guardrails,
    pub exit_owner: &'a str,
    pub delegates: &'a [String],
    /// A mistake to make, for those who ask whether it would be seen.
    pub flaw: Option<Flaw>,
}

/// A mistake that an engine could make.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Flaw {
    /// A symbol without a leverage trades at 10.
    TenfoldLeverage,
    /// What the intent asks is what it gets.
    AskedIsGiven,
    /// A limit is written so that what is not finite passes it.
    OverflowPasses,
    /// A policy ends before its last instant.
    ExpiryIsExclusive,
    /// A stored hash is believed.
    HashIsBelieved,
    /// A key that stands twice is no fault.
    LastTwinWins,
    /// A halt stops exits.
    HaltStopsExits,
    /// A position without a stop has one of 1 %.
    StopIsOnePercent,
    /// The profit lock may loosen a stop.
    LockLoosens,
    /// Without R there is no kill score.
    KillNeedsPrice,
}

/// A symbol as it is compared: ASCII letters in upper case.
pub(crate) fn symbol(text: &str) -> Option<String> {
    let fits = (1..=32).contains(&text.len());
    let clean = !text
        .chars()
        .any(|letter| letter.is_whitespace() || letter.is_control());
    (fits && clean).then(|| text.to_ascii_uppercase())
}

/// Sets a column; a number that is not finite has no text in JSON and is left out.
fn put(answer: &mut Answer, name: &str, value: impl Into<Value>) {
    let value = value.into();
    if !value.is_null() {
        answer.insert(name.to_owned(), value);
    }
}
